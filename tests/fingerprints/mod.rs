//! Equal fingerprints and equal shapes mean equal dependency sets: checked against the real compilers.

mod edits;
mod probes;
mod real;
mod shapes;
mod texts;
mod traps;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::Command;

use proptest::prelude::ProptestConfig;
use spec_cc::inputs::depfile;

/// Few by default, since each takes up to 14 compiler runs; `PROPTEST_CASES=2000` for a thorough search.
fn cases() -> ProptestConfig {
    let cases = std::env::var("PROPTEST_CASES").ok().and_then(|cases| cases.parse().ok()).unwrap_or(24);
    ProptestConfig {
        cases,
        max_global_rejects: 100 * cases.max(1000),
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

/// Ways to read the same text; they disagree about comments, trigraphs, digraphs, raw strings and separators.
const MODES: [&[&str]; 7] = [
    &["gcc", "-std=gnu17", "-xc"],
    &["gcc", "-std=c90", "-xc"],
    &["gcc", "-std=c99", "-xc"],
    &["gcc", "-std=gnu++20", "-xc++"],
    &["gcc", "-xassembler-with-cpp"],
    &["clang", "-std=gnu17", "-xc"],
    &["clang", "-std=c++20", "-xc++"],
];

/// What one compiler reads for a source in a folder; `None` when it finds errors.
fn dependencies(mode: &[&str], dir: &Path, options: &[&str], source: &str) -> Option<BTreeSet<String>> {
    let output = Command::new(mode[0])
        .args(&mode[1..])
        .args(["-w", "-M", "-MT", "t"])
        .args(options)
        .arg(source)
        .current_dir(dir)
        .output()
        .expect("the compiler runs");
    let names = depfile::parse(&output.stdout).expect("a depfile");
    output.status.success().then(|| names.into_iter().filter(|name| !name.starts_with("/usr/lib")).collect())
}

fn write(dir: &Path, name: &str, text: &str) {
    let path = dir.join(name);
    std::fs::create_dir_all(path.parent().expect("a parent")).expect("made");
    std::fs::write(path, text).expect("written");
}
