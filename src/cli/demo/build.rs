//! One build of the demo's package: how long it took, and the objects it left.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result, bail};

use crate::cli::demo::package;
use crate::cli::demo::workshop::{COMPILER, Workshop};

/// How many lines of a failed build's log are shown.
const LAST_LINES: usize = 15;

/// What compiles.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum With {
    /// The compiler alone.
    Plain,
    /// spec-cc, in a session.
    Spec,
}

/// What a build took and left.
pub(super) struct Built {
    /// Time of `configure`.
    pub(super) configure: Duration,
    /// Time of `make`.
    pub(super) make: Duration,
    /// Every object: its path in the tree, and its bytes.
    pub(super) objects: BTreeMap<PathBuf, Vec<u8>>,
}

impl Built {
    /// Time from the beginning to the end of the build.
    pub(super) fn total(&self) -> Duration {
        self.configure + self.make
    }
}

/// Configures and builds the laid out tree.
pub(super) fn run(workshop: &Workshop, with: With) -> Result<Built> {
    let (tree, mark, log) =
        (workshop.tree(), workshop.path().join("configured"), workshop.path().join("log"));
    let mut command = command(workshop, with);
    command.env("JOBS", workshop.jobs.to_string()).env("CONFIGURED", &mark).env("LOG", &log);
    // A terminal's width, a make around us: the builds are to be alike wherever the demo runs.
    for name in ["MAKEFLAGS", "MFLAGS", "MAKELEVEL", "CFLAGS", "CPPFLAGS", "LDFLAGS"] {
        command.env_remove(name);
    }
    let begun = SystemTime::now();
    let output = command.current_dir(&tree).output().context("the build cannot be started")?;
    let ended = SystemTime::now();
    if !output.status.success() {
        bail!("the build with {with:?} failed ({}):\n{}", output.status, last_lines(&log));
    }
    let configured = fs::metadata(&mark)?.modified()?;
    Ok(Built {
        configure: configured.duration_since(begun).unwrap_or_default(),
        make: ended.duration_since(configured).unwrap_or_default(),
        objects: objects(&tree)?,
    })
}

fn command(workshop: &Workshop, with: With) -> Command {
    let script = ["sh", "-c", package::SCRIPT];
    match with {
        With::Plain => {
            let mut command = Command::new(script[0]);
            command.args(&script[1..]).env("CC", COMPILER);
            command
        }
        With::Spec => {
            let mut command = workshop.specctl(&["run", "--element", package::NAME, "--"]);
            command.args(script).env("CC", "spec-cc");
            command
        }
    }
}

fn last_lines(log: &Path) -> String {
    let text = fs::read(log).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines[lines.len().saturating_sub(LAST_LINES)..].join("\n")
}

/// Every `.o` file below a folder.
fn objects(tree: &Path) -> Result<BTreeMap<PathBuf, Vec<u8>>> {
    let mut found = BTreeMap::new();
    let mut folders = vec![tree.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder)? {
            let entry = entry?;
            let path = entry.path();
            if entry.file_type()?.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|suffix| suffix == "o") {
                found.insert(path.strip_prefix(tree)?.to_owned(), fs::read(&path)?);
            }
        }
    }
    if found.is_empty() {
        bail!("the build left no object");
    }
    Ok(found)
}

/// The objects that only one of two builds left, or that are not the same in both.
pub(super) fn differing<'a>(one: &'a Built, other: &'a Built) -> Vec<&'a Path> {
    let paths: std::collections::BTreeSet<&PathBuf> =
        one.objects.keys().chain(other.objects.keys()).collect();
    paths
        .into_iter()
        .filter(|path| one.objects.get(*path) != other.objects.get(*path))
        .map(PathBuf::as_path)
        .collect()
}

#[cfg(test)]
mod tests {
    use crate::cli::demo::build::{Built, differing};
    use std::path::Path;
    use std::time::Duration;

    fn built(objects: &[(&str, &[u8])]) -> Built {
        let objects = objects.iter().map(|(path, bytes)| (path.into(), bytes.to_vec())).collect();
        Built { configure: Duration::ZERO, make: Duration::ZERO, objects }
    }

    #[test]
    fn a_changed_a_missing_and_an_extra_object_differ() {
        let plain = built(&[("a.o", b"1"), ("b.o", b"2"), ("c.o", b"3")]);
        assert!(differing(&plain, &plain).is_empty());
        let spec = built(&[("a.o", b"1"), ("b.o", b"x"), ("d.o", b"4")]);
        assert_eq!(differing(&plain, &spec), ["b.o", "c.o", "d.o"].map(Path::new));
    }
}
