//! Soak: build after build of a project that is edited at random, each against the bare compiler; the companion stays as it was.
use crate::rounds::{dice, rounds};
use crate::support::sandbox::Sandbox;
use crate::support::shell::succeed;
use crate::yard::{CLEAN, MAKE, Yard};
use nix::unistd::Pid;
use std::fs;
use std::path::Path;

/// What the cache may have on disk: long runs reach it, so that results go while builds ask for them.
const CACHE_KB: u64 = 1024;

#[test]
fn builds_without_end() {
    let mut dice = dice("soak");
    let sandbox = Sandbox::new();
    let mut yard = Yard::new(&sandbox, 8, 5);
    let mut seen = Vec::new();
    let builds = rounds("BUILDS", 15);
    for number in 0..builds {
        let edits: Vec<_> = (0..dice.usize(..4)).map(|_| yard.edit(&mut dice)).collect();
        let script = if dice.bool() { CLEAN } else { MAKE };
        let plain = yard.build_plainly(script);
        let mut run = sandbox.session("soak", yard.ours(), script);
        run.env("SPEC_CC_MAX_SIZE", format!("{CACHE_KB}K"));
        succeed(run.env("CC", "spec-cc gcc").env("AR", "spec-cc ar"));
        yard.check(&format!("build {number}, {edits:?}, {script:?}"), &plain);
        let companion = sandbox.companion().expect("a companion runs");
        seen.push(Held::by(companion, &sandbox.path("")));
        if number % 25 == 0 || number + 1 == builds {
            println!("after {} builds: {:?}", number + 1, seen.last());
        }
    }
    let (begin, end) = (Held::least(&seen[builds / 2..]), Held::least(&seen[builds.saturating_sub(3)..]));
    let grown = format!("{begin:?} then {end:?}");
    assert!(end.descriptors <= begin.descriptors + 4, "descriptors: {grown}");
    assert!(end.threads <= begin.threads + 4, "threads: {grown}");
    assert!(end.resident_kb <= begin.resident_kb * 5 / 4 + 4096, "memory: {grown}");
    // sled's files grow by half a MB.
    assert!(end.store_kb <= begin.store_kb + 1024, "the store: {grown}");
    // It is trimmed once a second.
    assert!(end.cache_kb <= CACHE_KB * 2, "the cache: {grown}");
}

/// What a companion holds.
#[derive(Debug, Clone, Copy)]
struct Held {
    resident_kb: u64,
    descriptors: u64,
    threads: u64,
    cache_kb: u64,
    store_kb: u64,
}

impl Held {
    /// The least of each: while something is under way there is more.
    fn least(of: &[Self]) -> Self {
        let least = |field: fn(&Self) -> u64| of.iter().map(field).min().unwrap();
        Self {
            resident_kb: least(|held| held.resident_kb),
            descriptors: least(|held| held.descriptors),
            threads: least(|held| held.threads),
            cache_kb: least(|held| held.cache_kb),
            store_kb: least(|held| held.store_kb),
        }
    }

    fn by(companion: Pid, sandbox: &Path) -> Self {
        let status = fs::read_to_string(format!("/proc/{companion}/status")).unwrap();
        let field = |name: &str| {
            let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
            line.trim_end_matches("kB").trim().parse().unwrap()
        };
        Self {
            resident_kb: field("VmRSS:"),
            descriptors: fs::read_dir(format!("/proc/{companion}/fd")).unwrap().count() as u64,
            threads: field("Threads:"),
            cache_kb: size(&sandbox.join("cache")) / 1024,
            store_kb: size(&sandbox.join("store")) / 1024,
        }
    }
}

/// Bytes in all files below a folder; what goes meanwhile does not count.
fn size(folder: &Path) -> u64 {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    entries
        .map(|entry| match entry.metadata() {
            Ok(meta) if meta.is_dir() => size(&entry.path()),
            Ok(meta) => meta.len(),
            Err(_) => 0,
        })
        .sum()
}
