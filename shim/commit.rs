//! For build scripts: the version, with the commit that the programs are built from.

use std::path::{Path, PathBuf};
use std::process::Command;

/// What the programs are made of, from the top folder.
const SOURCES: [&str; 5] = ["src", "shim/src", "tracer/src", "Cargo.toml", "Cargo.lock"];

/// Sets `COMMIT_VERSION` for the package: `0.2.0 (61b7634 2026-11-30)`, with a `+` behind the commit where the sources have changed since. The commit is
/// the last one that changed the sources: one that changes a page or a test builds nothing anew. Without git, or outside our own
/// repository, it is the version alone.
pub(crate) fn tell(top: &Path) {
    for source in SOURCES {
        println!("cargo::rerun-if-changed={}", top.join(source).display());
    }
    let version = std::env::var("CARGO_PKG_VERSION").unwrap_or_default();
    let version = commit(top).map_or_else(|| version.clone(), |commit| format!("{version} ({commit})"));
    println!("cargo::rustc-env=COMMIT_VERSION={version}");
}

fn commit(top: &Path) -> Option<String> {
    let repository = PathBuf::from(git(top, &["rev-parse", "--show-toplevel"])?);
    if repository.canonicalize().ok()? != top.canonicalize().ok()? {
        return None;
    }
    let last = git(top, &["log", "-1", "--format=%h %cs", "--"])?;
    let (hash, day) = last.split_once(' ')?;
    let changed = if git(top, &["status", "--porcelain", "--"])?.is_empty() { "" } else { "+" };
    Some(format!("{hash}{changed} {day}"))
}

/// What git says; where the last argument is `--`, of the sources alone.
fn git(top: &Path, arguments: &[&str]) -> Option<String> {
    let sources: &[&str] = if arguments.last() == Some(&"--") { &SOURCES } else { &[] };
    let output = Command::new("git").arg("-C").arg(top).args(arguments).args(sources).output().ok()?;
    let text = String::from_utf8(output.stdout).ok()?;
    output.status.success().then(|| text.trim().to_owned())
}
