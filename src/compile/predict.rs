//! Predictions: the content predicted for inputs that the build has not made yet.

use std::collections::HashMap;
use std::io::ErrorKind;
use std::sync::Arc;

use parking_lot::RwLock;

use crate::base::digest::Digest;
use crate::base::paths::PathId;
use crate::inputs::snapshot::Snapshot;

/// A file that is not there yet, taken to have a content.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Predicted {
    /// The file.
    pub path: PathId,
    /// What will be in it, if the guess holds; a blob of the local cache.
    pub content: Digest,
}

/// What a session expects its build to make: under each name that commands have for a file, the file itself (the name
/// without `..`, which may lead through a folder that is yet to be made) and its content.
#[derive(Debug, Default)]
pub struct Predictions(RwLock<Arc<HashMap<PathId, (PathId, Digest)>>>);

impl Predictions {
    /// Expects these contents from now on.
    pub fn set(&self, expected: HashMap<PathId, (PathId, Digest)>) {
        *self.0.write() = Arc::new(expected);
    }

    /// The files of which something is expected, under each of their names.
    pub fn paths(&self) -> Vec<PathId> {
        self.0.read().keys().copied().collect()
    }

    /// What is expected to be in them.
    pub fn contents(&self) -> Vec<Digest> {
        let expected = self.0.read();
        expected.values().map(|(_, content)| *content).collect()
    }

    /// What is expected of the files that are missing. All of them, whatever a command reads: one may hide another file
    /// once it is there.
    pub fn missing(&self, snapshot: &mut Snapshot<'_>) -> Arc<[Predicted]> {
        let expected = Arc::clone(&self.0.read());
        let missing = expected.iter().filter(|&(&path, &(file, _))| {
            snapshot.is_assumed(path) || is_missing(snapshot, path) && is_missing(snapshot, file)
        });
        missing.map(|(&path, &(_, content))| Predicted { path, content }).collect()
    }
}

fn is_missing(snapshot: &mut Snapshot<'_>, path: PathId) -> bool {
    let missing =
        |error: std::io::Error| matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory);
    snapshot.stat(path).is_err_and(missing)
}

/// The first of the files that the build has made with another content.
pub(crate) fn mispredicted(predicted: &[Predicted], snapshot: &mut Snapshot<'_>) -> Option<PathId> {
    let differs = |one: &&Predicted| snapshot.look(one.path).is_ok_and(|seen| seen.digest != one.content);
    predicted.iter().find(differs).map(|one| one.path)
}
