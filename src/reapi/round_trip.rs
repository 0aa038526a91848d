//! A round trip: what it costs to have a grid run a command beside the command itself.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use bazel_remote_apis::google::protobuf::Timestamp;

/// So many executions say what a trip costs; the first ones also pay for connections and workers that start.
const SAMPLES: u32 = 8;
/// The weight of one execution more.
const WEIGHT: f64 = 0.1;

/// A moving average over executions that ended well.
#[derive(Debug, Default)]
pub(crate) struct RoundTrip {
    samples: u32,
    average_s: f64,
}

/// What a worker says of one execution (`ExecutedActionMetadata`).
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Times {
    /// How long it waited for the worker.
    pub(crate) queued: Option<Duration>,
    /// How long the command itself ran.
    pub(crate) ran: Option<Duration>,
}

impl Times {
    pub(crate) fn of(result: &reapi::ActionResult) -> Self {
        let Some(told) = &result.execution_metadata else { return Self::default() };
        Self {
            queued: between(told.queued_timestamp.as_ref(), told.worker_start_timestamp.as_ref()),
            ran: between(
                told.execution_start_timestamp.as_ref(),
                told.execution_completed_timestamp.as_ref(),
            ),
        }
    }
}

impl RoundTrip {
    /// Learns from an execution that took this long as seen from here. One whose worker does not say how long it ran teaches nothing.
    pub(crate) fn learn(&mut self, took: Duration, times: Times) {
        let Some(ran) = times.ran else { return };
        let cost = took.saturating_sub(ran).saturating_sub(times.queued.unwrap_or_default()).as_secs_f64();
        self.samples = self.samples.saturating_add(1);
        let weight = WEIGHT.max(1.0 / f64::from(self.samples));
        self.average_s += (cost - self.average_s) * weight;
    }

    /// What a trip costs; `None` before enough is known.
    pub(crate) fn cost(&self) -> Option<Duration> {
        (self.samples >= SAMPLES).then(|| Duration::from_secs_f64(self.average_s.max(0.0)))
    }
}

/// Whether a launch that runs for so long is done sooner here, after so many turns of launches like it, than a trip of this cost is made.
pub(crate) fn is_sooner_here(wall: Duration, turns: usize, cost: Duration) -> bool {
    let turns = u32::try_from(turns).unwrap_or(u32::MAX).saturating_add(1);
    !wall.is_zero() && wall.saturating_mul(turns) < cost
}

/// Traced commands that a grid on this machine is given before it is known what a trip costs: they are small, and their input roots are large.
#[derive(Debug, Default)]
pub(crate) struct Trials(AtomicU32);

impl Trials {
    /// Begins one more, unless there were enough.
    pub(crate) fn begin(&self) -> bool {
        self.0.fetch_add(1, Ordering::Relaxed) < SAMPLES
    }
}

/// Unset stamps and clocks that were set back say nothing.
fn between(from: Option<&Timestamp>, to: Option<&Timestamp>) -> Option<Duration> {
    let since_epoch = |stamp: &Timestamp| {
        let whole = Duration::from_secs(u64::try_from(stamp.seconds).ok()?);
        whole.checked_add(Duration::from_nanos(u64::try_from(stamp.nanos).ok()?))
    };
    let from = from.and_then(since_epoch).filter(|from| !from.is_zero())?;
    to.and_then(since_epoch)?.checked_sub(from)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_waits_for_long_takes_the_trip() {
        let sooner =
            |wall, turns| is_sooner_here(Duration::from_millis(wall), turns, Duration::from_millis(100));
        assert!(sooner(30, 0) && sooner(30, 2) && !sooner(30, 3) && !sooner(100, 0));
        assert!(!sooner(0, 0), "nothing is known of it");
        assert!(!sooner(30, usize::MAX));
    }

    #[test]
    fn trials_are_few() {
        let trials = Trials::default();
        assert_eq!((0..100).filter(|_| trials.begin()).count(), SAMPLES as usize);
    }

    fn stamp(nanos: i32) -> Timestamp {
        Timestamp { seconds: 1_000, nanos }
    }

    fn result(ran: i32) -> reapi::ActionResult {
        let metadata = reapi::ExecutedActionMetadata {
            queued_timestamp: Some(stamp(0)),
            worker_start_timestamp: Some(stamp(10_000_000)),
            execution_start_timestamp: Some(stamp(20_000_000)),
            execution_completed_timestamp: Some(stamp(20_000_000 + ran)),
            ..Default::default()
        };
        reapi::ActionResult { execution_metadata: Some(metadata), ..Default::default() }
    }

    #[test]
    fn neither_the_queue_nor_the_command_is_part_of_the_trip() {
        let times = Times::of(&result(30_000_000));
        assert_eq!(times.queued, Some(Duration::from_millis(10)));
        assert_eq!(times.ran, Some(Duration::from_millis(30)));
        let mut round_trip = RoundTrip::default();
        for _ in 0..SAMPLES {
            assert_eq!(round_trip.cost(), None);
            round_trip.learn(Duration::from_millis(60), times);
        }
        assert_eq!(round_trip.cost().map(|cost| cost.as_millis()), Some(20));
        // It follows a grid that has moved away.
        (0..50).for_each(|_| round_trip.learn(Duration::from_millis(140), times));
        assert!((99..=100).contains(&round_trip.cost().unwrap().as_millis()), "{:?}", round_trip.cost());
    }

    #[test]
    fn who_says_nothing_teaches_nothing() {
        let mut round_trip = RoundTrip::default();
        let unset = reapi::ExecutedActionMetadata {
            execution_start_timestamp: Some(Timestamp::default()),
            execution_completed_timestamp: Some(Timestamp::default()),
            ..Default::default()
        };
        for result in [
            reapi::ActionResult::default(),
            reapi::ActionResult { execution_metadata: Some(unset), ..Default::default() },
            result(-1),
        ] {
            (0..50).for_each(|_| round_trip.learn(Duration::from_secs(1), Times::of(&result)));
        }
        assert_eq!(round_trip.cost(), None);
    }
}
