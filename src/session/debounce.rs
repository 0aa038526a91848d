//! Rest: which of the awaited files are written to their end.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use crate::base::paths::PathId;
use crate::inputs::stamp::Stamp;

/// A file that nobody says is whole counts as whole when it looks the same for this long. A build system takes longer than
/// this from writing a file to compiling what reads it.
pub(super) const QUIET: Duration = Duration::from_millis(25);

/// How many times as long a file that is written again and again may have to stay unchanged.
const MOST_TIMES: u32 = 40;

/// A file that was opened and not closed for this long is looked at all the same.
const OPEN_FOR: Duration = Duration::from_mins(1);

/// The files that were written lately.
#[derive(Debug, Default)]
pub(super) struct Rest {
    waiting: HashMap<PathId, Wait>,
    /// Files that somebody has begun to write, since when.
    open: HashMap<PathId, Instant>,
    /// How often each has come to rest.
    times: HashMap<PathId, u32>,
}

#[derive(Debug, Clone, Copy)]
struct Wait {
    due: Instant,
    /// What it must look like still; nothing when the kernel has said that it is whole.
    stamp: Option<Stamp>,
}

impl Rest {
    /// Somebody has begun to write it.
    pub(super) fn begun(&mut self, path: PathId, now: Instant) {
        self.waiting.remove(&path);
        self.open.insert(path, now);
    }

    /// Who wrote it has closed it, or moved it into its place. The first time it counts at once; who writes a file in many
    /// steps is waited for.
    pub(super) fn written(&mut self, path: PathId, now: Instant) {
        self.open.remove(&path);
        let times = self.times.get(&path).copied().unwrap_or(0).min(MOST_TIMES);
        self.waiting.insert(path, Wait { due: now + QUIET * times, stamp: None });
    }

    /// It looks so, and nobody says whether it is whole.
    pub(super) fn noticed(&mut self, path: PathId, stamp: Stamp, now: Instant) {
        let is_open = self.open.get(&path).is_some_and(|since| now.duration_since(*since) < OPEN_FOR);
        if !is_open && !self.waiting.contains_key(&path) {
            self.waiting.insert(path, Wait { due: now + QUIET, stamp: Some(stamp) });
        }
    }

    /// It is not there any more.
    pub(super) fn gone(&mut self, path: PathId) {
        self.open.remove(&path);
        self.waiting.remove(&path);
    }

    /// Takes out those that have come to rest.
    pub(super) fn ripe(&mut self, now: Instant, stat: impl Fn(PathId) -> Option<Stamp>) -> Vec<PathId> {
        let due: Vec<_> =
            self.waiting.iter().filter(|(_, wait)| wait.due <= now).map(|(path, _)| *path).collect();
        due.into_iter().filter(|&path| self.is_ripe(path, now, stat(path))).collect()
    }

    fn is_ripe(&mut self, path: PathId, now: Instant, found: Option<Stamp>) -> bool {
        let Some(wait) = self.waiting.remove(&path) else { return false };
        match (wait.stamp, found) {
            (_, None) => false,
            (Some(before), Some(found)) if before != found => {
                self.noticed(path, found, now);
                false
            }
            (_, Some(_)) => {
                *self.times.entry(path).or_default() += 1;
                true
            }
        }
    }

    /// When to ask again.
    pub(super) fn next(&self) -> Option<Instant> {
        self.waiting.values().map(|wait| wait.due).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::base::paths::Paths;

    fn stamp(size: u64) -> Stamp {
        Stamp { dev: 1, ino: 1, size, mtime_ns: 0, ctime_ns: 0, mode: libc::S_IFREG, mount: 1 }
    }

    #[test]
    fn what_the_kernel_calls_whole_counts_at_once_and_then_more_slowly() {
        let (path, begin) = (Paths::default().intern("/b/config.h"), Instant::now());
        let mut rest = Rest::default();
        rest.begun(path, begin);
        rest.noticed(path, stamp(0), begin);
        assert!(rest.next().is_none(), "half written");
        rest.written(path, begin);
        assert_eq!(rest.ripe(begin, |_| Some(stamp(1))), [path]);
        rest.written(path, begin);
        assert!(rest.ripe(begin, |_| Some(stamp(2))).is_empty());
        assert_eq!(rest.ripe(begin + QUIET, |_| Some(stamp(2))), [path]);
    }

    #[test]
    fn what_nobody_speaks_of_must_look_the_same_for_a_while() {
        let (path, begin) = (Paths::default().intern("/b/config.h"), Instant::now());
        let mut rest = Rest::default();
        rest.noticed(path, stamp(1), begin);
        assert!(rest.ripe(begin, |_| Some(stamp(1))).is_empty());
        assert!(rest.ripe(begin + QUIET, |_| Some(stamp(2))).is_empty(), "it has grown");
        assert_eq!(rest.ripe(begin + 2 * QUIET, |_| Some(stamp(2))), [path]);
        rest.noticed(path, stamp(3), begin);
        rest.gone(path);
        assert!(rest.next().is_none());
    }
}
