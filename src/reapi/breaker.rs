//! A circuit breaker: while a server cannot be reached, calls to it fail at once, so that a build is not slowed by each.

use std::time::{Duration, Instant};

use parking_lot::Mutex;

/// How long calls fail at once after the first failure; doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
/// The longest pause after failures that cost no time: a server that is back is noticed this soon.
const LONGEST_PAUSE: Duration = Duration::from_secs(30);
/// A pause is this many times as long as the failure took: a build spends at most a fifth of its time on waiting in vain.
const REST: u32 = 4;
/// The longest pause after any failure.
const LONGEST_REST: Duration = Duration::from_mins(10);

/// What is known of one server's reachability.
#[derive(Debug, Default)]
pub(super) struct Breaker {
    state: Mutex<Option<Open>>,
}

/// The server could not be reached.
#[derive(Debug, Clone)]
struct Open {
    failures: u32,
    pause: Duration,
    until: Instant,
    why: String,
    /// One call is on its way to find out whether the server is back.
    probing: bool,
}

/// A call that fails at once, and why the last one failed.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("not tried, because it failed just now: {0}")]
pub(super) struct NotTried(String);

impl Breaker {
    /// Whether a call may be tried now; else why the last one failed. After a pause only one call is let through until it
    /// has told how it went, or until another pause has passed.
    pub(super) fn admit(&self, now: Instant) -> Result<(), NotTried> {
        let mut state = self.state();
        match state.as_mut() {
            Some(open) if now < open.until => Err(NotTried(open.why.clone())),
            Some(open) => {
                open.until = now + open.pause;
                open.probing = true;
                Ok(())
            }
            None => Ok(()),
        }
    }

    /// The server answered, whatever it said.
    pub(super) fn reached(&self) {
        *self.state() = None;
    }

    /// The server could not be reached, and this is how long it took to find out.
    pub(super) fn failed(&self, now: Instant, took: Duration, why: &str) {
        let mut state = self.state();
        // Calls that were on their way together fail together, and count once.
        if state.as_ref().is_some_and(|open| now < open.until && !open.probing) {
            return;
        }
        let failures = state.as_ref().map_or(1, |open| open.failures.saturating_add(1));
        let pause = pause(failures).max(took.saturating_mul(REST).min(LONGEST_REST));
        *state = Some(Open { failures, pause, until: now + pause, why: why.to_owned(), probing: false });
    }

    fn state(&self) -> parking_lot::MutexGuard<'_, Option<Open>> {
        self.state.lock()
    }
}

fn pause(failures: u32) -> Duration {
    let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
    FIRST_PAUSE.saturating_mul(doubled).min(LONGEST_PAUSE)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: Duration = Duration::from_secs(1);

    #[test]
    fn pauses_grow_and_end_with_an_answer() {
        let breaker = Breaker::default();
        let start = Instant::now();
        assert!(breaker.admit(start).is_ok());
        breaker.failed(start, Duration::ZERO, "refused");
        assert_eq!(breaker.admit(start + SECOND / 2), Err(NotTried("refused".to_owned())));
        let later = start + SECOND;
        assert!(breaker.admit(later).is_ok(), "one call probes");
        assert!(breaker.admit(later).is_err(), "the others do not");
        breaker.failed(later, Duration::ZERO, "refused");
        assert!(breaker.admit(later + SECOND).is_err(), "the second pause is longer");
        assert!(breaker.admit(later + 2 * SECOND).is_ok());
        breaker.reached();
        assert!(breaker.admit(later + 2 * SECOND).is_ok());
        assert!(breaker.admit(later + 2 * SECOND).is_ok());
    }

    #[test]
    fn what_failed_after_a_long_time_is_left_alone_for_longer() {
        let breaker = Breaker::default();
        let start = Instant::now();
        breaker.failed(start, 30 * SECOND, "silence");
        assert!(breaker.admit(start + 119 * SECOND).is_err());
        assert!(breaker.admit(start + 120 * SECOND).is_ok());
        assert!(breaker.admit(start + 239 * SECOND).is_err(), "the one that probes may take as long again");
        breaker.failed(start + 240 * SECOND, Duration::MAX, "silence");
        assert!(breaker.admit(start + 840 * SECOND).is_ok());
    }

    #[test]
    fn no_pause_is_longer_than_half_a_minute() {
        assert_eq!([1, 2, 5, 6, 40, u32::MAX].map(|n| pause(n).as_secs()), [1, 2, 16, 30, 30, 30]);
    }
}
