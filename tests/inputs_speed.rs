//! How fast inputs are looked at; `cargo test --release --test inputs_speed -- --ignored --nocapture`.
#![allow(clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use spec_cc::inputs::digest::Digest;
use spec_cc::inputs::files::Files;
use spec_cc::inputs::paths::PathId;
use spec_cc::inputs::search::{self, Chain, SearchPath};
use spec_cc::inputs::shape::{Set, Shaped, Shapes};
use spec_cc::inputs::snapshot::Snapshot;
use spec_cc::inputs::toolchain::Toolchains;
use spec_cc::inputs::{depfile, directives};

fn env(name: &str) -> Option<std::ffi::OsString> {
    (name == "PATH").then(|| "/usr/bin:/bin".into())
}

/// The processor time of this thread, which other programs on the machine do not lengthen.
fn cpu() -> Duration {
    use nix::time::{ClockId, clock_gettime};
    Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).expect("a clock"))
}

fn since(start: Duration) -> Duration {
    cpu().saturating_sub(start)
}

/// The median of many runs.
fn median<T>(mut run: impl FnMut() -> T) -> Duration {
    let mut times: Vec<Duration> = (0..41)
        .map(|_| {
            let start = cpu();
            std::hint::black_box(run());
            since(start)
        })
        .collect();
    times.sort_unstable();
    times[times.len() / 2]
}

struct Compile {
    _dir: tempfile::TempDir,
    files: Arc<Files>,
    shapes: Shapes,
    path: SearchPath,
    cwd: String,
    set: Vec<PathId>,
}

impl Compile {
    fn new(compiler: &str, source: &str, text: &str) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let cwd = dir.path().to_str().expect("UTF-8").to_owned();
        std::fs::write(dir.path().join(source), text).expect("written");
        let output = Command::new(compiler).args(["-M", source]).current_dir(&cwd).output().expect("it runs");
        let names = depfile::parse(&output.stdout).expect("a depfile");
        let files = Arc::new(Files::default());
        let set = names.iter().map(|name| search::intern(files.paths(), &cwd, name)).collect();
        let builtin = Toolchains::new(Arc::clone(&files))
            .builtin_dirs(Path::new(compiler), &[], Path::new("/"), &env)
            .expect("directories")
            .to_vec();
        std::thread::sleep(Duration::from_millis(50));
        let path =
            SearchPath { include: vec![".".into(), "include".into()], builtin, ..SearchPath::default() };
        Self { _dir: dir, files, shapes: Shapes::default(), path, cwd, set }
    }

    fn shape(&self) -> Shaped {
        let mut snapshot = Snapshot::new(&self.files);
        let chain = Chain::new(&self.path, &self.cwd, &mut snapshot);
        let set = Set { source: self.set[0], files: &self.set, chain: &chain };
        self.shapes.shape(set, &mut snapshot).expect("a shape")
    }

    fn report(&self, name: &str) {
        let start = cpu();
        self.shape();
        println!("{name}: {} files, first shape {:?}", self.set.len(), since(start));
        println!("{name}: shape again {:?}", median(|| self.shape()));
        println!("{name}: looks alone {:?}", median(|| self.files.look_all(&self.set)));
    }
}

#[test]
#[ignore = "measures"]
fn a_trivial_c_set() {
    Compile::new("/usr/bin/gcc", "t.c", "int main(void) { return 0; }\n").report("trivial C");
}

#[test]
#[ignore = "measures"]
fn a_large_cxx_set() {
    let text = "#include <regex>\n#include <iostream>\n#include <map>\n#include <thread>\n#include <filesystem>\n#include <future>\n";
    Compile::new("/usr/bin/g++", "t.cc", text).report("C++");
}

#[test]
#[ignore = "measures"]
fn a_compiler_known_already() {
    let toolchains = Toolchains::new(Arc::new(Files::default()));
    for compiler in ["/usr/bin/gcc", "/usr/bin/clang"] {
        let identify = || toolchains.identify(Path::new(compiler), &env).expect("known");
        let start = cpu();
        identify();
        println!("{compiler}: first {:?}", since(start));
        println!("{compiler}: again {:?}", median(identify));
    }
}

#[test]
#[ignore = "measures"]
fn ten_thousand_sets_of_five_hundred() {
    let dir = tempfile::tempdir().expect("a folder");
    let cwd = dir.path().to_str().expect("UTF-8").to_owned();
    let header =
        |n: usize| format!("#pragma once\n#include \"h{}.h\"\n#include <stdio.h>\n#define H{n} {n}\n", n + 1);
    for n in 0..600 {
        std::fs::write(dir.path().join(format!("h{n}.h")), header(n)).expect("written");
    }
    for n in 0..10_000 {
        std::fs::write(
            dir.path().join(format!("s{n}.c")),
            format!("#include \"h{}.h\"\nint s{n};\n", n % 100),
        )
        .expect("written");
    }
    let files = Files::default();
    let shapes = Shapes::default();
    let path = SearchPath { builtin: vec!["/usr/include".into()], ..SearchPath::default() };
    let id = |name: String| search::intern(files.paths(), &cwd, &name);
    let sets: Vec<Vec<PathId>> = (0..10_000)
        .map(|n| {
            std::iter::once(id(format!("s{n}.c")))
                .chain((n % 100..n % 100 + 499).map(|n| id(format!("h{n}.h"))))
                .collect()
        })
        .collect();
    std::thread::sleep(Duration::from_millis(50));
    for round in ["first", "again", "again"] {
        let start = cpu();
        let mut snapshot = Snapshot::new(&files);
        let mut distinct = BTreeSet::new();
        for set in &sets {
            let chain = Chain::new(&path, &cwd, &mut snapshot);
            let set = Set { source: set[0], files: set, chain: &chain };
            distinct.insert(shapes.shape(set, &mut snapshot).expect("a shape").shape);
        }
        assert_eq!(distinct.len(), sets.len());
        println!("10,000 sets of 500, {round}: {:?}", since(start));
    }
}

#[test]
#[ignore = "measures"]
fn scanning_system_headers() {
    for root in ["/usr/include/c++", "/usr/include/x86_64-linux-gnu", "/usr/include"] {
        let texts = texts_below(Path::new(root));
        let bytes: usize = texts.iter().map(Vec::len).sum();
        let rate = |time: Duration| bytes as f64 / time.as_secs_f64() / 1e6;
        let start = cpu();
        let digests: u64 = texts.iter().map(|text| Digest::of(text).size).sum();
        let digest = since(start);
        let start = cpu();
        let hazards = texts.iter().filter(|text| !directives::scan(text).hazards.is_empty()).count();
        let scan = since(start);
        println!(
            "{root}: {} files, {digests} bytes: digests {:.0} MB/s, scans {:.0} MB/s, {hazards} with hazards",
            texts.len(),
            rate(digest),
            rate(scan)
        );
    }
}

fn texts_below(root: &Path) -> Vec<Vec<u8>> {
    let mut texts = Vec::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                Ok(kind) if kind.is_file() => texts.extend(std::fs::read(entry.path())),
                _ => {}
            }
        }
    }
    texts
}
