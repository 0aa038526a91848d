//! Exported elements: merged, renamed, and refused when they make no sense.

use proptest::prelude::*;
use proptest::test_runner::TestRunner;
use sha2::{Digest as _, Sha256};
use spec_cc::store::ImportError;
use spec_cc::store::{Build, ElementKey, Quarantined, StoreError};

use super::common::{compile, key, open};

const HEAD: usize = 52;

fn exported() -> Vec<u8> {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for name in ["adler32", "crc32"] {
        let inputs = ["{root}/zlib.h".to_owned(), format!("{{root}}/{name}.c")];
        store.put(&key(), &compile(name), &inputs).unwrap();
    }
    store.export(&key()).unwrap()
}

/// `body` with a head that fits it.
fn seal(body: &[u8]) -> Vec<u8> {
    let mut bytes = b"spec-cc\x01\x01\0\0\0".to_vec();
    bytes.extend((body.len() as u64).to_le_bytes());
    bytes.extend(Sha256::digest(body));
    bytes.extend(body);
    bytes
}

fn refusal(bytes: &[u8]) -> ImportError {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let Err(StoreError::Import(error)) = store.import(bytes, None) else { panic!("imported") };
    assert!(store.elements().unwrap().is_empty(), "a refused import leaves nothing");
    error
}

#[test]
fn an_element_arrives_whole_and_under_another_name() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let bytes = exported();
    assert_eq!(store.import(&bytes, None).unwrap(), key());
    let other = ElementKey::new("fork", "zlib.bst");
    assert_eq!(store.import(&bytes, Some(other.clone())).unwrap(), other);
    for key in [key(), other] {
        let element = store.load(&key).unwrap();
        let mut sources: Vec<&str> =
            element.records.iter().flat_map(|record| element.inputs(record)).collect();
        sources.sort_unstable();
        assert_eq!(sources, ["{root}/adler32.c", "{root}/crc32.c", "{root}/zlib.h", "{root}/zlib.h"]);
        let record = element.records.iter().find(|record| record.source.ends_with("crc32.c")).unwrap();
        assert_eq!(record.args, compile("crc32").args);
    }
    assert_eq!(store.export(&key()).unwrap(), bytes, "the same element gives the same bytes");
}

#[test]
fn the_record_written_later_wins() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let old = exported();
    std::thread::sleep(std::time::Duration::from_millis(5));
    let mut changed = compile("crc32");
    changed.args[1] = "-O3".into();
    store.put(&key(), &changed, &["{root}/new.h".into()]).unwrap();
    store.import(&old, None).unwrap();
    let element = store.load(&key()).unwrap();
    assert_eq!((element.records.len(), element.lost), (2, 0));
    let crc = element.records.iter().find(|record| record.id == changed.id).unwrap();
    assert_eq!(crc.args[1], "-O3");
    assert_eq!(element.inputs(crc).collect::<Vec<_>>(), ["{root}/new.h"]);

    let newer = store.export(&key()).unwrap();
    let there = tempfile::tempdir().unwrap();
    let store = open(there.path());
    store.import(&old, None).unwrap();
    store.import(&newer, None).unwrap();
    let element = store.load(&key()).unwrap();
    assert!(element.records.iter().any(|record| record.args[1] == "-O3"));
}

#[test]
fn an_unknown_element_cannot_be_exported() {
    let dir = tempfile::tempdir().unwrap();
    assert!(matches!(open(dir.path()).export(&key()), Err(StoreError::Unknown(name)) if name == key()));
}

#[test]
fn every_cut_is_noticed() {
    let bytes = exported();
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for length in 0..bytes.len() {
        let Err(StoreError::Import(error)) = store.import(&bytes[..length], None) else { panic!("{length}") };
        let expected = if length < 8 { "not an exported element" } else { "cut short" };
        assert!(error.to_string().contains(expected), "{length}: {error}");
    }
}

#[test]
fn every_changed_byte_is_noticed() {
    let bytes = exported();
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    for at in 0..bytes.len() {
        let mut changed = bytes.clone();
        changed[at] ^= 0x10;
        assert!(matches!(store.import(&changed, None), Err(StoreError::Import(_))), "byte {at}");
    }
}

#[test]
fn refusals_say_what_is_wrong() {
    let mut newer = exported();
    newer[8] = 9;
    assert_eq!(refusal(&newer), ImportError::Newer { found: 9 });
    let mut changed = exported();
    changed[HEAD + 3] ^= 1;
    assert_eq!(refusal(&changed), ImportError::Checksum);
    assert_eq!(refusal(b"\x7fELF and so on"), ImportError::Magic);
    assert_eq!(refusal(&seal(b"")), ImportError::Contents("the element has no proper name"));
}

/// A parcel whose checksum is right: project p, element e, then `fields`.
fn parcel(fields: &[u8]) -> Vec<u8> {
    seal(&[b"\x0a\x01p\x12\x01e", fields].concat())
}

#[test]
fn sets_that_would_fill_the_memory_are_refused() {
    let run_of_a_billion = [&[0x2a, 8, 0x12, 6][..], &[1, 0x80, 0x80, 0x80, 0x80, 0x04]].concat();
    assert_eq!(refusal(&contents(&run_of_a_billion)), ImportError::Contents("a dependency set's numbers"));

    // Half a megabyte of paths, and a megabyte of sets that name every one of them: 2^17 × 2^17 numbers.
    let mut fields: Vec<u8> = [0x12, 1, b'x'].repeat(1 << 17);
    fields.extend([0x2a, 6, 0x12, 4, 1, 0xfe, 0xff, 0x07].repeat(1 << 17));
    assert_eq!(refusal(&contents(&fields)), ImportError::Contents("too many inputs"));
}

/// A parcel whose entry is `fields`.
fn contents(fields: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0x22];
    let mut length = fields.len();
    while length >= 0x80 {
        bytes.push(length as u8 | 0x80);
        length >>= 7;
    }
    bytes.push(length as u8);
    parcel(&[&bytes, fields].concat())
}

#[test]
fn arbitrary_contents_never_panic() {
    let dir = tempfile::tempdir().unwrap();
    let store = open(dir.path());
    let whole = exported();
    let noise = proptest::collection::vec(any::<u8>(), 0..80);
    let change = (any::<prop::sample::Index>(), any::<u8>());
    let strategy = (noise, proptest::collection::vec(change, 0..4));
    let mut runner = TestRunner::new(ProptestConfig::with_cases(400));
    let outcome = runner.run(&strategy, |(noise, changes)| {
        let mut damaged = whole[HEAD..].to_vec();
        for (at, byte) in changes {
            let at = at.index(damaged.len());
            damaged[at] = byte;
        }
        let _ = store.import(&noise, None);
        for blob in [parcel(&noise), contents(&noise), seal(&noise), seal(&damaged)] {
            if let Ok(key) = store.import(&blob, None) {
                prop_assert_eq!(store.load(&key).unwrap().lost, 0);
                store.export(&key).unwrap();
            }
        }
        Ok(())
    });
    outcome.unwrap();
}

#[test]
fn what_is_in_quarantine_stays_there_and_does_not_leave() {
    let dir = tempfile::tempdir().unwrap();
    let found = Quarantined {
        records: vec![compile("crc32").id],
        keys: vec!["key".into()],
        output: "crc32.o".into(),
        differs: vec!["crc32.o differs".into()],
        cause: "no input differs".into(),
        since: 7,
    };
    {
        let store = open(dir.path());
        store.import(&exported(), None).unwrap();
        let other = ElementKey::new("fork", "zlib.bst");
        // The only thing that is known of its element.
        store.quarantine(&other, &found).unwrap();
        store.put(&ElementKey::new("fork", "new.bst"), &compile("new"), &[]).unwrap();
        store.quarantine(&key(), &found).unwrap();
        store.quarantine(&key(), &found).unwrap();
    }
    let store = open(dir.path());
    assert_eq!(store.quarantined(&key()).unwrap(), std::slice::from_ref(&found));
    let names = |key: &ElementKey| -> Vec<String> {
        let element = store.load(key).unwrap();
        let mut names: Vec<_> = element.records.into_iter().map(|record| record.outputs[0].clone()).collect();
        names.sort_unstable();
        names
    };
    assert_eq!(names(&key()), ["adler32.o", "crc32.o"]);
    let copy = ElementKey::new("fork", "copy.bst");
    store.import(&store.export(&key()).unwrap(), Some(copy.clone())).unwrap();
    assert_eq!(names(&copy), ["adler32.o"]);
    // What comes from elsewhere does not let it out, nor does the end of a build.
    store.import(&exported(), None).unwrap();
    store.finish_build(&key(), &Build::default()).unwrap();
    assert_eq!(store.quarantined(&key()).unwrap().len(), 1);
    assert_eq!(store.quarantined(&ElementKey::new("fork", "new.bst")).unwrap(), []);

    store.lift(&key()).unwrap();
    assert_eq!(store.quarantined(&key()).unwrap(), []);
    assert_eq!(names(&key()), ["adler32.o", "crc32.o"]);
    let other = ElementKey::new("fork", "zlib.bst");
    assert_eq!(store.quarantined(&other).unwrap(), [found]);
    store.forget(&other).unwrap();
    assert_eq!(store.quarantined(&other).unwrap(), []);
}
