//! The clock that file systems stamp files with.

use nix::time::{ClockId, clock_gettime};

/// How much later than a file's times the clock must be before "unchanged" can be told from "changed in the same
/// tick": the kernel stamps files with its coarse clock, whose tick is at most 10 ms (`CONFIG_HZ=100`); doubled.
pub const RACY_NS: i64 = 20_000_000;

/// `CLOCK_REALTIME_COARSE`, nanoseconds since the epoch: never later than a stamp the kernel gives afterwards.
pub fn coarse_now_ns() -> i64 {
    clock_gettime(ClockId::CLOCK_REALTIME_COARSE)
        .map_or(0, |time| time.tv_sec().saturating_mul(1_000_000_000).saturating_add(time.tv_nsec()))
}
