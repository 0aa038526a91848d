//! Rechecks: whether a session has commands that are to be looked at once more.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::candidate::Candidate;
use super::context::SessionContext;

/// How many commands of a session are to be looked at again; that is done in the order in which it was said.
#[derive(Debug, Default)]
pub(super) struct Rechecks {
    counts: Mutex<Counts>,
    over: Condvar,
}

/// How often it was said that a command is to be looked at again, and how often that has come to an end.
#[derive(Debug, Default, Clone, Copy)]
struct Counts {
    begun: u64,
    ended: u64,
}

impl Rechecks {
    /// Whether `others` holds at a moment in which no command is to be looked at again.
    pub(super) fn none_while(&self, others: impl FnOnce() -> bool) -> bool {
        let before = *self.counts();
        before.ended == before.begun && others() && self.counts().begun == before.begun
    }

    /// Waits until all that are to be looked at again by now have been, no longer than `patience`.
    pub(super) fn wait(&self, patience: Duration) {
        let mut counts = self.counts();
        let begun = counts.begun;
        self.over.wait_while_for(&mut counts, |counts| counts.ended < begun, patience);
    }

    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock()
    }
}

/// A command to be looked at again.
pub(super) struct Recheck {
    pub(super) candidate: Arc<Candidate>,
    pub(super) context: Arc<SessionContext>,
    _guard: RecheckGuard,
}

impl Recheck {
    /// Says that there is one.
    pub(super) fn new(candidate: &Arc<Candidate>, context: &Arc<SessionContext>) -> Self {
        let (candidate, context) = (Arc::clone(candidate), Arc::clone(context));
        Self { _guard: RecheckGuard::new(&context.rechecks), candidate, context }
    }
}

/// A command is to be looked at again until this is dropped.
struct RecheckGuard(Arc<Rechecks>);

impl RecheckGuard {
    fn new(rechecks: &Arc<Rechecks>) -> Self {
        rechecks.counts().begun += 1;
        Self(Arc::clone(rechecks))
    }
}

impl Drop for RecheckGuard {
    fn drop(&mut self) {
        self.0.counts().ended += 1;
        self.0.over.notify_all();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::thread;
    use std::time::Instant;

    #[test]
    fn who_waits_goes_on_when_those_of_before_are_over() {
        let rechecks = Rechecks::default();
        rechecks.wait(Duration::MAX);
        rechecks.counts().begun = 2;
        let (begun, patience) = (Instant::now(), Duration::from_millis(20));
        rechecks.wait(patience);
        assert!(begun.elapsed() >= patience, "they are waited for");
        assert!(!rechecks.none_while(|| true));
        thread::scope(|scope| {
            let waiting = scope.spawn(|| rechecks.wait(Duration::MAX));
            rechecks.counts().ended = 1;
            rechecks.over.notify_all();
            // One that comes later is not waited for.
            *rechecks.counts() = Counts { begun: 3, ended: 2 };
            rechecks.over.notify_all();
            // It may have come before the other one began to wait.
            rechecks.counts().ended = 3;
            rechecks.over.notify_all();
            waiting.join().unwrap();
        });
        assert!(rechecks.none_while(|| true));
    }
}
