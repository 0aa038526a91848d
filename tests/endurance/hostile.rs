//! Hostile: elements and records from somebody who means no good, and other users of the machine.
use crate::parsers::{exported, hostile};
use crate::rounds::{dice, rounds};
use crate::support::missing::Missing;
use crate::support::sandbox::Sandbox;
use crate::support::sealed::{HEAD, sealed};
use crate::support::shell::{sh, succeed};
use crate::weight::peak;
use crate::yard::{CLEAN, Yard};
use nix::unistd::{Uid, geteuid};
use spec_cc::companion::connection::control_frame;
use spec_cc::store::{ElementKey, ImportError, Record, RecordId, Store, StoreError};
use std::fs::{self, Permissions};
use std::io::{ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::Path;
use std::process::Command;
use std::time::Duration;

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

/// A user of the machine who is not this one.
const OTHER: Uid = Uid::from_raw(65534);

/// Whether this test may act as another user; says aloud where it may not.
fn may_be_another() -> bool {
    let may = geteuid().is_root();
    if !may {
        Missing::Kernel("only root may act as another user".into()).skip();
    }
    may
}

/// Does `work` as another user. The thread's own calls alone: the C library would change all threads.
fn as_another<T: Send>(work: impl FnOnce() -> T + Send) -> T {
    std::thread::scope(|scope| {
        let other = scope.spawn(|| {
            // SAFETY: a call on integers.
            let status = unsafe { libc::syscall(libc::SYS_setresuid, -1, OTHER.as_raw(), -1) };
            assert_eq!(status, 0);
            work()
        });
        other.join().unwrap()
    })
}

/// Builds a small project with spec-cc, which changes nothing of what comes out.
fn build(sandbox: &Sandbox, what: &str, socket: &Path) {
    let yard = Yard::new(sandbox, 2, 2);
    let plain = yard.build_plainly(CLEAN);
    let mut run = Command::new("sh");
    run.args(["-ec", CLEAN]).current_dir(yard.ours());
    sandbox.enter(&mut run);
    run.env("CC", "spec-cc gcc").env("AR", "spec-cc ar").env("SPEC_CC_SOCKET", socket);
    succeed(run.env("SPEC_CC_PROJECT", "tests").env("SPEC_CC_ELEMENT", "hostile"));
    yard.check(what, &plain);
}

/// Makes a folder one that others may write to.
type Harm<'a> = &'a dyn Fn(&Path) -> std::io::Result<()>;

#[test]
fn nothing_is_put_where_others_may_write() {
    let others = |folder: &Path| chown(folder, Some(OTHER.as_raw()), None);
    let open = |folder: &Path| fs::set_permissions(folder, Permissions::from_mode(0o777));
    let harms: [(&str, Harm<'_>); 2] = [("open", &open), ("another's", &others)];
    let possible = if may_be_another() { 2 } else { 1 };
    for name in ["cache", "store"] {
        for (what, harm) in &harms[..possible] {
            let sandbox = Sandbox::new();
            fs::create_dir(sandbox.path(name)).unwrap();
            harm(&sandbox.path(name)).unwrap();
            build(&sandbox, &format!("{name} is {what}"), &sandbox.path("socket"));
            let listed = sandbox.specctl(&["list"]).output().unwrap();
            let said = String::from_utf8_lossy(&listed.stderr);
            let told = !listed.status.success() && said.contains(sandbox.path(name).to_str().unwrap());
            assert!(told, "{name} is {what}: {said}");
            let put = fs::read_dir(sandbox.path(name)).unwrap().count();
            assert_eq!(put, 0, "{name} is {what}, and something is put there");
        }
    }
}

/// What listens in the companion's place may have come from anybody: nothing is told to it.
#[test]
fn another_users_listener_is_told_nothing() {
    if !may_be_another() {
        return;
    }
    let sandbox = Sandbox::new();
    let place = sandbox.path("place");
    fs::create_dir(&place).unwrap();
    fs::set_permissions(sandbox.path(""), Permissions::from_mode(0o711)).unwrap();
    chown(&place, Some(OTHER.as_raw()), None).unwrap();
    let socket = place.join("socket");
    let listener = as_another(|| UnixListener::bind(&socket).unwrap());
    fs::set_permissions(&socket, Permissions::from_mode(0o777)).unwrap();
    build(&sandbox, "another listens", &socket);
    listener.set_nonblocking(true).unwrap();
    let mut heard = Vec::new();
    let mut came = 0;
    // All that came has gone by now.
    while let Ok((mut stream, _)) = listener.accept() {
        came += 1;
        let _ = stream.read_to_end(&mut heard);
    }
    assert!(came > 0, "nobody came");
    assert_eq!(heard, b"", "it was told something");
}

#[test]
fn another_user_is_told_nothing() {
    if !may_be_another() {
        return;
    }
    let sandbox = Sandbox::new();
    build(&sandbox, "before", &sandbox.path("socket"));
    // As far as permissions go, anybody may come.
    fs::set_permissions(sandbox.path(""), Permissions::from_mode(0o711)).unwrap();
    fs::set_permissions(sandbox.path("socket"), Permissions::from_mode(0o777)).unwrap();
    let ask = || {
        let mut stream = UnixStream::connect(sandbox.path("socket")).unwrap();
        stream.set_read_timeout(Some(Duration::from_mins(1))).unwrap();
        // Whom it listens to it tells that this is no request.
        let _ = stream.write_all(&control_frame(b"hello"));
        let mut told = [0; 1];
        // The end, or a reset; not that nothing has come in time.
        match stream.read(&mut told) {
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::ConnectionReset => 0,
            Err(error) => panic!("{error}"),
        }
    };
    assert_eq!((ask(), as_another(ask)), (1, 0));
}
