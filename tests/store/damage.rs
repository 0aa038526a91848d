//! Damage: whatever happened to the files, the process lives and a store opens.
//!
//! Each case opens the store in a process of its own, as the companion does: it must end by itself, not by a signal.

use std::fs;
use std::io::{Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use nix::sys::{resource, signal};
use spec_cc::store::{Store, StoreError};

use super::common::{build, child, compile, folder, key, limited_child, open};

/// A store with enough in it to fill several of sled's segments.
fn fill(dir: &Path) {
    let store = open(dir);
    for number in 0..300 {
        let inputs: Vec<String> =
            (0..300).map(|header| format!("/usr/include/h{}.h", header * (number % 7 + 1))).collect();
        store.put(&key(), &compile(&format!("file{number}")), &inputs).unwrap();
    }
    drop(store);
    // sled writes its snapshot when it recovers.
    drop(open(dir));
}

/// What the child says of the store in `dir`: `ok`, `moved` or an error.
fn reopened(dir: &Path) -> String {
    let out = child("store::damage::opens_and_uses_it", dir).wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{:?}\n{text}{}", out.status, String::from_utf8_lossy(&out.stderr));
    text.lines().find_map(|line| line.split("SAYS ").nth(1)).unwrap_or_default().to_owned()
}

#[test]
#[ignore = "the child's part"]
fn opens_and_uses_it() {
    let Some(dir) = folder() else { return };
    // As in the program, where any thread's panic is the end.
    std::panic::set_hook(Box::new(|panic| {
        eprintln!("{panic}");
        std::process::abort();
    }));
    let opened = match Store::open(&dir) {
        Ok(opened) => opened,
        Err(error) => return println!("SAYS {error}"),
    };
    let found = opened.store.load(&key()).unwrap().records.len();
    opened.store.put(&key(), &compile("again"), &["{root}/again.c".into()]).unwrap();
    opened.store.flush().unwrap();
    println!("SAYS {} {found}", if opened.moved_aside.is_some() { "moved" } else { "ok" });
}

fn aside(dir: &Path) -> Option<PathBuf> {
    let name = dir.file_name().unwrap().to_str().unwrap().to_owned() + ".damaged-";
    let siblings = fs::read_dir(dir.parent().unwrap()).unwrap().map(|entry| entry.unwrap().path());
    siblings.into_iter().find(|path| path.file_name().unwrap().to_str().unwrap().starts_with(&name))
}

/// Fills a store, has `damage` done to it, and opens it twice.
fn after(damage: impl Fn(&Path)) -> String {
    let room = tempfile::tempdir().unwrap();
    let dir = room.path().join("store");
    fill(&dir);
    damage(&dir);
    let said = reopened(&dir);
    assert_eq!(said.starts_with("moved"), aside(&dir).is_some(), "{said}");
    let again = reopened(&dir);
    assert!(again.starts_with("ok "), "after {said}: {again}");
    said
}

fn snapshot(dir: &Path) -> PathBuf {
    let files = fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    files.into_iter().find(|path| path.file_name().unwrap().to_str().unwrap().starts_with("snap.")).unwrap()
}

fn overwrite(path: &Path, at: u64, bytes: &[u8]) {
    let mut file = fs::File::options().write(true).open(path).unwrap();
    file.seek(std::io::SeekFrom::Start(at)).unwrap();
    file.write_all(bytes).unwrap();
}

#[test]
fn an_untouched_store_is_kept() {
    assert_eq!(after(|_| {}), "ok 300");
}

#[test]
fn without_its_marker_a_sound_store_is_checked_and_kept() {
    assert_eq!(after(|dir| fs::remove_file(dir.join("clean")).unwrap()), "ok 300");
}

#[test]
fn a_process_that_has_run_sled_leaves_a_doubtful_store_to_a_fresh_one() {
    let dir = tempfile::tempdir().unwrap();
    fill(dir.path());
    fs::remove_file(dir.path().join("clean")).unwrap();
    assert!(matches!(Store::open(dir.path()), Err(StoreError::Unchecked { .. })));
    assert_eq!(reopened(dir.path()), "ok 300");
}

#[test]
fn truncated_files_never_kill() {
    for (part, of) in [(0, 1), (1, 4), (1, 2), (3, 4), (99, 100)] {
        after(|dir| {
            let file = fs::File::options().write(true).open(dir.join("db")).unwrap();
            file.set_len(file.metadata().unwrap().len() * part / of).unwrap();
        });
    }
}

#[test]
fn garbage_in_conf_moves_the_store_aside() {
    assert_eq!(after(|dir| fs::write(dir.join("conf"), [0xa5; 64]).unwrap()), "moved 0");
    after(|dir| fs::write(dir.join("conf"), b"").unwrap());
}

#[test]
fn garbage_in_the_snapshot_never_kills() {
    after(|dir| fs::write(snapshot(dir), [0xa5; 4096]).unwrap());
    after(|dir| fs::write(snapshot(dir), b"").unwrap());
    after(|dir| overwrite(&snapshot(dir), 40, &[0xff; 16]));
}

#[test]
fn flipped_bytes_never_kill() {
    // Spread over the file by a fixed stride, so that a failure can be repeated.
    for case in 0..12u64 {
        after(|dir| {
            let db = dir.join("db");
            let length = fs::metadata(&db).unwrap().len();
            for byte in 0..20u64 {
                overwrite(&db, (case * 7919 + byte * 104_729 * 13) % length, &[case as u8 ^ 0x5a]);
            }
        });
    }
}

#[test]
fn a_store_of_zeros_or_noise_is_moved_aside() {
    assert_eq!(after(|dir| fs::write(dir.join("db"), vec![0xc3; 1 << 20]).unwrap()), "moved 0");
    after(|dir| fs::write(dir.join("db"), vec![0; 1 << 20]).unwrap());
}

#[test]
fn a_missing_or_older_schema_begins_anew_and_a_newer_one_is_left_alone() {
    assert_eq!(after(|dir| fs::remove_file(dir.join("schema")).unwrap()), "moved 0");
    assert_eq!(after(|dir| fs::write(dir.join("schema"), "0\n").unwrap()), "moved 0");

    let room = tempfile::tempdir().unwrap();
    fill(room.path());
    fs::write(room.path().join("schema"), "77\n").unwrap();
    fs::write(room.path().join("db"), "of a later sled").unwrap();
    let Err(error) = Store::open(room.path()) else { panic!("opened") };
    assert!(matches!(error, StoreError::Newer { found: 77, known: 1, .. }));
    assert!(error.to_string().contains("SPEC_CC_STORE"), "{error}");
    assert_eq!(fs::read(room.path().join("db")).unwrap(), b"of a later sled");
    assert!(room.path().join("clean").exists());
}

#[test]
#[ignore = "the child's part"]
fn writes_until_killed() {
    let Some(dir) = folder() else { return };
    let store = open(&dir);
    for number in 0.. {
        let inputs: Vec<String> = (0..50).map(|header| format!("h{}.h", number + header)).collect();
        store.put(&key(), &compile(&format!("file{number}")), &inputs).unwrap();
        if number % 10 == 9 {
            store.flush().unwrap();
            fs::write(dir.join("flushed"), number.to_string()).unwrap();
        }
        if number % 100 == 99 {
            let seen = store.load(&key()).unwrap().records.iter().map(|record| record.id).collect();
            store.finish_build(&key(), &build(&seen, true)).unwrap();
        }
    }
}

#[test]
fn nothing_flushed_is_lost_when_killed() {
    let room = tempfile::tempdir().unwrap();
    let dir = room.path().join("store");
    for round in 0..12 {
        let mut writer = child("store::damage::writes_until_killed", &dir);
        let flushed = dir.join("flushed");
        let _ = fs::remove_file(&flushed);
        let since = Instant::now();
        while !flushed.exists() {
            assert!(since.elapsed() < Duration::from_mins(1), "the writer does not get going");
            std::thread::sleep(Duration::from_millis(1));
        }
        std::thread::sleep(Duration::from_millis(round * 37 % 300));
        writer.kill().unwrap();
        writer.wait().unwrap();
        // The file may be caught between its making and its contents.
        let flushed: usize = fs::read_to_string(&flushed).unwrap().parse().unwrap_or(0);
        let said = reopened(&dir);
        let found: usize = said.strip_prefix("ok ").expect(&said).parse().unwrap();
        assert!(found > flushed, "round {round}: {found} found, {flushed} flushed");
    }
}

/// Stands in for a full disk: no file may grow any more once the store is open.
#[test]
#[ignore = "the child's part"]
fn writes_until_refused() {
    let Some(dir) = folder() else { return };
    // SAFETY: ignoring a signal runs no handler.
    unsafe { signal::signal(signal::Signal::SIGXFSZ, signal::SigHandler::SigIgn) }.unwrap();
    let store = open(&dir);
    resource::setrlimit(resource::Resource::RLIMIT_FSIZE, 1 << 20, 1 << 20).unwrap();
    let refused = (0..20_000).find_map(|number| {
        let inputs: Vec<String> = (0..50).map(|header| format!("h{number}_{header}.h")).collect();
        store.put(&key(), &compile(&format!("file{number}")), &inputs).and_then(|_| store.flush()).err()
    });
    println!("SAYS {}", refused.unwrap());
    println!("AGAIN {:?}", store.put(&key(), &compile("more"), &[]).err());
}

#[test]
fn a_full_disk_is_an_error_and_the_store_opens_later() {
    let room = tempfile::tempdir().unwrap();
    let dir = room.path().join("store");
    let out = child("store::damage::writes_until_refused", &dir).wait_with_output().unwrap();
    let text = String::from_utf8_lossy(&out.stdout);
    assert!(out.status.success(), "{:?} {text} {}", out.status, String::from_utf8_lossy(&out.stderr));
    assert!(!text.contains("damaged"), "{text}");
    assert!(text.contains("File too large"), "{text}");
    let said = reopened(&dir);
    assert!(said.starts_with("ok "), "{said}");
}

#[test]
fn places_that_cannot_be_written_are_named() {
    let room = tempfile::tempdir().unwrap();
    let file = room.path().join("file");
    fs::write(&file, "").unwrap();
    for dir in [file.join("store"), file, PathBuf::from("/proc/store")] {
        let Err(error) = Store::open(&dir) else { panic!("opened") };
        assert!(matches!(error, StoreError::Io { .. }), "{error:?}");
        assert!(error.to_string().contains(dir.to_str().unwrap()), "{error}");
    }
}

#[test]
fn a_store_that_may_not_be_written_is_not_damaged() {
    let room = tempfile::tempdir().unwrap();
    let dir = room.path().join("store");
    fill(&dir);
    fs::remove_file(dir.join("clean")).unwrap();
    let limited = limited_child("store::damage::opens_and_uses_it", &dir).wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&limited.stdout).into_owned();
    assert!(limited.status.success() && said.contains("File too large"), "{:?} {said}", limited.status);
    assert_eq!((reopened(&dir).as_str(), aside(&dir)), ("ok 300", None));
}
