//! A moment in UTC, as logs and pages write it.

use std::fmt;
use std::mem::MaybeUninit;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// A moment, taken apart, in UTC.
pub struct Moment {
    parts: libc::tm,
    milliseconds: u32,
}

impl Moment {
    /// This one.
    pub fn now() -> Self {
        Self::at(SystemTime::now())
    }

    /// That of a clock.
    pub fn at(time: SystemTime) -> Self {
        Self::after_epoch(time.duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    /// So long after the epoch.
    pub fn after_epoch(since: Duration) -> Self {
        let seconds = since.as_secs() as libc::time_t;
        let mut parts = MaybeUninit::<libc::tm>::zeroed();
        // SAFETY: both pointers are good for the call; all zeroes, which it leaves on failure, are a valid `tm`.
        let parts = unsafe {
            libc::gmtime_r(&raw const seconds, parts.as_mut_ptr());
            parts.assume_init()
        };
        Self { parts, milliseconds: since.subsec_millis() }
    }

    /// For names of files: `20261122-194959`.
    pub fn compact(&self) -> String {
        let tm = &self.parts;
        let (year, month) = (tm.tm_year + 1900, tm.tm_mon + 1);
        format!("{year:04}{month:02}{:02}-{:02}{:02}{:02}", tm.tm_mday, tm.tm_hour, tm.tm_min, tm.tm_sec)
    }

    /// For people: `2026-11-22 19:49 UTC`.
    pub fn to_the_minute(&self) -> String {
        let tm = &self.parts;
        let (year, month) = (tm.tm_year + 1900, tm.tm_mon + 1);
        format!("{year:04}-{month:02}-{:02} {:02}:{:02} UTC", tm.tm_mday, tm.tm_hour, tm.tm_min)
    }
}

/// As recc writes it: `2026-11-22T19:49:59.105+0000`.
impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let tm = &self.parts;
        let (year, month) = (tm.tm_year + 1900, tm.tm_mon + 1);
        write!(f, "{year:04}-{month:02}-{:02}T", tm.tm_mday)?;
        write!(f, "{:02}:{:02}:{:02}.{:03}+0000", tm.tm_hour, tm.tm_min, tm.tm_sec, self.milliseconds)
    }
}

#[cfg(test)]
mod tests {
    use super::Moment;
    use std::time::Duration;

    #[test]
    fn it_is_written_in_three_ways() {
        let moment = Moment::after_epoch(Duration::from_millis(1_795_376_999_105));
        assert_eq!(moment.to_string(), "2026-11-22T19:49:59.105+0000");
        assert_eq!(moment.compact(), "20261122-194959");
        assert_eq!(moment.to_the_minute(), "2026-11-22 19:49 UTC");
    }
}
