//! Predictions: the content predicted for inputs that the build has not made yet.

use std::collections::{HashMap, HashSet};
use std::io::ErrorKind;
use std::sync::Arc;

use parking_lot::{Mutex, RwLock};

use crate::base::digest::Digest;
use crate::base::paths::PathId;
use crate::inputs::snapshot::Snapshot;

/// A file that the build has yet to make, taken to have a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Predicted {
    /// The file.
    pub path: PathId,
    /// What will be in it, if the guess holds; a blob of the local cache.
    pub content: Digest,
}

/// What is expected of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Expected {
    /// The file itself: its name without `..`, which may lead through a folder that is yet to be made.
    pub file: PathId,
    /// What will be in it.
    pub content: Digest,
    /// With what in it, it has yet to be made anew. Otherwise only while it is missing.
    pub from: Vec<Digest>,
}

/// What a session expects its build to make, under each name that commands have for a file.
#[derive(Debug, Default)]
pub struct Predictions {
    expected: RwLock<Arc<HashMap<PathId, Expected>>>,
    refuted: Mutex<Refuted>,
}

/// The files that commands read as they were, though they were expected to be made anew before.
#[derive(Debug, Default)]
struct Refuted {
    all: HashSet<PathId>,
    /// Those on whose account nobody has looked again at what is launched.
    news: Vec<PathId>,
}

impl Predictions {
    /// Expects these contents from now on.
    pub fn set(&self, expected: HashMap<PathId, Expected>) {
        *self.expected.write() = Arc::new(expected);
    }

    /// All that is expected.
    pub fn all(&self) -> Arc<HashMap<PathId, Expected>> {
        Arc::clone(&self.expected.read())
    }

    /// The files of which something is expected, under each of their names.
    pub fn paths(&self) -> Vec<PathId> {
        self.all().keys().copied().collect()
    }

    /// What is expected to be in them.
    pub fn contents(&self) -> Vec<Digest> {
        self.all().values().map(|expected| expected.content).collect()
    }

    /// What is expected of the files that are yet to be made. All of them, whatever a command reads: one may hide another file
    /// once it is there.
    pub fn yet_to_come(&self, snapshot: &mut Snapshot<'_>) -> Arc<[Predicted]> {
        let all = self.all();
        let yet = all.iter().filter(|&(&path, expected)| {
            snapshot.is_assumed(path)
                || is_missing(snapshot, path) && is_missing(snapshot, expected.file)
                || is_one_of(snapshot, path, &expected.from)
        });
        yet.map(|(&path, expected)| Predicted { path, content: expected.content }).collect()
    }

    /// Whether a file with this content has yet to be made anew.
    fn is_yet_to_be_made(&self, path: PathId, content: &Digest) -> bool {
        self.all().get(&path).is_some_and(|expected| expected.from.contains(content))
    }

    /// A command that reads the files of `set` is asked for by the build. What it reads as it was before is not expected to be made anew
    /// any more; whether there is such a file.
    pub fn refute(&self, set: &[PathId], snapshot: &mut Snapshot<'_>) -> bool {
        let all = self.all();
        let old = all.iter().filter(|&(path, expected)| {
            !expected.from.is_empty() && set.contains(path) && {
                let there = snapshot.look(*path).map(|seen| seen.digest);
                there.is_ok_and(|there| there != expected.content && expected.from.contains(&there))
            }
        });
        let old: Vec<PathId> = old.map(|(path, _)| *path).collect();
        if old.is_empty() {
            return false;
        }
        let mut kept = self.expected.write();
        let mut left = HashMap::clone(&kept);
        left.iter_mut().filter(|(path, _)| old.contains(path)).for_each(|(_, one)| one.from.clear());
        *kept = Arc::new(left);
        let mut refuted = self.refuted.lock();
        refuted.all.extend(&old);
        refuted.news.extend(old);
        true
    }

    /// The files that were not made anew before commands read them.
    pub fn refuted(&self) -> HashSet<PathId> {
        self.refuted.lock().all.clone()
    }

    /// Those that were not asked for yet.
    pub fn newly_refuted(&self) -> Vec<PathId> {
        std::mem::take(&mut self.refuted.lock().news)
    }

    /// The first of the files that the build has made with another content than `predicted`.
    pub(crate) fn wrong(&self, predicted: &[Predicted], snapshot: &mut Snapshot<'_>) -> Option<PathId> {
        let differs = |one: &&Predicted| {
            let seen = snapshot.look(one.path);
            seen.is_ok_and(|seen| {
                seen.digest != one.content && !self.is_yet_to_be_made(one.path, &seen.digest)
            })
        };
        predicted.iter().find(differs).map(|one| one.path)
    }
}

fn is_missing(snapshot: &mut Snapshot<'_>, path: PathId) -> bool {
    let missing =
        |error: std::io::Error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
    snapshot.stat(path).is_err_and(missing)
}

fn is_one_of(snapshot: &mut Snapshot<'_>, path: PathId, contents: &[Digest]) -> bool {
    !contents.is_empty() && snapshot.look(path).is_ok_and(|seen| contents.contains(&seen.digest))
}
