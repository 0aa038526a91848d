//! Noted: a file that the build has made, as its commands have read it.

use crate::base::digest::Digest;

/// What a command has read of what the build has made.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Noted {
    /// Its content.
    pub(super) content: Digest,
    /// When it was made, nanoseconds since the epoch.
    pub(super) made_ns: i64,
}
