//! Presence: the blobs that a server was seen to have, so that it is not asked about the same headers for every compile.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use parking_lot::{Mutex, MutexGuard};
use tonic::Code;

use super::GridError;
use crate::base::digest::Digest;

/// How long a blob counts as there. REAPI asks servers to keep what was looked up or added lately for later calls.
const LIFETIME: Duration = Duration::from_mins(5);
/// More than a distribution's largest element has; some 100 MB.
const MOST: usize = 1_000_000;

/// Blobs, and when they were there.
#[derive(Debug, Default)]
pub(super) struct Presence {
    seen: Mutex<HashMap<Digest, Instant>>,
}

impl Presence {
    /// Whether the server had the blob not long before `now`.
    pub(super) fn knows(&self, blob: &Digest, now: Instant) -> bool {
        self.seen().get(blob).is_some_and(|seen| now.saturating_duration_since(*seen) < LIFETIME)
    }

    /// Notes that the server has these.
    pub(super) fn note(&self, blobs: impl Iterator<Item = Digest>, now: Instant) {
        let mut seen = self.seen();
        if seen.len() > MOST {
            seen.clear();
        }
        seen.extend(blobs.map(|blob| (blob, now)));
    }

    /// Forgets what a failed execution makes doubtful. Servers name missing inputs in different ways, or not at all.
    pub(super) fn doubt(&self, error: &GridError) {
        let named = error.missing_blobs();
        if named.is_empty() && error.code != Code::Cancelled {
            self.seen().clear();
        }
        let mut seen = self.seen();
        for blob in named {
            seen.remove(blob);
        }
    }

    fn seen(&self) -> MutexGuard<'_, HashMap<Digest, Instant>> {
        self.seen.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_seen_is_known_until_it_is_old_or_doubtful() {
        let presence = Presence::default();
        let (one, other) = (Digest::of(b"one"), Digest::of(b"other"));
        let now = Instant::now();
        presence.note([one, other].into_iter(), now);
        assert!(presence.knows(&one, now));
        assert!(!presence.knows(&one, now + LIFETIME));
        let error = |code| GridError::new(code, "Execute", &"unix:/x".into(), "");
        presence.doubt(&error(Code::Cancelled));
        assert!(presence.knows(&one, now));
        presence.doubt(&error(Code::NotFound));
        assert!(!presence.knows(&one, now) && !presence.knows(&other, now));
    }
}
