//! Files that change right before a run first touches them, as a configure test's source does.
//!
//! Who looks at a file after the run learns by its times that it has not changed since its first touch, but only if they lie before that
//! touch: kernels stamp files with a clock that moves once in 1 to 10 ms. So such a touch is held until the clock has moved.

use std::fs::Metadata;
use std::os::unix::fs::MetadataExt;
use std::thread;
use std::time::Duration;

use super::sys;

const SECOND_NS: i64 = 1_000_000_000;

/// How long a touch is held at most: two ticks, and a clock that lags by one.
const LONGEST_NS: i64 = 20_000_000;

/// Between two looks at the clock.
const PAUSE: Duration = Duration::from_micros(200);

/// When a run began, by the clock that is ahead of all files' times so far.
#[derive(Debug)]
pub(super) struct Settling {
    began_ns: i64,
}

impl Settling {
    pub(super) fn from_now() -> Self {
        Self { began_ns: sys::now_ns(libc::CLOCK_REALTIME) }
    }

    /// Waits until whatever changes a file gives it a later time than it has. Returns a time in between; nothing for a folder, of a file
    /// that has not changed within the second before the run, or if that takes too long or cannot be told. Nothing, too, of one that has
    /// changed since the run began: somebody may be writing it, and a write has its time from its beginning.
    pub(super) fn wait_for(&self, found: &Metadata) -> Option<i64> {
        let stamp =
            |seconds: i64, nanoseconds: i64| seconds.saturating_mul(SECOND_NS).saturating_add(nanoseconds);
        let changed_ns =
            stamp(found.mtime(), found.mtime_nsec()).max(stamp(found.ctime(), found.ctime_nsec()));
        let since_begin_ns = changed_ns.saturating_sub(self.began_ns);
        if found.is_dir() || !(-SECOND_NS..=0).contains(&since_begin_ns) {
            return None;
        }
        // It is on a file system that has whole seconds only.
        if found.ctime_nsec() == 0 {
            return None;
        }
        loop {
            let now_ns = sys::now_ns(libc::CLOCK_REALTIME_COARSE);
            if now_ns > changed_ns {
                return Some(now_ns);
            }
            if changed_ns.saturating_sub(now_ns) > LONGEST_NS {
                return None;
            }
            thread::sleep(PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;
    use std::time::SystemTime;

    #[test]
    fn what_has_just_changed_is_waited_for() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        for _ in 0..20 {
            fs::write(&path, "1").unwrap();
            let settling = Settling::from_now();
            let found = fs::metadata(&path).unwrap();
            let settled_ns = settling.wait_for(&found).unwrap();
            let changed = |found: &Metadata| (found.ctime(), found.ctime_nsec());
            assert!(changed(&found) < (settled_ns / SECOND_NS, settled_ns % SECOND_NS));
            fs::write(&path, "2").unwrap();
            let after = fs::metadata(&path).unwrap();
            assert!(changed(&after) >= (settled_ns / SECOND_NS, settled_ns % SECOND_NS));
        }
    }

    #[test]
    fn nothing_is_told_of_old_files_and_of_those_that_change_later() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        fs::write(&path, "1").unwrap();
        let settling = Settling { began_ns: sys::now_ns(libc::CLOCK_REALTIME) + 2 * SECOND_NS };
        assert_eq!(settling.wait_for(&fs::metadata(&path).unwrap()), None);
        let settling = Settling::from_now();
        fs::write(&path, "2").unwrap();
        assert_eq!(settling.wait_for(&fs::metadata(&path).unwrap()), None);
        let settling = Settling::from_now();
        let file = fs::File::options().append(true).open(&path).unwrap();
        file.set_modified(SystemTime::now() + Duration::from_mins(1)).unwrap();
        assert_eq!(settling.wait_for(&fs::metadata(&path).unwrap()), None);
        assert_eq!(settling.wait_for(&fs::metadata(folder.path()).unwrap()), None);
    }
}
