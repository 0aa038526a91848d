//! What a worker has made of a traced command: taken over only if it has seen what the command would see here.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use memchr::memmem;
use spec_cc_tracer::{Access, Touched};

use super::Traced;
use super::observe::{Run, Unlearnt, observe};
use super::state::{LISTING, Overrides, listing, names};
use crate::base::digest::Digest;
use crate::base::lexical::lexical;
use crate::base::paths::PathId;
use crate::cache::outcome::Outcome;
use crate::compile::engine::Engine;
use crate::inputs::search;
use crate::inputs::snapshot::Snapshot;
use crate::traced::observed::Observed;

/// What a worker was given.
#[derive(Debug)]
pub struct Sent {
    /// This machine's files, by the paths that the command uses.
    pub files: HashMap<PathId, Digest>,
    /// The names in this machine's folders that count.
    pub listed: HashMap<PathId, Digest>,
    /// What was given in place of what is here.
    pub overrides: Overrides,
    /// Coarse wall-clock time before any of it was looked at, nanoseconds since the epoch.
    pub began_ns: i64,
}

/// What came back.
#[derive(Debug)]
pub struct Returned {
    /// The trace's file.
    pub report: PathBuf,
    /// Exit status and messages.
    pub said: Outcome,
    /// The files by their absolute paths. Their contents are in the cache.
    pub files: HashMap<PathBuf, Digest>,
}

/// What the C library says of calls that a worker bars.
const OF_A_WORKER: [&str; 4] =
    ["Operation not permitted", "Function not implemented", "Operation not supported", "cannot execute"];

/// Where nothing ever is.
const NOWHERE: &str = "/proc/self/nothing";

/// Keeps a worker's result under the key that its trace gives here. An error says why it is not used.
///
/// The trace is read as a launch's on this machine is. Beside that, the worker must have found no file but those that it was given, and
/// have brought back just what the trace says was left.
pub fn take_over(
    engine: &Engine,
    traced: &Traced,
    root: &str,
    sent: &Sent,
    returned: Returned,
) -> Result<Observed, Unlearnt> {
    let Returned { report, said, files } = returned;
    let touched = spec_cc_tracer::read(&report)?;
    check_failure(&said)?;
    check_files(engine, traced, sent, &touched)?;
    check_left(&touched, &files)?;
    let written = |path: &Path| {
        let file = files.get(&lexical(path));
        file.map_or_else(|| PathBuf::from(NOWHERE), |content| engine.cache.blobs.path(content))
    };
    let below = format!("{root}/");
    let made =
        |path: &str, changed_ns| if traced.probe { changed_ns == i64::MAX } else { path.starts_with(&below) };
    let run = Run { touched: &touched, said, began_ns: sent.began_ns, root };
    let mut observed = observe(engine, traced, run, &sent.overrides, &written, &made)?;
    for file in &mut observed.outcome.files {
        let path = lexical(&traced.absolute(&file.path));
        let left =
            touched.accesses.iter().find(|access| access.left && lexical(Path::new(&access.path)) == path);
        file.executable = left.is_some_and(|access| access.executable);
    }
    observed.key.store(&engine.cache, &observed.outcome)?;
    Ok(observed)
}

/// An error if a failure may be the worker's: those that any machine may have are told apart as here.
fn check_failure(said: &Outcome) -> Result<(), Unlearnt> {
    let refused = |text: &&str| {
        [&said.stdout, &said.stderr].into_iter().any(|said| memmem::find(said, text.as_bytes()).is_some())
    };
    match OF_A_WORKER.into_iter().find(refused) {
        _ if said.status == 0 => Ok(()),
        Some(text) => Err(Unlearnt::because(format!("it failed for the worker's sake ({text})"))),
        None if said.is_silent() => Err(Unlearnt::because("it failed without a word")),
        None => Ok(()),
    }
}

/// An error if the worker has found a file that it was not given, or one that is not what it is here; and so for the names in folders.
fn check_files(engine: &Engine, traced: &Traced, sent: &Sent, touched: &Touched) -> Result<(), Unlearnt> {
    let mut snapshot = Snapshot::new(&engine.files);
    for Access { path, .. } in touched.accesses.iter().filter(|access| access.existed) {
        let id = search::intern(engine.paths(), &traced.directory, &traced.scratch.fix(path));
        if sent.overrides.contains_key(&id) {
            continue;
        }
        let actual = traced.actual(engine, id);
        let is_file = snapshot.stat(actual).is_ok_and(|stamp| stamp.is_file());
        // What a folder is, and what is not here at all, the trace is compared with anyway.
        if is_file && sent.files.get(&id) != snapshot.look(actual).ok().map(|seen| seen.digest).as_ref() {
            return Err(Unlearnt::Meanwhile(path.clone()));
        }
    }
    for folder in &touched.listed {
        let id = engine.paths().intern(&listing(&traced.scratch.fix(folder)));
        let actual = engine.name(traced.actual(engine, id));
        let now = names(Path::new(actual.strip_suffix(LISTING).unwrap_or(&actual)));
        if now.as_ref() != sent.listed.get(&id) {
            return Err(Unlearnt::Meanwhile(folder.clone()));
        }
    }
    Ok(())
}

/// An error if what came back is not what the trace says was left.
fn check_left(touched: &Touched, files: &HashMap<PathBuf, Digest>) -> Result<(), Unlearnt> {
    let mut left = 0;
    for access in touched.accesses.iter().filter(|access| access.written) {
        let is_back = files.contains_key(&lexical(Path::new(&access.path)));
        if access.left != is_back {
            let what = if is_back { "brought back, and not left" } else { "left, and not brought back" };
            return Err(Unlearnt::because(format!("{} was {what}", access.path)));
        }
        left += usize::from(is_back);
    }
    if left != files.len() {
        return Err(Unlearnt::because("more was brought back than it has written"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_failure_that_explains_itself_counts() {
        let ended = |status, stderr: &str| {
            check_failure(&Outcome { status, stderr: stderr.into(), ..Outcome::default() }).is_ok()
        };
        assert!(ended(0, "") && ended(0, "warning: Operation not permitted"));
        assert!(ended(1, "/usr/bin/ld: undefined reference to `no_such'"));
        assert!(!ended(1, "") && !ended(1, "ld.lld: error: thread: Operation not permitted"));
    }

    #[test]
    fn what_came_back_has_to_be_what_was_left() {
        let access = |path: &str, written, left| Access {
            path: path.into(),
            existed: false,
            read: false,
            written,
            executed: false,
            left,
            executable: false,
            settled_ns: None,
        };
        let agrees = |accesses: Vec<Access>, back: &[&str]| {
            let files = back.iter().map(|path| (PathBuf::from(path), Digest::of(b""))).collect();
            check_left(&Touched { accesses, listed: Vec::new() }, &files).is_ok()
        };
        assert!(agrees(vec![access("/t/x", true, true), access("/tmp/y.s", true, false)], &["/t/x"]));
        assert!(agrees(vec![access("/t/s/../x", true, true)], &["/t/x"]));
        assert!(!agrees(vec![access("/t/x", true, true)], &[]), "a file is not brought back");
        assert!(!agrees(vec![access("/t/x", true, false)], &["/t/x"]), "the report knows of none");
        assert!(!agrees(vec![access("/t/x", false, false)], &["/t/x"]), "it has not written it");
        assert!(!agrees(vec![access("/t/x", true, true)], &["/t/x", "/t/z"]), "one more");
    }
}
