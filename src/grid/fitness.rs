//! Whether a grid's workers have been fit for traced commands so far.

use std::sync::atomic::{AtomicU32, Ordering};

/// So many results in a row that cannot be used show that they are not.
const FAULTS: u32 = 3;

/// How many results in a row could not be used.
#[derive(Debug, Default)]
pub(super) struct Fitness(AtomicU32);

impl Fitness {
    /// Whether no more is to be asked of them.
    pub(super) fn is_lost(&self) -> bool {
        self.0.load(Ordering::Relaxed) >= FAULTS
    }

    /// Takes note of whether a result could be used; true when that was one too many.
    pub(super) fn judge(&self, usable: bool) -> bool {
        if usable {
            self.0.store(0, Ordering::Relaxed);
            return false;
        }
        self.0.fetch_add(1, Ordering::Relaxed) + 1 == FAULTS
    }
}
