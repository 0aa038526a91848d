//! The mark of a companion that does not answer: who finds it runs the compiler at once, and does not wait as long as the first.
//!
//! A companion that is alive removes it twice a second, so that a mark which is wrong, or late, costs a moment.

use crate::sys::{file, process, wall_clock};
use crate::wire::Bytes;
use core::time::Duration;

/// How long a mark is believed. Then one shim tries again, and renews it before it does.
const GOOD_FOR: Duration = Duration::from_secs(30);

/// Returns where the mark of the companion at `socket` is.
pub fn mark_of(socket: &[u8]) -> Bytes {
    [socket, b".hung"].concat()
}

/// Returns whether a shim has lately found that the companion does not answer.
pub(crate) fn is_marked(socket: &[u8]) -> bool {
    // Another user's means nothing: whoever may write to /tmp could have put it there.
    let found =
        file::lstat(&mark_of(socket)).ok().filter(|stat| stat.is_file() && stat.uid == process::user());
    let Some(found) = found else { return false };
    let age = wall_clock().checked_sub(found.modified);
    let fresh = age.is_some_and(|age| age < GOOD_FOR);
    if !fresh {
        mark(socket);
    }
    fresh
}

/// Leaves the mark. It does not matter if that fails.
pub fn mark(socket: &[u8]) {
    let path = mark_of(socket);
    let _ = file::unlink(&path);
    let _ = file::open(&path, libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL, 0o600);
}
