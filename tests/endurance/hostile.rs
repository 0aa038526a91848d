//! Hostile: elements and records from somebody who means no good.
use crate::parsers::{exported, hostile};
use crate::rounds::{dice, rounds};
use crate::support::sandbox::Sandbox;
use crate::support::sealed::{HEAD, sealed};
use crate::support::shell::{sh, succeed};
use crate::weight::peak;
use spec_cc::store::{ElementKey, ImportError, Record, RecordId, Store, StoreError};
use std::fs;
use std::path::Path;

/// The most memory that any import may take, bytes.
const MOST: usize = 512 << 20;

/// A field of a message: its number, then its bytes.
fn field(number: u8, bytes: &[u8]) -> Vec<u8> {
    let mut field = vec![number << 3 | 2];
    let mut length = bytes.len();
    while length >= 0x80 {
        field.push(length as u8 | 0x80);
        length >>= 7;
    }
    field.push(length as u8);
    field.extend(bytes);
    field
}

#[test]
fn any_import_is_refused_or_in_order_and_takes_little() {
    let mut dice = dice("imports");
    let room = tempfile::tempdir().unwrap();
    let store = Store::open(&room.path().join("store")).unwrap().store;
    let whole = exported(room.path());
    assert!(store.import(&whole, None).is_ok());
    for _ in 0..rounds("IMPORTS", 300) {
        let bytes = sealed(&hostile(&whole[HEAD..], &mut dice));
        let name = ElementKey::new("hostile", "renamed");
        let (imported, held) = peak(|| store.import(&bytes, Some(name)));
        assert!(held < 8 << 20, "{held} bytes of memory for {}", bytes.len());
        if let Ok(key) = imported {
            assert_eq!(store.load(&key).unwrap().lost, 0, "what makes no sense is to be refused");
        }
    }
}

#[test]
fn a_small_blob_never_fills_the_memory() {
    let room = tempfile::tempdir().unwrap();
    let store = Store::open(&room.path().join("store")).unwrap().store;
    let many = 4_000_000;
    let texts =
        |number: u8| (0..many).flat_map(|text: u32| field(number, &text.to_le_bytes()[..3])).collect();
    // An Entry's fields: paths, words, sets, records, generated files. Then a record of numbers alone, and of files given.
    let bombs: Vec<(&str, Vec<u8>)> = vec![
        ("empty paths", field(2, b"").repeat(many as usize)),
        ("empty sets", field(5, b"").repeat(many as usize)),
        ("empty records", field(6, b"").repeat(many as usize)),
        ("empty generated files", field(7, b"").repeat(many as usize)),
        ("words", texts(4)),
        ("a long command", field(6, &field(2, &field(2, &vec![0; 60 << 20])))),
        (
            "a command given much",
            field(6, &field(2, &[&[0x9a, 1][..], &length_of(&[0x0a, 0].repeat(many as usize))].concat())),
        ),
    ];
    for (what, entry) in bombs {
        let bytes = sealed(&field(4, &entry));
        let (imported, held) = peak(|| store.import(&bytes, Some(ElementKey::new("hostile", "bomb"))));
        assert!(held < MOST, "{what}: {held} bytes of memory for {}", bytes.len());
        assert!(
            matches!(imported, Err(StoreError::Import(ImportError::TooHeavy(_) | ImportError::Contents(_)))),
            "{what}: {imported:?}"
        );
    }
}

/// Bytes behind their length.
fn length_of(bytes: &[u8]) -> Vec<u8> {
    field(0, bytes)[1..].to_vec()
}

/// Records that name other programs and other places: what is launched on them is a compiler, and writes nowhere.
#[test]
fn a_record_runs_no_program_of_its_own_and_writes_nowhere() {
    let sandbox = Sandbox::new();
    let tree = sandbox.path("tree");
    fs::create_dir_all(&tree).unwrap();
    fs::write(tree.join("a.c"), "int a;\n").unwrap();
    let evil = sandbox.path("evil");
    let marker = sandbox.path("marker");
    fs::write(&evil, format!("#!/bin/sh\nid >{}\n", marker.display())).unwrap();
    succeed(&mut sh(
        &tree,
        &format!("chmod 755 {0}; ln -s {0} {1}/gcc", evil.display(), sandbox.path("").display()),
    ));
    let (evil, gcc) = (evil.display().to_string(), sandbox.path("gcc").display().to_string());
    let outside = sandbox.path("outside.o").display().to_string();
    let plain = ["-c", "a.c", "-o", "a.o"];
    // The first is as it should be: that one is launched.
    let records = [
        record("/usr/bin/gcc", &["-c", "a.c", "-o", "sound.o"], "sound.o"),
        record(&evil, &plain, "a.o"),
        record(&gcc, &plain, "b.o"),
        record("/bin/sh", &["-c", &evil, "a.c"], "c.o"),
        record("/usr/bin/gcc", &["-c", "a.c", "-o", &outside], &outside),
        record("/usr/bin/gcc", &["-c", "a.c", "-wrapper", &evil, "-o", "d.o"], "d.o"),
        record(
            "/usr/bin/gcc",
            &["-c", "a.c", &format!("-B{}", sandbox.path("").display()), "-o", "e.o"],
            "e.o",
        ),
        record("/usr/bin/gcc", &["-c", "a.c", &format!("-fplugin={evil}"), "-o", "f.o"], "f.o"),
    ];
    let key = ElementKey::new("tests", "hostile");
    let store = Store::open(&sandbox.path("maker")).unwrap().store;
    for record in &records {
        store.put(&key, record, &["{root}/a.c".to_owned()]).unwrap();
    }
    fs::write(sandbox.path("blob"), store.export(&key).unwrap()).unwrap();
    drop(store);
    succeed(&mut sandbox.specctl(&["import", sandbox.path("blob").to_str().unwrap()]));
    assert!(
        sandbox.json(&["show", "tests/hostile", "--json"]).to_string().contains("a.o"),
        "nothing was imported"
    );
    succeed(&mut sandbox.session("hostile", &tree, "specctl wait"));
    let launched = sandbox.stats("hostile").number("launched");
    sandbox.stop();
    let names = |folder: &Path| -> Vec<String> {
        let entries =
            fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
        entries.collect()
    };
    assert!(!marker.exists(), "a record had a program of its own run");
    assert!(!Path::new(&outside).exists(), "a launch wrote outside");
    assert_eq!(names(&tree), ["a.c"], "a launch wrote into the tree");
    assert!(launched > 0.5, "nothing was launched");
}

fn record(compiler: &str, args: &[&str], output: &str) -> Record {
    Record {
        id: RecordId::of("{root}", output),
        compiler: compiler.into(),
        args: args.iter().map(|arg| (*arg).to_owned()).collect(),
        cwd: "{root}".into(),
        source: "{root}/a.c".into(),
        outputs: vec![output.to_owned()],
        cost_us: 1_000_000,
        wall_us: 1_000_000,
        asked: 3,
        ..Record::default()
    }
}
