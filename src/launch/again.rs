//! Again: a command that is to be looked at once more, and whether a session has any.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::{Known, Place};

/// How often it was said that a command is to be looked at again, and how often that has come to an end.
#[derive(Debug, Default)]
pub(super) struct Agains {
    begun: AtomicU64,
    ended: AtomicU64,
}

impl Agains {
    /// Whether `others` holds at a moment in which no command is to be looked at again.
    pub(super) fn none_while(&self, others: impl FnOnce() -> bool) -> bool {
        let begun = self.begun.load(Ordering::SeqCst);
        let none = self.ended.load(Ordering::SeqCst) == begun;
        none && others() && self.begun.load(Ordering::SeqCst) == begun
    }
}

/// A command to be looked at again, until it is dropped.
pub(super) struct Again {
    pub(super) known: Arc<Known>,
    pub(super) place: Arc<Place>,
}

impl Again {
    /// Says that `known` is to be looked at again.
    pub(super) fn new(known: &Arc<Known>, place: &Arc<Place>) -> Self {
        place.agains.begun.fetch_add(1, Ordering::SeqCst);
        Self { known: Arc::clone(known), place: Arc::clone(place) }
    }
}

impl Drop for Again {
    fn drop(&mut self) {
        self.place.agains.ended.fetch_add(1, Ordering::SeqCst);
    }
}
