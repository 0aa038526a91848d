//! Waits: who waits until what is launched in a session has come to rest.

use std::time::{Duration, Instant};

use parking_lot::{Condvar, Mutex, MutexGuard};

/// Requests to be told of rest. The one who launches answers those that came before it looked at the files.
#[derive(Debug, Default)]
pub(crate) struct Waits {
    inner: Mutex<Inner>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct Inner {
    /// How many there were.
    asked: u64,
    /// How many of them were answered.
    answered: u64,
    /// Whether nothing is launched any more.
    over: bool,
}

impl Waits {
    /// Asks, has `wake` wake the one who answers, and waits for the answer; false when none comes within `patience`.
    pub(super) fn wait(&self, wake: impl FnOnce(), patience: Duration) -> bool {
        let until = Instant::now() + patience;
        let number = {
            let mut inner = self.inner();
            inner.asked += 1;
            inner.asked
        };
        wake();
        let mut inner = self.inner();
        while !inner.over && inner.answered < number {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return false;
            }
            self.news.wait_for(&mut inner, left);
        }
        true
    }

    /// How many have asked by now, if one of them waits.
    pub(super) fn asked(&self) -> Option<u64> {
        let inner = self.inner();
        (inner.answered < inner.asked).then_some(inner.asked)
    }

    /// Answers so many.
    pub(super) fn answer(&self, asked: u64) {
        self.inner().answered = asked;
        self.news.notify_all();
    }

    /// Answers all, whenever they ask.
    pub(super) fn end(&self) {
        self.inner().over = true;
        self.news.notify_all();
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_waits_for_an_answer_of_later() {
        let waits = Waits::default();
        assert_eq!(waits.asked(), None);
        assert!(!waits.wait(|| assert_eq!(waits.asked(), Some(1)), Duration::ZERO));
        assert!(waits.wait(|| waits.answer(2), Duration::ZERO));
        assert!(!waits.wait(|| waits.answer(2), Duration::ZERO), "that was for those before");
        waits.end();
        assert!(waits.wait(|| (), Duration::ZERO));
    }
}
