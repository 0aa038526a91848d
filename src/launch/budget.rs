//! Budget: what the launches of a session may cost, and what they have cost.

use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use crate::cache::outcome::Outcome;

/// What the launches of one session may cost; without limits by default.
#[derive(Debug, Default)]
pub struct Budget {
    cpu: Option<Duration>,
    bytes: Option<u64>,
    spent: Mutex<Spent>,
}

/// What launches have cost.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spent {
    /// CPU time: what each took, or had taken before where that is not known, as while it runs or on a grid.
    pub cpu: Duration,
    /// Bytes: outputs that they left, and what was sent to a grid for them.
    pub bytes: u64,
}

impl Budget {
    /// A budget of so much CPU time and so many bytes; `None` is no limit.
    pub fn new(cpu: Option<Duration>, bytes: Option<u64>) -> Self {
        Self { cpu, bytes, spent: Mutex::default() }
    }

    /// Pays for a launch that is about to be executed; the setting that forbids it, if one does.
    ///
    /// Bytes are known afterwards alone, so that what is in flight may go beyond the limit.
    pub(super) fn begin(&self, expected: Duration) -> Result<(), &'static str> {
        let mut spent = self.lock();
        if self.cpu.is_some_and(|limit| spent.cpu + expected > limit) {
            return Err("max_launch_cpu");
        }
        if self.bytes.is_some_and(|limit| spent.bytes >= limit) {
            return Err("max_launch_size");
        }
        spent.cpu += expected;
        Ok(())
    }

    /// Puts what a launch took in place of what was `paid`.
    pub(super) fn took(&self, paid: Duration, cpu: Duration) {
        let mut spent = self.lock();
        spent.cpu = (spent.cpu + cpu).saturating_sub(paid);
    }

    /// Counts what a launch has left.
    pub(super) fn left(&self, outcome: &Outcome) {
        self.sent(outcome.files.iter().map(|file| file.digest.size).sum());
    }

    /// Counts bytes that went to a grid.
    pub(super) fn sent(&self, bytes: u64) {
        self.lock().bytes += bytes;
    }

    /// What has been spent so far.
    pub fn spent(&self) -> Spent {
        *self.lock()
    }

    fn lock(&self) -> MutexGuard<'_, Spent> {
        self.spent.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn what_would_go_beyond_the_limit_is_not_begun() {
        let budget = Budget::new(Some(3 * SECOND), Some(100));
        assert_eq!((budget.begin(2 * SECOND), budget.begin(2 * SECOND)), (Ok(()), Err("max_launch_cpu")));
        budget.took(2 * SECOND, SECOND);
        assert_eq!(budget.begin(2 * SECOND), Ok(()));
        budget.sent(100);
        assert_eq!(budget.begin(Duration::ZERO), Err("max_launch_size"));
        assert_eq!(budget.spent(), Spent { cpu: 3 * SECOND, bytes: 100 });
    }

    #[test]
    fn without_limits_everything_goes() {
        let budget = Budget::default();
        budget.sent(u64::MAX / 2);
        assert_eq!(budget.begin(1_000_000 * SECOND), Ok(()));
    }
}
