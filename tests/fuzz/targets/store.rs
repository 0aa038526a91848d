//! Any exported element: a true one comes back whole, any other is refused and leaves nothing, or is in order.
#![no_main]

#[path = "../../support/sealed.rs"]
mod sealed;

use std::collections::BTreeSet;
use std::sync::OnceLock;

use libfuzzer_sys::fuzz_target;
use sealed::{HEAD, sealed};
use spec_cc::store::{Element, ElementKey, Record, RecordId, Store, StoreError};

fuzz_target!(|data: &[u8]| {
    let Some((&way, data)) = data.split_first() else { return };
    match way % 3 {
        0 => comes_back(data),
        1 => imports(&sealed(data)),
        _ => imports(&damaged(data)),
    }
});

/// A store in memory, and where it lies.
fn store() -> &'static Store {
    static STORE: OnceLock<(Store, tempfile::TempDir)> = OnceLock::new();
    let open = || {
        let folder = tempfile::tempdir_in("/dev/shm").expect("a folder in memory");
        (Store::open(folder.path()).expect("a new store").store, folder)
    };
    &STORE.get_or_init(open).0
}

/// Records made of `data` are there after an export and an import under another name.
fn comes_back(data: &[u8]) {
    let (from, to) = (ElementKey::new("fuzz", "from"), ElementKey::new("fuzz", "to"));
    let records: Vec<(Record, Vec<String>)> = data.split(|byte| *byte == 0).take(8).map(record).collect();
    for (record, inputs) in &records {
        store().put(&from, record, inputs).expect("a record is put");
    }
    let before = store().load(&from).expect("it is there");
    let bytes = store().export(&from).expect("it is exported");
    assert_eq!(store().import(&bytes, Some(to.clone())).expect("it is imported"), to);
    let after = store().load(&to).expect("it is there");
    assert_eq!((before.lost, after.lost), (0, 0));
    assert_eq!(contents(&before), contents(&after));
    let (record, inputs) = records.last().expect("a split gives one piece at least");
    let wanted: BTreeSet<&str> = inputs.iter().map(String::as_str).collect();
    let kept = after.records.iter().find(|kept| kept.id == record.id).expect("the last one put is kept");
    assert_eq!((&kept.args, &kept.env, &kept.outputs), (&record.args, &record.env, &record.outputs));
    assert_eq!(after.inputs(kept).collect::<BTreeSet<_>>(), wanted);
    forget(&[from, to]);
}

/// Bytes with a good head are refused without a trace, or make an element that comes back.
fn imports(bytes: &[u8]) {
    match store().import(bytes, None) {
        Ok(key) => {
            let element = store().load(&key).expect("what was imported is there");
            assert_eq!(element.lost, 0, "what makes no sense is to be refused");
            for record in &element.records {
                assert!(element.sets.contains_key(&record.set));
            }
            let again = ElementKey::new("fuzz", "again");
            let bytes = store().export(&key).expect("it is exported");
            store().import(&bytes, Some(again.clone())).expect("what we export we import");
            assert_eq!(contents(&element), contents(&store().load(&again).expect("it is there")));
            forget(&[key, again]);
        }
        Err(StoreError::Import(_)) => {
            assert!(store().elements().expect("a list").is_empty(), "a refused import leaves nothing");
        }
        Err(other) => panic!("the store itself failed: {other}"),
    }
}

/// The records, each with the paths it read.
fn contents(element: &Element) -> Vec<(Record, BTreeSet<String>)> {
    let with_inputs = |record: &Record| (record.clone(), element.inputs(record).map(str::to_owned).collect());
    element.records.iter().map(with_inputs).collect()
}

fn forget(keys: &[ElementKey]) {
    for key in keys {
        store().forget(key).expect("forgotten");
    }
    assert!(store().elements().expect("a list").is_empty());
}

/// A record made of the lines of `data`, and what it read.
fn record(data: &[u8]) -> (Record, Vec<String>) {
    let text = String::from_utf8_lossy(data);
    let lines: Vec<String> = text.split('\n').map(str::to_owned).collect();
    let (args, inputs) = lines.split_at(lines.len() / 2);
    let number = data.iter().fold(0u64, |sum, byte| sum.wrapping_mul(31).wrapping_add((*byte).into()));
    let record = Record {
        id: RecordId::of("{root}", &lines[0]),
        compiler: "gcc".to_owned(),
        args: args.to_vec(),
        cwd: "{root}".to_owned(),
        env: lines.windows(2).step_by(3).map(|pair| (pair[0].clone(), pair[1].clone())).collect(),
        source: lines[lines.len() - 1].clone(),
        outputs: vec![lines[0].clone()],
        order: number as u32,
        cost_us: number,
        wall_us: u64::MAX - number,
        unseen_builds: number as u8,
        ..Record::default()
    };
    (record, inputs.to_vec())
}

/// A true export, changed where `edits` say: three bytes each, a place, what to do and a value.
fn damaged(edits: &[u8]) -> Vec<u8> {
    static TRUE: OnceLock<Vec<u8>> = OnceLock::new();
    let mut body = TRUE.get_or_init(exported)[HEAD..].to_vec();
    for edit in edits.chunks_exact(4) {
        let at = usize::from(u16::from_le_bytes([edit[0], edit[1]])) % body.len().max(1);
        match edit[2] % 4 {
            0 => body[at] = edit[3],
            1 => body.insert(at, edit[3]),
            2 if body.len() > 1 => drop(body.remove(at)),
            _ => body[at] ^= 1 << (edit[3] % 8),
        }
    }
    sealed(&body)
}

/// Three records as a build leaves them.
fn exported() -> Vec<u8> {
    let key = ElementKey::new("fuzz", "seed");
    for name in ["adler32", "crc32", "inflate"] {
        let text =
            format!("{name}.o\n-O2\n-c\n-o\n{name}.o\n{{root}}/zlib.h\n/usr/include/stdio.h\n{name}.c");
        let (record, inputs) = record(text.as_bytes());
        store().put(&key, &record, &inputs).expect("a record is put");
    }
    let bytes = store().export(&key).expect("it is exported");
    forget(&[key]);
    bytes
}
