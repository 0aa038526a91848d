//! Which recorded command makes a file: what will be in it is known once that command has been launched.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::Known;
use crate::inputs::paths::PathId;
use crate::store::RecordId;

/// The outputs of a session's commands, and who waits for them.
#[derive(Debug, Default)]
pub struct Makers(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    makers: HashMap<PathId, Arc<Known>>,
    waiting: HashMap<RecordId, Vec<Arc<Known>>>,
}

impl Makers {
    /// Says that a command makes these files.
    pub fn add(&self, known: &Arc<Known>, outputs: impl IntoIterator<Item = PathId>) {
        let makers = outputs.into_iter().map(|output| (output, Arc::clone(known)));
        self.lock().makers.extend(makers);
    }

    /// The command that makes a file.
    pub fn of(&self, path: PathId) -> Option<Arc<Known>> {
        self.lock().makers.get(&path).cloned()
    }

    /// Keeps `known` until it is certain what becomes of `maker`.
    pub(super) fn wait(&self, maker: &Known, known: &Arc<Known>) {
        let id = maker.state().record.id;
        self.lock().waiting.entry(id).or_default().push(Arc::clone(known));
    }

    /// Who has waited for a command.
    pub(super) fn take_waiting(&self, maker: &Known) -> Vec<Arc<Known>> {
        let id = maker.state().record.id;
        self.lock().waiting.remove(&id).unwrap_or_default()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
