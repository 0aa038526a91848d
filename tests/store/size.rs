//! Time and bytes at the sizes the design names.

use std::path::Path;
use std::time::Instant;

use super::common::{build, compile, key, open};

/// What command `number` reads: its source and most of the element's headers, as a C++ project does.
fn inputs(number: usize, count: usize) -> Vec<String> {
    let headers = (0..count * 3 / 2)
        .filter(|header| !(header + number * 7).is_multiple_of(3 + number % 5))
        .take(count - 1);
    let name = |header| format!("/usr/include/c++/12/bits/group{}/header_{header}.h", header / 40);
    std::iter::once(format!("{{root}}/src/file{number}.cpp")).chain(headers.map(name)).collect()
}

fn bytes_below(dir: &Path) -> u64 {
    use std::os::unix::fs::MetadataExt as _;
    std::fs::read_dir(dir)
        .unwrap()
        .map(|entry| entry.unwrap())
        .map(|entry| {
            if entry.path().is_dir() {
                bytes_below(&entry.path())
            } else {
                entry.metadata().unwrap().blocks() * 512
            }
        })
        .sum()
}

#[test]
fn a_command_with_500_inputs_takes_at_most_2_kib() {
    let dir = tempfile::tempdir().unwrap();
    let commands = 2000;
    {
        let store = open(dir.path());
        for number in 0..commands {
            store.put(&key(), &compile(&format!("file{number}")), &inputs(number, 500)).unwrap();
        }
    }
    let each = bytes_below(dir.path()) / commands as u64;
    println!("{each} bytes a command");
    assert!(each <= 2048, "{each} bytes a command");
    let element = open(dir.path()).load(&key()).unwrap();
    assert_eq!((element.records.len(), element.lost), (commands, 0));
    let some = element.records.iter().find(|record| record.source.ends_with("file7.c")).unwrap();
    let mut expected = inputs(7, 500);
    expected.sort_unstable();
    let mut back: Vec<&str> = element.inputs(some).collect();
    back.sort_unstable();
    assert_eq!(back, expected);
}

/// A measurement rather than a test: `cargo test --release -- --ignored measure --nocapture`.
#[test]
#[ignore = "a measurement"]
fn measure_ten_thousand_commands() {
    let dir = tempfile::tempdir().unwrap();
    let took = |what: &str, since: Instant| println!("{what}: {:.1} ms", since.elapsed().as_secs_f64() * 1e3);
    let since = Instant::now();
    {
        let store = open(dir.path());
        for number in 0..10_000 {
            store.put(&key(), &compile(&format!("file{number}")), &inputs(number, 500)).unwrap();
        }
        took("put 10,000", since);
    }
    println!(
        "{} KiB on disk, {} blobs",
        bytes_below(dir.path()) / 1024,
        std::fs::read_dir(dir.path().join("blobs")).unwrap().count()
    );
    let since = Instant::now();
    let store = open(dir.path());
    took("open", since);
    let since = Instant::now();
    let element = store.load(&key()).unwrap();
    took("load", since);
    let seen = element.records.iter().map(|record| record.id).collect();
    let since = Instant::now();
    store.finish_build(&key(), &build(&seen, true)).unwrap();
    took("finish_build", since);
    let since = Instant::now();
    store.finish_build(&key(), &build(&seen.iter().copied().take(5000).collect(), true)).unwrap();
    took("finish_build, half not seen", since);
    let since = Instant::now();
    let parcel = store.export(&key()).unwrap();
    took("export", since);
    println!("{} KiB exported", parcel.len() / 1024);
    let since = Instant::now();
    store.import(&parcel, None).unwrap();
    took("import", since);
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    println!("{}", status.lines().find(|line| line.starts_with("VmHWM")).unwrap());
    drop((store, element));
    println!(
        "{} KiB on disk, {} blobs",
        bytes_below(dir.path()) / 1024,
        std::fs::read_dir(dir.path().join("blobs")).unwrap().count()
    );
    let since = Instant::now();
    let store = open(dir.path());
    took("open", since);
    drop(store);
    let since = Instant::now();
    open(dir.path());
    took("open and close", since);
}
