//! The local cache as a build meets it: whole blobs or none, whatever happens to the folder.

use std::fs::{self, File, FileTimes};
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime};

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use prost::Message as _;
use spec_cc::base::digest::Digest;
use spec_cc::cache::Cache;

fn cache(root: &Path) -> Cache {
    Cache::new(root, u64::MAX)
}

fn text(cache: &Cache, digest: &Digest) -> Option<String> {
    let mut file = cache.blobs.open(digest).unwrap()?.file;
    let mut text = String::new();
    file.read_to_string(&mut text).unwrap();
    Some(text)
}

/// Changes a file in place behind the cache's back, keeping its size.
fn corrupt(path: &Path) {
    let mut bytes = fs::read(path).unwrap();
    bytes[0] ^= 1;
    let times = FileTimes::new().set_modified(fs::metadata(path).unwrap().modified().unwrap());
    fs::remove_file(path).unwrap();
    let mut file = File::create(path).unwrap();
    file.write_all(&bytes).unwrap();
    file.set_times(times).unwrap();
}

fn name(digest: &Digest) -> reapi::Digest {
    reapi::Digest { hash: digest.hex(), size_bytes: digest.size as i64 }
}

fn used(path: &Path, ago: Duration) {
    File::open(path).unwrap().set_times(FileTimes::new().set_modified(SystemTime::now() - ago)).unwrap();
}

#[test]
fn bytes_and_files_come_back_by_their_digest() {
    let root = tempfile::tempdir().unwrap();
    let cache = cache(root.path());
    let digest = cache.blobs.put_bytes(b"object").unwrap();
    assert_eq!(digest, Digest::of(b"object"));
    let path = root.path().join("big.o");
    let big = "x".repeat(300_000);
    fs::write(&path, &big).unwrap();
    assert_eq!(cache.blobs.put_path(&path).unwrap(), Digest::of(big.as_bytes()));
    assert_eq!(text(&cache, &digest).as_deref(), Some("object"));
    assert_eq!(text(&cache, &Digest::of(big.as_bytes())), Some(big));
    assert_eq!(text(&cache, &Digest::of(b"other")), None);
    assert!(cache.blobs.contains(&digest).unwrap());
    let hex = digest.hex();
    assert!(root.path().join(format!("cas/{}/{hex}-6", &hex[..2])).exists());
    assert_eq!(fs::read_dir(root.path().join("tmp")).unwrap().count(), 0);
}

#[test]
fn a_changed_blob_is_deleted_and_can_be_stored_again() {
    let root = tempfile::tempdir().unwrap();
    let cache = cache(root.path());
    let digest = cache.blobs.put_bytes(b"object").unwrap();
    std::thread::sleep(Duration::from_millis(80));
    assert!(text(&cache, &digest).is_some() && text(&cache, &digest).is_some());
    corrupt(&cache.blobs.path(&digest));
    assert_eq!(text(&cache, &digest), None, "known blobs are watched by their stamps");
    assert!(!cache.blobs.path(&digest).exists());

    cache.blobs.put_bytes(b"object").unwrap();
    corrupt(&cache.blobs.path(&digest));
    cache.blobs.put_bytes(b"object").unwrap();
    assert_eq!(text(&cache, &digest).as_deref(), Some("object"), "storing it again mends it");

    fs::remove_file(cache.blobs.path(&digest)).unwrap();
    File::create(cache.blobs.path(&digest)).unwrap();
    assert!(!cache.blobs.contains(&digest).unwrap(), "a crash may leave the name without the bytes");
    assert_eq!(text(&cache, &digest), None);
}

#[test]
fn a_result_counts_only_with_all_it_names() {
    let root = tempfile::tempdir().unwrap();
    let cache = cache(root.path());
    let action = Digest::of(b"action");
    assert_eq!(cache.results.get(&action, &cache.blobs).unwrap(), None);

    let (object, stderr) =
        (cache.blobs.put_bytes(b"object").unwrap(), cache.blobs.put_bytes(b"warning").unwrap());
    let inner = cache.blobs.put_bytes(b"inner").unwrap();
    let file = reapi::FileNode { name: "inner".into(), digest: Some(name(&inner)), ..Default::default() };
    let folder = reapi::Directory { files: vec![file], ..Default::default() };
    let tree = reapi::Tree { root: Some(folder), ..Default::default() };
    let tree = cache.blobs.put_bytes(&tree.encode_to_vec()).unwrap();
    let result = reapi::ActionResult {
        output_files: vec![reapi::OutputFile {
            path: "a.o".into(),
            digest: Some(name(&object)),
            ..Default::default()
        }],
        output_directories: vec![reapi::OutputDirectory {
            tree_digest: Some(name(&tree)),
            ..Default::default()
        }],
        stderr_digest: Some(name(&stderr)),
        exit_code: 1,
        ..Default::default()
    };
    cache.results.put(&action, &result).unwrap();
    assert_eq!(cache.results.get(&action, &cache.blobs).unwrap(), Some(result));
    for (digest, bytes) in [(object, &b"object"[..]), (stderr, b"warning"), (inner, b"inner")] {
        fs::remove_file(cache.blobs.path(&digest)).unwrap();
        assert_eq!(cache.results.get(&action, &cache.blobs).unwrap(), None);
        cache.blobs.put_bytes(bytes).unwrap();
        assert!(cache.results.get(&action, &cache.blobs).unwrap().is_some());
    }
}

#[test]
fn an_empty_or_misplaced_result_is_no_success() {
    let root = tempfile::tempdir().unwrap();
    let cache = cache(root.path());
    let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
    let path = |digest: &Digest| root.path().join("ac").join(&digest.hex()[..2]).join(digest.hex());
    cache.results.put(&one, &reapi::ActionResult::default()).unwrap();
    assert!(cache.results.get(&one, &cache.blobs).unwrap().is_some());
    fs::create_dir_all(path(&other).parent().unwrap()).unwrap();
    fs::copy(path(&one), path(&other)).unwrap();
    assert_eq!(cache.results.get(&other, &cache.blobs).unwrap(), None);
    fs::remove_file(path(&one)).unwrap();
    fs::write(path(&one), b"").unwrap();
    assert_eq!(cache.results.get(&one, &cache.blobs).unwrap(), None);
    assert!(!path(&one).exists());
}

#[test]
fn the_least_recently_used_go_until_nine_tenths_are_left() {
    let root = tempfile::tempdir().unwrap();
    let cache = Cache::new(root.path(), 10_000);
    let blob = |number: u8| [number; 1000];
    let digests: Vec<Digest> = (0..10).map(|number| cache.blobs.put_bytes(&blob(number)).unwrap()).collect();
    assert!(cache.limit.is_due(), "nobody has measured yet");
    assert_eq!(cache.limit.trim().unwrap().files, 0);
    assert_eq!(cache.limit.total(), Some(10_000));
    assert!(!cache.limit.is_due());

    for (age, digest) in digests.iter().enumerate() {
        used(&cache.blobs.path(digest), Duration::from_secs(1000 - 90 * age as u64));
    }
    assert!(text(&cache, &digests[0]).is_some(), "used, so no longer the oldest");
    cache.blobs.put_bytes(&blob(10)).unwrap();
    assert!(cache.limit.is_due());
    assert_eq!(cache.limit.trim().unwrap().bytes, 2000);
    assert_eq!(cache.limit.total(), Some(9000));
    let gone: Vec<usize> = (0..10).filter(|&at| !cache.blobs.contains(&digests[at]).unwrap()).collect();
    assert_eq!(gone, [1, 2]);
}

#[test]
fn one_trims_while_others_wait_and_abandoned_files_go() {
    let root = tempfile::tempdir().unwrap();
    let cache = Cache::new(root.path(), 500);
    cache.blobs.put_bytes(&[7; 1000]).unwrap();
    let (old, new) = (root.path().join("tmp/old"), root.path().join("tmp/new"));
    fs::write(&old, "").unwrap();
    fs::write(&new, "").unwrap();
    used(&old, Duration::from_hours(2));
    let lock = File::create(root.path().join("trim.lock")).unwrap();
    lock.try_lock().unwrap();
    assert_eq!(cache.limit.trim().unwrap().files, 0);
    drop(lock);
    assert_eq!(cache.limit.trim().unwrap().files, 1);
    assert!(!old.exists() && new.exists());
}

#[test]
fn a_vanished_folder_is_made_again() {
    let root = tempfile::tempdir().unwrap();
    let cache = cache(root.path());
    let digest = cache.blobs.put_bytes(b"object").unwrap();
    cache.results.put(&digest, &reapi::ActionResult::default()).unwrap();
    fs::remove_dir_all(root.path()).unwrap();
    assert_eq!(text(&cache, &digest), None);
    assert_eq!(cache.results.get(&digest, &cache.blobs).unwrap(), None);
    assert_eq!(cache.limit.trim().unwrap().files, 0);
    fs::remove_dir_all(root.path()).unwrap();
    cache.blobs.put_bytes(b"object").unwrap();
    assert_eq!(text(&cache, &digest).as_deref(), Some("object"));
}

#[test]
fn a_place_that_cannot_be_written_is_an_error_that_names_it() {
    let root = tempfile::tempdir().unwrap();
    let file = root.path().join("file");
    fs::write(&file, "").unwrap();
    let cache = cache(&file);
    let error = cache.blobs.put_bytes(b"object").unwrap_err();
    assert!(error.to_string().starts_with(file.to_str().unwrap()), "{error}");
    assert!(cache.results.put(&Digest::of(b""), &reapi::ActionResult::default()).is_err());
    assert!(cache.limit.trim().is_err());
    assert_eq!(text(&cache, &Digest::of(b"object")), None, "reading goes on");
}

#[test]
fn many_threads_may_store_the_same_blob() {
    let root = tempfile::tempdir().unwrap();
    let bytes: Vec<u8> = (0..200_000u32).map(|n| n as u8).collect();
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let cache = cache(root.path());
                for _ in 0..10 {
                    let digest = cache.blobs.put_bytes(&bytes).unwrap();
                    assert_eq!(cache.blobs.read(&digest).unwrap().as_deref(), Some(&bytes[..]));
                }
            });
        }
    });
}
