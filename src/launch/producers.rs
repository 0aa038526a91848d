//! Which recorded command makes a file: what will be in it is known once that command has been launched.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use super::candidate::Candidate;
use crate::base::lexical::lexical;
use crate::base::paths::PathId;
use crate::compile::engine::Engine;
use crate::store::RecordId;

/// The outputs of a session's commands, and who waits for them.
#[derive(Debug, Default)]
pub struct Producers(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Mostly one for a file; a build may make it again by another command.
    producers: HashMap<PathId, Vec<Producer>>,
    waiting: HashMap<RecordId, (Arc<Candidate>, Vec<Wake>)>,
}

/// A command that makes a file.
#[derive(Debug, Clone)]
struct Producer {
    id: RecordId,
    /// Its position in the last build.
    order: u32,
    candidate: Arc<Candidate>,
}

/// Wakes somebody up, in another thread.
struct Wake(Box<dyn FnOnce() + Send>);

impl fmt::Debug for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wake")
    }
}

/// The file that a command means by an output, under one name for all commands.
pub(super) fn product(engine: &Engine, candidate: &Candidate, path: &str) -> PathId {
    let path = lexical(&Path::new(candidate.work.directory()).join(path));
    engine.paths().intern(&path.to_string_lossy())
}

impl Producers {
    /// Says that a command makes these files.
    pub fn add(&self, candidate: &Arc<Candidate>, outputs: impl IntoIterator<Item = PathId>) {
        let (id, order) = candidate.record(|record| (record.id, record.order));
        let mut inner = self.lock();
        for output in outputs {
            let producers = inner.producers.entry(output).or_default();
            producers.retain(|producer| producer.id != id);
            producers.push(Producer { id, order, candidate: Arc::clone(candidate) });
        }
    }

    /// The command that makes a file as one at position `before` in the build finds it: the last of those ahead of that.
    pub fn of(&self, path: PathId, before: u32) -> Option<Arc<Candidate>> {
        let inner = self.lock();
        let producers = inner.producers.get(&path)?;
        let ahead =
            producers.iter().filter(|producer| producer.order < before).max_by_key(|producer| producer.order);
        // Builds do not always go in the same order.
        let producer = ahead.or_else(|| producers.iter().min_by_key(|producer| producer.order))?;
        Some(Arc::clone(&producer.candidate))
    }

    /// Has `wake` called once it is certain what becomes of `producer`; at once if it is.
    pub(super) fn wait(&self, producer: &Arc<Candidate>, wake: impl FnOnce() + Send + 'static) {
        let id = producer.id();
        let mut inner = self.lock();
        let (_, waiting) = inner.waiting.entry(id).or_insert_with(|| (Arc::clone(producer), Vec::new()));
        waiting.push(Wake(Box::new(wake)));
        drop(inner);
        // It may have ended before anybody waited.
        self.ended(producer);
    }

    /// Wakes who waits for a command, if it is certain what becomes of it.
    pub(super) fn ended(&self, producer: &Candidate) {
        if producer.is_under_way() {
            return;
        }
        let id = producer.id();
        // They are woken under the lock, so that at any moment they wait here or are awake.
        let mut inner = self.lock();
        let waiting = inner.waiting.remove(&id);
        waiting.into_iter().flat_map(|(_, waiting)| waiting).for_each(|wake| (wake.0)());
    }

    /// Wakes all whose command has ended without a word, because the build has been faster; whether there are any.
    pub(super) fn wake(&self) -> bool {
        let producers: Vec<_> =
            self.lock().waiting.values().map(|(producer, _)| Arc::clone(producer)).collect();
        let ended: Vec<_> = producers.iter().filter(|producer| !producer.is_under_way()).collect();
        for producer in &ended {
            self.ended(producer);
        }
        !ended.is_empty()
    }

    /// Lets go of all who wait.
    pub(super) fn let_go(&self) {
        self.lock().waiting.clear();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock()
    }
}
