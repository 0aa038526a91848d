//! What a job keeps of the rights of the user that runs it.

use std::{io, ptr};

use super::check;

/// What root may do with files that belong to others: a build as root may depend on it. `CAP_CHOWN`, `CAP_DAC_OVERRIDE`,
/// `CAP_FOWNER`, `CAP_FSETID` (linux/capability.h).
const ON_FILES: u32 = 1 | 1 << 1 | 1 << 3 | 1 << 4;

/// `_LINUX_CAPABILITY_VERSION_3`: two words of each set.
const VERSION: u32 = 0x2008_0522;

/// `struct __user_cap_header_struct`.
#[repr(C)]
struct Header {
    version: u32,
    process: libc::c_int,
}

/// `struct __user_cap_data_struct`.
#[repr(C)]
#[derive(Default, Clone, Copy)]
struct Set {
    effective: u32,
    permitted: u32,
    inheritable: u32,
}

/// Gives up all rights but those on files, in a user namespace all; no program that is executed later can bring any.
///
/// Makes system calls only.
pub(super) fn give_up(all: bool) -> io::Result<()> {
    // SAFETY: system calls on integers and on structures that live through them.
    unsafe {
        check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0).into())?;
        let header = Header { version: VERSION, process: 0 };
        let mut now = [Set::default(); 2];
        check(libc::syscall(libc::SYS_capget, &raw const header, now.as_mut_ptr()))?;
        let kept = if all { 0 } else { now[0].permitted & ON_FILES };
        let sets = [Set { effective: kept, permitted: kept, inheritable: 0 }, Set::default()];
        check(libc::prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0).into())?;
        check(libc::syscall(libc::SYS_capset, &raw const header, sets.as_ptr())).map(drop)
    }
}

/// Has this thread obey a filter of its calls.
pub(super) fn obey(filter: &[libc::sock_filter]) -> io::Result<()> {
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_ptr().cast_mut() };
    // SAFETY: the program describes `filter`, which the kernel only copies.
    let done = unsafe {
        let mode = libc::c_ulong::from(libc::SECCOMP_MODE_FILTER);
        libc::prctl(libc::PR_SET_SECCOMP, mode, &raw const program, 0, 0)
    };
    check(done.into()).map(drop)
}

/// Restores what a program expects of signals: none is blocked, and each does what it does by default.
pub(super) fn restore_signals() {
    // SAFETY: zeros are an empty set, and the default action is valid for every signal that takes one.
    unsafe {
        for signal in 1..libc::SIGRTMAX() {
            libc::signal(signal, libc::SIG_DFL);
        }
        let none: libc::sigset_t = std::mem::zeroed();
        libc::sigprocmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
    }
}
