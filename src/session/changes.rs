//! Changes of what is remembered of a session's element, and when to take them to where the next sandbox finds them.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

/// Changes are written out after this long without a further one: a sandbox may end without notice.
const LULL: Duration = Duration::from_millis(100);
/// If changes keep coming, they are written out after this long. Many elements are built in a few seconds.
const LONGEST: Duration = Duration::from_millis(500);

/// What has changed since it was taken along last.
#[derive(Debug, Default)]
pub(crate) struct Changes {
    inner: Mutex<Inner>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    /// The first change and the latest one.
    since: Option<(Instant, Instant)>,
    /// Whether somebody takes them along.
    carried: bool,
    ending: bool,
    done: bool,
}

/// Why changes are to be taken along.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Due {
    /// It has been long enough.
    Now,
    /// There will be no more.
    Last,
}

impl Changes {
    /// Notes a change.
    pub(crate) fn note(&self) {
        let now = Instant::now();
        let mut inner = self.inner();
        let before = inner.since.map(|(first, _)| first);
        inner.since = Some((before.unwrap_or(now), now));
        if before.is_none() {
            self.news.notify_all();
        }
    }

    /// Says that from now on somebody waits for changes.
    pub(super) fn carry(&self) {
        self.inner().carried = true;
    }

    /// Waits until changes are to be taken along, but not before `rest` has passed; they count as taken then.
    pub(super) fn next(&self, rest: Duration) -> Due {
        let rested = Instant::now() + rest;
        let mut inner = self.inner();
        while !inner.ending {
            let now = Instant::now();
            let due = inner.since.map(|(first, last)| (last + LULL).min(first + LONGEST).max(rested));
            match due {
                Some(due) if due <= now => {
                    inner.since = None;
                    return Due::Now;
                }
                Some(due) => drop(self.news.wait_for(&mut inner, due - now)),
                None => self.news.wait(&mut inner),
            }
        }
        Due::Last
    }

    /// Says that there will be no more.
    pub(crate) fn end(&self) {
        self.inner().ending = true;
        self.news.notify_all();
    }

    /// Says that the last ones were taken along.
    pub(super) fn done(&self) {
        self.inner().done = true;
        self.news.notify_all();
    }

    /// Waits for that, no longer than `patience`.
    pub(super) fn wait_until_done(&self, patience: Duration) {
        let until = Instant::now() + patience;
        let mut inner = self.inner();
        while inner.carried && !inner.done {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            self.news.wait_for(&mut inner, left);
        }
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_due_after_a_lull_and_at_the_end() {
        let changes = Changes::default();
        changes.carry();
        let begun = Instant::now();
        changes.note();
        changes.note();
        assert_eq!(changes.next(Duration::ZERO), Due::Now);
        assert!(begun.elapsed() >= LULL);
        changes.note();
        let rest = LULL * 2;
        let begun = Instant::now();
        assert_eq!(changes.next(rest), Due::Now);
        assert!(begun.elapsed() >= rest);
        changes.end();
        assert_eq!(changes.next(LONGEST * 1000), Due::Last);
        changes.done();
        changes.wait_until_done(LONGEST * 1000);
    }

    #[test]
    fn nobody_waits_for_changes_that_nobody_takes_along() {
        let changes = Changes::default();
        changes.note();
        changes.end();
        changes.wait_until_done(LONGEST * 1000);
    }
}
