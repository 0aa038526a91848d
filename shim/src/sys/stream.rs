//! What the kernel says of an open standard stream: what it is, and whether it takes bytes.

use super::{Result, check, terminal};
use core::ffi::c_int;
use core::mem::zeroed;

/// What a stream is open on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A pipe, a socket, a terminal or `/dev/null`: it takes all bytes for as long as somebody is at its other end.
    Passage,
    /// A regular file.
    File,
    /// Anything else.
    Device,
}

/// Returns what the descriptor is open on.
pub fn kind(number: c_int) -> Result<Kind> {
    // SAFETY: all zeros are a valid `stat`.
    let mut stat: libc::stat = unsafe { zeroed() };
    // SAFETY: the buffer is a `stat`; a bad number is an error, not a fault.
    check(unsafe { libc::fstat(number, &raw mut stat) })?;
    // Its numbers are the kernel's own (Documentation/admin-guide/devices.txt).
    let is_null = stat.st_rdev == libc::makedev(1, 3);
    Ok(match stat.st_mode & libc::S_IFMT {
        libc::S_IFIFO | libc::S_IFSOCK => Kind::Passage,
        libc::S_IFCHR if is_null || terminal::is_terminal(number) => Kind::Passage,
        libc::S_IFREG => Kind::File,
        _ => Kind::Device,
    })
}

/// Returns whether the descriptor is open for writing.
pub fn is_writable(number: c_int) -> bool {
    // SAFETY: asking for a descriptor's flags changes nothing; a bad number is an error.
    check(unsafe { libc::fcntl(number, libc::F_GETFL) })
        .is_ok_and(|flags| flags & libc::O_ACCMODE != libc::O_RDONLY)
}

/// Returns how many bytes the descriptor's file system has left for this user; nothing where it does not say.
pub fn free_bytes(number: c_int) -> Option<u64> {
    // SAFETY: all zeros are a valid `statvfs`.
    let mut stat: libc::statvfs = unsafe { zeroed() };
    // SAFETY: the buffer is a `statvfs`; a bad number is an error, not a fault.
    check(unsafe { libc::fstatvfs(number, &raw mut stat) }).ok()?;
    (stat.f_blocks != 0).then(|| stat.f_bavail.saturating_mul(stat.f_frsize))
}

/// Returns whether this process may write files of any size (`RLIMIT_FSIZE`).
pub fn is_size_unlimited() -> bool {
    let mut limit = libc::rlimit { rlim_cur: 0, rlim_max: 0 };
    // SAFETY: the buffer is an `rlimit`.
    check(unsafe { libc::getrlimit(libc::RLIMIT_FSIZE, &raw mut limit) })
        .is_ok_and(|_| limit.rlim_cur == libc::RLIM_INFINITY)
}
