//! When to send a failed request again.

use std::time::{Duration, Instant};

use tonic::Status;

use super::Retry;
use super::error::{is_transient, is_transport, retry_delay};

/// No pause is longer, whatever the server asks for: the compiler can always run here instead.
const LONGEST_DELAY: Duration = Duration::from_secs(5);

/// The attempts of one call.
#[derive(Debug)]
pub(super) struct Attempts {
    policy: Retry,
    made: u32,
    /// After this no further attempt begins; `None` if it is further away than time reaches.
    until: Option<Instant>,
}

impl Attempts {
    /// For a call that begins now; none of its attempts but the first begins later than `within` from now.
    pub(super) fn new(policy: &Retry, within: Duration) -> Self {
        Self { policy: policy.clone(), made: 0, until: Instant::now().checked_add(within) }
    }

    /// How long to wait before the next attempt after this failure; `None` when it is final.
    pub(super) fn next(&mut self, status: &Status) -> Option<Duration> {
        // A connection that broke has any code, `CANCELLED` among them.
        let passing = is_transient(status.code()) || is_transport(status);
        if !passing || self.made >= self.policy.limit {
            return None;
        }
        let doubled = self.policy.delay.saturating_mul(1_u32.checked_shl(self.made).unwrap_or(u32::MAX));
        let jittered = doubled.min(LONGEST_DELAY).mul_f64(0.5 + fastrand::f64());
        let delay = retry_delay(status).unwrap_or_default().max(jittered).min(LONGEST_DELAY);
        self.made += 1;
        let in_time = self.until.is_none_or(|until| Instant::now() + delay < until);
        in_time.then_some(delay)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;
    use tonic::Code;
    use tonic_types::{ErrorDetails, StatusExt as _};

    const HOUR: Duration = Duration::from_hours(1);

    fn attempts(limit: u32, within: Duration) -> Attempts {
        Attempts::new(&Retry { limit, delay: Duration::from_millis(100) }, within)
    }

    #[test]
    fn delays_double_around_their_jitter_up_to_the_limit() {
        let mut attempts = attempts(3, HOUR);
        let busy = Status::new(Code::Unavailable, "busy");
        for expected in [100, 200, 400] {
            let delay = attempts.next(&busy).unwrap().as_millis();
            assert!((expected / 2..=expected * 3 / 2).contains(&delay), "{delay} for {expected}");
        }
        assert_eq!(attempts.next(&busy), None);
    }

    #[test]
    fn no_setting_is_too_large() {
        let policy = Retry { limit: u32::MAX, delay: Duration::MAX };
        let mut attempts = Attempts::new(&policy, Duration::MAX);
        assert!(
            (0..100).all(|_| attempts.next(&Status::unavailable("")).is_some_and(|d| d <= LONGEST_DELAY))
        );
    }

    #[test]
    fn what_will_not_pass_is_final() {
        use Code::{FailedPrecondition, InvalidArgument, NotFound, PermissionDenied, Unauthenticated};
        for code in [Unauthenticated, PermissionDenied, InvalidArgument, FailedPrecondition, NotFound] {
            assert_eq!(attempts(3, HOUR).next(&Status::new(code, "no")), None, "{code:?}");
        }
    }

    #[test]
    fn the_server_may_ask_for_a_longer_delay() {
        let after = |wait| {
            let details = ErrorDetails::with_retry_info(Some(wait));
            Status::with_error_details(Code::ResourceExhausted, "quota", details)
        };
        let two = Duration::from_secs(2);
        assert_eq!(attempts(3, HOUR).next(&after(two)), Some(two));
        assert_eq!(attempts(3, HOUR).next(&after(HOUR)), Some(LONGEST_DELAY));
    }

    #[test]
    fn no_attempt_begins_after_the_call_has_taken_its_time() {
        assert_eq!(attempts(3, Duration::ZERO).next(&Status::unavailable("")), None);
    }
}
