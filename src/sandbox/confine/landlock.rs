//! Landlock (`landlock(7)`): nothing is written to outside of a list of folders, on whichever mount, of whichever kind.
//!
//! A read-only mount stops no write to a FIFO, a device, or a file that another process's `/proc/PID/root` leads to.

use std::ffi::CStr;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::{io, ptr};

use super::check;

/// The calls have these numbers on every machine (Linux 5.13).
const CREATE_RULESET: libc::c_long = 444;
const ADD_RULE: libc::c_long = 445;
const RESTRICT_SELF: libc::c_long = 446;

/// `LANDLOCK_CREATE_RULESET_VERSION`, `LANDLOCK_RULE_PATH_BENEATH`.
const VERSION: libc::c_ulong = 1;
const PATH_BENEATH: libc::c_ulong = 1;

/// The rights on files, as linux/landlock.h numbers them.
mod right {
    pub(super) const WRITE_FILE: u64 = 1 << 1;
    /// `REMOVE_DIR`, `REMOVE_FILE`, `MAKE_DIR`, `MAKE_REG`, `MAKE_SOCK`, `MAKE_FIFO`, `MAKE_SYM`.
    pub(super) const CHANGE_FOLDER: u64 = 1 << 4 | 1 << 5 | 1 << 7 | 1 << 8 | 1 << 9 | 1 << 10 | 1 << 12;
    /// `MAKE_CHAR`, `MAKE_BLOCK`.
    pub(super) const MAKE_DEVICE: u64 = 1 << 6 | 1 << 11;
    pub(super) const REFER: u64 = 1 << 13;
    pub(super) const TRUNCATE: u64 = 1 << 14;
    pub(super) const IOCTL_DEV: u64 = 1 << 15;
}

/// `BIND_TCP`, `CONNECT_TCP`.
const TCP: u64 = 1 | 1 << 1;
/// `LANDLOCK_SCOPE_ABSTRACT_UNIX_SOCKET`, `LANDLOCK_SCOPE_SIGNAL`.
const ABSTRACT_SOCKETS: u64 = 1;
const SIGNALS: u64 = 1 << 1;

/// The devices that anybody may write to: nothing comes of it.
const SINKS: [&CStr; 3] = [c"/dev/null", c"/dev/zero", c"/dev/full"];

/// `struct landlock_ruleset_attr`.
#[repr(C)]
struct Attributes {
    files: u64,
    net: u64,
    scoped: u64,
}

/// `struct landlock_path_beneath_attr`.
#[repr(C, packed)]
struct Beneath {
    allowed: u64,
    folder: RawFd,
}

/// The version of Landlock that the kernel has; 0 for none.
pub(super) fn version() -> u32 {
    // SAFETY: with this flag the call takes no structure and makes nothing.
    let version = unsafe { libc::syscall(CREATE_RULESET, ptr::null::<Attributes>(), 0, VERSION) };
    u32::try_from(version).unwrap_or_default()
}

/// Has this thread, and all that come of it, write below these folders only. It can gain no rights by executing a program.
///
/// Makes system calls only: it may be called between a fork and an exec.
pub(super) fn restrict<'a>(
    version: u32,
    writable: impl Iterator<Item = &'a CStr>,
    sockets: bool,
) -> io::Result<()> {
    let handled = handled(version);
    let attributes = Attributes {
        files: handled,
        net: if version >= 4 && !sockets { TCP } else { 0 },
        scoped: match version {
            0..6 => 0,
            _ if sockets => SIGNALS,
            _ => SIGNALS | ABSTRACT_SOCKETS,
        },
    };
    // Each version knows the structure up to its own members.
    let size = match version {
        0..4 => 8,
        4..6 => 16,
        _ => size_of::<Attributes>(),
    };
    // SAFETY: the structure is at least `size` bytes long, and lives through the call.
    let ruleset = unsafe {
        let number = check(libc::syscall(CREATE_RULESET, &raw const attributes, size, 0))?;
        OwnedFd::from_raw_fd(number as RawFd)
    };
    for folder in writable {
        allow(&ruleset, folder, handled & !right::MAKE_DEVICE)?;
    }
    for sink in SINKS {
        let allowed = handled & (right::WRITE_FILE | right::TRUNCATE | right::IOCTL_DEV);
        match allow(&ruleset, sink, allowed) {
            Err(error) if error.raw_os_error() == Some(libc::ENOENT) => {}
            other => other?,
        }
    }
    // SAFETY: system calls on integers.
    unsafe { check(libc::syscall(RESTRICT_SELF, ruleset.as_raw_fd(), 0)).map(drop) }
}

/// Every right to change anything that this version knows.
fn handled(version: u32) -> u64 {
    let since = |first: u32, right: u64| if version >= first { right } else { 0 };
    right::WRITE_FILE
        | right::CHANGE_FOLDER
        | right::MAKE_DEVICE
        | since(2, right::REFER)
        | since(3, right::TRUNCATE)
        | since(5, right::IOCTL_DEV)
}

fn allow(ruleset: &OwnedFd, path: &CStr, allowed: u64) -> io::Result<()> {
    // SAFETY: the text ends with a NUL; the descriptor is owned from here on.
    let folder = unsafe {
        let number = check(libc::open(path.as_ptr(), libc::O_PATH | libc::O_CLOEXEC).into())?;
        OwnedFd::from_raw_fd(number as RawFd)
    };
    let beneath = Beneath { allowed, folder: folder.as_raw_fd() };
    // SAFETY: the structure is the one that this type of rule takes.
    unsafe {
        check(libc::syscall(ADD_RULE, ruleset.as_raw_fd(), PATH_BENEATH, &raw const beneath, 0)).map(drop)
    }
}
