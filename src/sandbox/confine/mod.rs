//! Confinement: what runs that nobody asked for has no effect outside of its view, whatever program it is.
//!
//! It is the first process of namespaces of its own (mounts, processes, System V's and POSIX's queues), sees all but its view
//! read-only, has no rights over others, may write below its view only whichever way a path takes (Landlock), and is ended when
//! it makes a call that goes past all of these (seccomp). With it ends all that it has started.

pub(crate) mod filter;
mod landlock;
pub(crate) mod mounts;
mod rights;
pub(crate) mod spawn;
#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests;
mod users;

use std::ffi::CString;
use std::io;
use std::sync::OnceLock;

pub(super) use mounts::Sight;

/// In what a job is confined.
#[derive(Debug)]
pub(crate) enum Room {
    /// Namespaces of its own; `Unmapped` where its user cannot be itself in a namespace, and may make files all the same.
    Own(Sight, Users),
    /// None can be had: below these folders alone it may write, if the kernel has Landlock.
    Shared(Vec<CString>),
}

/// What becomes of a user in a user namespace.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Users {
    /// It is the same there.
    Same,
    /// It may be nobody there.
    Nobody,
}

/// The version of Landlock that the kernel has; 0 for none.
fn landlock_version() -> u32 {
    static VERSION: OnceLock<u32> = OnceLock::new();
    *VERSION.get_or_init(landlock::version)
}

fn check(value: libc::c_long) -> io::Result<libc::c_long> {
    if value == -1 { Err(io::Error::last_os_error()) } else { Ok(value) }
}
