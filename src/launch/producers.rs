//! Which recorded command makes a file: what will be in it is known once that command has been launched.

use std::collections::HashMap;
use std::fmt;
use std::path::Path;
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard};

use super::candidate::Known;
use crate::base::paths::PathId;
use crate::compile::call::lexical;
use crate::compile::engine::Engine;
use crate::store::RecordId;

/// The outputs of a session's commands, and who waits for them.
#[derive(Debug, Default)]
pub struct Makers(Mutex<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// Mostly one for a file; a build may make it again by another command.
    makers: HashMap<PathId, Vec<Maker>>,
    waiting: HashMap<RecordId, (Arc<Known>, Vec<Wake>)>,
}

/// A command that makes a file.
#[derive(Debug, Clone)]
struct Maker {
    id: RecordId,
    /// Its position in the last build.
    order: u32,
    known: Arc<Known>,
}

/// Wakes somebody up, in another thread.
struct Wake(Box<dyn FnOnce() + Send>);

impl fmt::Debug for Wake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wake")
    }
}

/// The file that a command means by an output, under one name for all commands.
pub(super) fn product(engine: &Engine, known: &Known, path: &str) -> PathId {
    let path = lexical(&Path::new(known.work.directory()).join(path));
    engine.paths().intern(&path.to_string_lossy())
}

impl Makers {
    /// Says that a command makes these files.
    pub fn add(&self, known: &Arc<Known>, outputs: impl IntoIterator<Item = PathId>) {
        let (id, order) = known.record(|record| (record.id, record.order));
        let mut inner = self.lock();
        for output in outputs {
            let makers = inner.makers.entry(output).or_default();
            makers.retain(|maker| maker.id != id);
            makers.push(Maker { id, order, known: Arc::clone(known) });
        }
    }

    /// The command that makes a file as one at position `before` in the build finds it: the last of those ahead of that.
    pub fn of(&self, path: PathId, before: u32) -> Option<Arc<Known>> {
        let inner = self.lock();
        let makers = inner.makers.get(&path)?;
        let ahead = makers.iter().filter(|maker| maker.order < before).max_by_key(|maker| maker.order);
        // Builds do not always go in the same order.
        let maker = ahead.or_else(|| makers.iter().min_by_key(|maker| maker.order))?;
        Some(Arc::clone(&maker.known))
    }

    /// Has `wake` called once it is certain what becomes of `maker`; at once if it is.
    pub(super) fn wait(&self, maker: &Arc<Known>, wake: impl FnOnce() + Send + 'static) {
        let id = maker.id();
        let mut inner = self.lock();
        let (_, waiting) = inner.waiting.entry(id).or_insert_with(|| (Arc::clone(maker), Vec::new()));
        waiting.push(Wake(Box::new(wake)));
        drop(inner);
        // It may have ended before anybody waited.
        self.settled(maker);
    }

    /// Wakes who waits for a command, if it is certain what becomes of it.
    pub(super) fn settled(&self, maker: &Known) {
        if maker.is_under_way() {
            return;
        }
        let id = maker.id();
        // They are woken under the lock, so that at any moment they wait here or are awake.
        let mut inner = self.lock();
        let waiting = inner.waiting.remove(&id);
        waiting.into_iter().flat_map(|(_, waiting)| waiting).for_each(|wake| (wake.0)());
    }

    /// Wakes all whose command has ended without a word, because the build has been faster; whether there are any.
    pub(super) fn wake(&self) -> bool {
        let makers: Vec<_> = self.lock().waiting.values().map(|(maker, _)| Arc::clone(maker)).collect();
        let ended: Vec<_> = makers.iter().filter(|maker| !maker.is_under_way()).collect();
        for maker in &ended {
            self.settled(maker);
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
