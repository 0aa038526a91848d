//! The system calls of a tracer, each behind a safe function. In this room no file but these holds `unsafe`.

pub(super) mod notify;

use std::ffi::{CString, c_void};
use std::io;
use std::mem::{MaybeUninit, size_of, zeroed};
use std::os::fd::{FromRawFd, IntoRawFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use libc::{c_int, c_long, c_uint, pid_t};

/// `PTRACE_EVENT_STOP` of linux/ptrace.h, which libc does not name.
pub(super) const EVENT_STOP: c_int = 128;

const OPTIONS: c_int = libc::PTRACE_O_TRACESECCOMP
    | libc::PTRACE_O_TRACEFORK
    | libc::PTRACE_O_TRACEVFORK
    | libc::PTRACE_O_TRACECLONE
    | libc::PTRACE_O_TRACEEXEC
    | libc::PTRACE_O_EXITKILL;

/// What a tracee reports: it has ended, or waits to be told how to go on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Report {
    /// `killed` where a signal has ended it: then `status` is that, else its exit status.
    Ended {
        pid: pid_t,
        killed: bool,
        status: c_int,
    },
    Stopped {
        pid: pid_t,
        signal: c_int,
        event: c_int,
    },
}

/// A system call that is about to be made.
#[derive(Debug, Clone, Copy)]
pub(super) struct SystemCall {
    pub(super) architecture: u32,
    pub(super) number: u64,
    pub(super) args: [u64; 6],
}

fn check(value: c_long) -> io::Result<c_long> {
    if value == -1 { Err(io::Error::last_os_error()) } else { Ok(value) }
}

/// Forks a child that no `wait` of this process's finds unless it asks for such; `None` in the child.
///
/// The program that this process becomes must not find a child that it did not start.
pub(super) fn fork_unseen() -> io::Result<Option<pid_t>> {
    // Without a signal at its end.
    clone(0)
}

/// Forks a child; `None` in the child.
pub(super) fn fork() -> io::Result<Option<pid_t>> {
    clone(libc::SIGCHLD)
}

fn clone(signal: c_int) -> io::Result<Option<pid_t>> {
    // SAFETY: without flags but the signal at the child's end, this is a fork; there is one thread.
    let child = check(unsafe { libc::syscall(libc::SYS_clone, signal, 0, 0, 0, 0) })?;
    Ok((child != 0).then_some(child as pid_t))
}

/// Lets the process with this id trace us, where the Yama module asks for that.
pub(super) fn permit_tracer(pid: pid_t) {
    // SAFETY: a system call on integers. Without Yama it is refused, and not needed.
    unsafe { libc::prctl(libc::PR_SET_PTRACER, pid as libc::c_ulong, 0, 0, 0) };
}

fn ptrace(request: c_uint, pid: pid_t, address: usize, data: usize) -> io::Result<c_long> {
    // SAFETY: the requests of this file take integers, or pointers that their callers have made valid.
    check(unsafe { libc::ptrace(request, pid, address as *mut c_void, data as *mut c_void) })
}

/// Makes us the tracer of a running process and of all that it starts.
pub(super) fn seize(pid: pid_t) -> io::Result<()> {
    ptrace(libc::PTRACE_SEIZE, pid, 0, OPTIONS as usize).map(drop)
}

/// Lets a stopped tracee go on; it gets the signal, if that is none of 0.
pub(super) fn resume(pid: pid_t, signal: c_int) {
    // It fails for one that was killed meanwhile, which is reported next.
    let _ = ptrace(libc::PTRACE_CONT, pid, 0, signal as usize);
}

/// Has a call that a signal found waiting for us begin again, if it is one that no signal interrupts: to the kernel it looks like one that a
/// signal's handler ends (`EINTR`). The thread is stopped for the signal.
#[cfg(target_arch = "x86_64")]
pub(super) fn begin_again(pid: pid_t, never_waits: impl FnOnce(u64, u64) -> bool) {
    /// `ERESTARTSYS` and `ERESTARTNOINTR` of the kernel's linux/errno.h.
    const BY_HANDLER: i64 = -512;
    const ALWAYS: i64 = -513;
    /// The code segment of 64-bit code (`__USER_CS`): other code numbers its calls in another way.
    const WIDE: i64 = 0x33;
    let at = |register: c_int| register as usize * size_of::<u64>();
    let peek = |register| {
        let mut word: c_long = 0;
        // The library's function has the word as its result; this one writes it (ptrace(2), "C library/kernel differences").
        // SAFETY: the word is writable.
        let done = unsafe {
            libc::syscall(libc::SYS_ptrace, libc::PTRACE_PEEKUSER, pid, at(register), &raw mut word)
        };
        check(done).map(|_| word)
    };
    if peek(libc::RAX).is_ok_and(|answer| answer == BY_HANDLER)
        && peek(libc::CS).is_ok_and(|segment| segment == WIDE)
        && let (Ok(number), Ok(second)) = (peek(libc::ORIG_RAX), peek(libc::RSI))
        && never_waits(number as u64, second as u64)
    {
        let _ = ptrace(libc::PTRACE_POKEUSER, pid, at(libc::RAX), ALWAYS as usize);
    }
}

/// The same; here no call waits for us but in ptrace's stops, which no signal ends.
#[cfg(not(target_arch = "x86_64"))]
pub(super) fn begin_again(_pid: pid_t, _never_waits: impl FnOnce(u64, u64) -> bool) {}

/// Ends this process as its tracer's end would.
pub(super) fn kill_ourselves() -> ! {
    // SAFETY: system calls on integers.
    unsafe {
        libc::kill(libc::getpid(), libc::SIGKILL);
    }
    end()
}

/// Leaves a tracee stopped until it gets `SIGCONT`, as it would be without us.
pub(super) fn leave_stopped(pid: pid_t) {
    if ptrace(libc::PTRACE_LISTEN, pid, 0, 0).is_err() {
        resume(pid, 0);
    }
}

/// Stops tracing a stopped tracee.
pub(super) fn let_go(pid: pid_t) {
    // As with `resume`.
    let _ = ptrace(libc::PTRACE_DETACH, pid, 0, 0);
}

/// What the event is about: the new process's id, or the one that a thread had before it executed a program.
pub(super) fn event_message(pid: pid_t) -> io::Result<pid_t> {
    let mut message: libc::c_ulong = 0;
    ptrace(libc::PTRACE_GETEVENTMSG, pid, 0, &raw mut message as usize)?;
    Ok(message as pid_t)
}

/// The call that a tracee is stopped before (Linux 5.3).
pub(super) fn system_call(pid: pid_t) -> io::Result<SystemCall> {
    const SECCOMP: u8 = 3;
    // SAFETY: the structure is plain integers, for which zeros are valid.
    let mut info: libc::ptrace_syscall_info = unsafe { zeroed() };
    let size = size_of::<libc::ptrace_syscall_info>();
    ptrace(libc::PTRACE_GET_SYSCALL_INFO, pid, size, &raw mut info as usize)?;
    if info.op != SECCOMP {
        return Err(io::ErrorKind::InvalidData.into());
    }
    // SAFETY: `op` says that this member is the one that is set; all are integers anyway.
    let call = unsafe { info.u.seccomp };
    Ok(SystemCall { architecture: info.arch, number: call.nr, args: call.args })
}

/// What a tracee reports, if one does; an error when there is none left.
///
/// What it reports stays as it is until [`take`] or [`resume`]; so the parent of one that has ended is not told yet.
pub(super) fn report() -> io::Result<Option<Report>> {
    let mut info = MaybeUninit::<libc::siginfo_t>::zeroed();
    loop {
        // Without `__WALL`: tracees are waited for anyhow, the guard is not.
        let flags = libc::WEXITED | libc::WSTOPPED | libc::WNOHANG | libc::WNOWAIT;
        // SAFETY: the structure is writable.
        if unsafe { libc::waitid(libc::P_ALL, 0, info.as_mut_ptr(), flags) } == 0 {
            break;
        }
        let error = io::Error::last_os_error();
        if error.kind() != io::ErrorKind::Interrupted {
            return Err(error);
        }
    }
    // SAFETY: zeros are valid, and the call has filled in what it says of a child.
    let (code, pid, status) = unsafe {
        let info = info.assume_init();
        (info.si_code, info.si_pid(), info.si_status())
    };
    Ok(match code {
        _ if pid == 0 => None,
        libc::CLD_TRAPPED | libc::CLD_STOPPED => {
            Some(Report::Stopped { pid, signal: status & 0xff, event: status >> 8 })
        }
        _ => Some(Report::Ended { pid, killed: code != libc::CLD_EXITED, status }),
    })
}

/// The mount that a path is on, behind no link, and whether it is where that is mounted (`statx(2)`, Linux 5.8); nothing where
/// nothing is.
pub(super) fn mount_of(path: &Path) -> Option<(u64, bool)> {
    let path = CString::new(path.as_os_str().as_bytes()).ok()?;
    let mut found = MaybeUninit::<libc::statx>::zeroed();
    let flags = libc::AT_SYMLINK_NOFOLLOW;
    // SAFETY: the text ends with a NUL; zeros are valid, and the call fills in what it says of the file.
    let found = unsafe {
        let done = libc::statx(libc::AT_FDCWD, path.as_ptr(), flags, libc::STATX_MNT_ID, found.as_mut_ptr());
        check(done.into()).ok()?;
        found.assume_init()
    };
    Some((found.stx_mnt_id, found.stx_attributes & libc::STATX_ATTR_MOUNT_ROOT as u64 != 0))
}

/// Gives this process mounts of its own, of which nobody else learns; as another user's than root by a user namespace.
pub(super) fn own_mounts() -> io::Result<()> {
    // SAFETY: system calls on integers and texts.
    unsafe {
        let (user, group) = (libc::geteuid(), libc::getegid());
        if check(libc::unshare(libc::CLONE_NEWNS).into()).is_err() {
            check(libc::unshare(libc::CLONE_NEWUSER | libc::CLONE_NEWNS).into())?;
            std::fs::write("/proc/self/uid_map", format!("{user} {user} 1"))?;
            std::fs::write("/proc/self/setgroups", "deny")?;
            std::fs::write("/proc/self/gid_map", format!("{group} {group} 1"))?;
        }
        let (none, flags) = (std::ptr::null(), libc::MS_REC | libc::MS_SLAVE);
        check(libc::mount(none, c"/".as_ptr(), none, flags, std::ptr::null()).into()).map(drop)
    }
}

/// Shows the folder `from`, and what is mounted in it, at `to` as well.
pub(super) fn bind(from: &Path, to: &Path) -> io::Result<()> {
    let (from, to) = (CString::new(from.as_os_str().as_bytes())?, CString::new(to.as_os_str().as_bytes())?);
    let flags = libc::MS_BIND | libc::MS_REC;
    // SAFETY: texts that end with a NUL, and nulls where nothing is asked for.
    let done = unsafe { libc::mount(from.as_ptr(), to.as_ptr(), std::ptr::null(), flags, std::ptr::null()) };
    check(done.into()).map(drop)
}

/// A descriptor of a process, or, since Linux 6.9, of a thread.
pub(super) fn process_descriptor(pid: pid_t) -> io::Result<OwnedFd> {
    /// `PIDFD_THREAD` of linux/pidfd.h.
    const THREAD: c_uint = libc::O_EXCL as c_uint;
    let open = |flags: c_uint| {
        // SAFETY: a system call on integers; the descriptor is owned from here on.
        unsafe {
            let number = check(libc::syscall(libc::SYS_pidfd_open, pid, flags))?;
            Ok(OwnedFd::from_raw_fd(number as c_int))
        }
    };
    open(THREAD).or_else(|_: io::Error| open(0))
}

/// Takes what a tracee has reported. If it has ended, its parent is told now.
pub(super) fn take(pid: pid_t) {
    // SAFETY: a null status is allowed.
    unsafe { libc::waitpid(pid, std::ptr::null_mut(), libc::__WALL) };
}

/// Reads memory of a tracee from `address` on; returns how many bytes came.
pub(super) fn memory(pid: pid_t, address: u64, buffer: &mut [u8]) -> io::Result<usize> {
    let local = libc::iovec { iov_base: buffer.as_mut_ptr().cast(), iov_len: buffer.len() };
    let remote = libc::iovec { iov_base: address as *mut c_void, iov_len: buffer.len() };
    // SAFETY: `local` describes `buffer`; the other address is the tracee's and is only looked at by the kernel.
    let length = unsafe { libc::process_vm_readv(pid, &raw const local, 1, &raw const remote, 1, 0) };
    check(length as c_long).map(|length| length as usize)
}

/// The time by a clock, in nanoseconds since the epoch. Files are stamped with that of `CLOCK_REALTIME_COARSE`, or with one between it and
/// that of `CLOCK_REALTIME` (multigrain timestamps, Linux 6.13).
pub(super) fn now_ns(clock: libc::clockid_t) -> i64 {
    // SAFETY: the structure is plain integers, and the call writes only to it.
    let now = unsafe {
        let mut now: libc::timespec = zeroed();
        libc::clock_gettime(clock, &raw mut now);
        now
    };
    now.tv_sec.saturating_mul(1_000_000_000).saturating_add(now.tv_nsec)
}

/// Has no signal but `SIGKILL` and `SIGSTOP` reach this process. That tracees report is to be told all the same.
pub(super) fn block_signals() {
    // SAFETY: zeros are a valid set, which is filled before use.
    unsafe {
        let mut all: libc::sigset_t = zeroed();
        libc::sigfillset(&raw mut all);
        libc::sigprocmask(libc::SIG_SETMASK, &raw const all, std::ptr::null_mut());
        // Whoever started us may have had it ignored, and then it would not come.
        libc::signal(libc::SIGCHLD, libc::SIG_DFL);
    }
}

/// A descriptor that can be read when tracees report; [`block_signals`] comes first.
pub(super) fn reports() -> io::Result<OwnedFd> {
    // SAFETY: zeros are an empty set, which is only read; the descriptor is owned from here on.
    unsafe {
        let mut only: libc::sigset_t = zeroed();
        libc::sigaddset(&raw mut only, libc::SIGCHLD);
        let flags = libc::SFD_CLOEXEC | libc::SFD_NONBLOCK;
        let number = check(libc::signalfd(-1, &raw const only, flags).into())?;
        Ok(OwnedFd::from_raw_fd(number as c_int))
    }
}

/// Gives up this process's place in its group and session.
pub(super) fn leave_session() {
    // SAFETY: a system call without arguments; it fails for a leader, which the tracer is not.
    unsafe { libc::setsid() };
}

/// Has this thread, and all that come of it, obey a filter, and gain no rights by executing a program. `flags` are those of
/// `seccomp(2)`, whose answer is returned.
pub(super) fn obey(filter: &mut [libc::sock_filter], flags: libc::c_ulong) -> io::Result<c_int> {
    let program = libc::sock_fprog { len: filter.len() as u16, filter: filter.as_mut_ptr() };
    // SAFETY: the program describes `filter`, which the kernel copies.
    unsafe {
        check(libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0).into())?;
        let mode = libc::SECCOMP_SET_MODE_FILTER;
        check(libc::syscall(libc::SYS_seccomp, mode, flags, &raw const program)).map(|answer| answer as c_int)
    }
}

/// Has this process run on one processor only.
pub(super) fn run_on(processor: usize) {
    // SAFETY: zeros are an empty set, a number past its end is left out, and the set is only read.
    unsafe {
        let mut only: libc::cpu_set_t = zeroed();
        if processor < libc::CPU_SETSIZE as usize {
            libc::CPU_SET(processor, &mut only);
            libc::sched_setaffinity(0, size_of::<libc::cpu_set_t>(), &raw const only);
        }
    }
}

/// Whether the next program will have this descriptor of ours, and may read from it.
pub(super) fn is_handed_on(number: u32) -> bool {
    // SAFETY: system calls on integers.
    let (flags, opened) =
        unsafe { (libc::fcntl(number as c_int, libc::F_GETFD), libc::fcntl(number as c_int, libc::F_GETFL)) };
    let (is_open, stays) = (flags != -1 && opened != -1, flags & libc::FD_CLOEXEC == 0);
    is_open && stays && opened & libc::O_ACCMODE != libc::O_WRONLY
}

/// Forks a child that has this process's open files, what it opens later included, until this process has ended. No wait finds it but
/// [`end_guard`].
pub(super) fn start_guard() -> io::Result<pid_t> {
    // It stays open here, as it would be closed there, too.
    let ourselves = process_descriptor(std::process::id() as pid_t)?.into_raw_fd();
    if let Some(guard) = clone(libc::CLONE_FILES)? {
        return Ok(guard);
    }
    leave_session();
    let _ = std::env::set_current_dir("/");
    notify::wait([Some(ourselves)]);
    end()
}

/// Ends it.
pub(super) fn end_guard(guard: pid_t) {
    // SAFETY: system calls on integers; a null status is allowed. It is our child, and nobody else takes its end.
    unsafe {
        libc::kill(guard, libc::SIGKILL);
        libc::waitpid(guard, std::ptr::null_mut(), libc::__WALL);
    }
}

/// Ends this process at once.
pub(super) fn end() -> ! {
    // SAFETY: it does not return.
    unsafe { libc::_exit(0) }
}

/// Puts `null` behind the three standard descriptors, and closes all others but `kept`, which is none of those.
pub(super) fn close_all_but(null: c_int, kept: c_int) -> Option<()> {
    let kept = c_uint::try_from(kept).ok()?;
    // SAFETY: system calls on integers; nobody in this process uses what is closed.
    unsafe {
        for standard in 0..3 {
            check(libc::dup2(null, standard).into()).ok()?;
        }
        for (first, last) in [(3, kept.checked_sub(1)?), (kept.checked_add(1)?, c_uint::MAX)] {
            if first <= last {
                check(libc::syscall(libc::SYS_close_range, first, last, 0)).ok()?;
            }
        }
    }
    Some(())
}
