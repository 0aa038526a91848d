//! Processes: this one's arguments and environment, exec, spawn, wait, and a detached start.

use super::signal::{self, Mask};
use super::{Errno, Fd, Result, check, now, retry, sleep};
use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::{CStr, c_char, c_int};
use core::mem::zeroed;
use core::ptr;
use core::time::Duration;

/// How often to look whether all children have ended.
const LOOK_AGAIN: Duration = Duration::from_millis(1);

unsafe extern "C" {
    static environ: *const *const c_char;
}

/// The descriptor that a detached program reports readiness on.
pub const READY_FD: c_int = 3;

/// A program, how it is called, and its environment: what `execve(2)` takes.
#[derive(Debug, Clone)]
pub struct Command {
    /// The file to execute.
    pub path: CString,
    /// All arguments, the name it is called by first.
    pub argv: Vec<CString>,
    /// The environment, each `NAME=value`.
    pub env: Vec<CString>,
}

/// How a child ended.
#[derive(Debug, Clone, Copy)]
pub struct Ended {
    /// The raw wait status.
    pub status: c_int,
    /// User CPU time in microseconds, with its children's.
    pub user_us: u64,
    /// System CPU time in microseconds, with its children's.
    pub sys_us: u64,
}

/// Returns the strings of a list that ends with a null pointer.
///
/// # Safety
/// `list` is null, or such a list as the kernel hands to `main`, which stays for the life of the process.
unsafe fn strings(mut list: *const *const c_char) -> Vec<&'static CStr> {
    let mut found = Vec::new();
    // SAFETY: the list ends with a null pointer, and each entry before it is a C string.
    unsafe {
        while !list.is_null() && !(*list).is_null() {
            found.push(CStr::from_ptr(*list));
            list = list.add(1);
        }
    }
    found
}

/// Returns the arguments that `main` was given.
///
/// # Safety
/// `argv` is `main`'s own.
pub unsafe fn arguments(argv: *const *const c_char) -> Vec<&'static CStr> {
    // SAFETY: the caller's promise.
    unsafe { strings(argv) }
}

/// Returns this process's environment.
pub fn environment() -> Vec<&'static CStr> {
    // SAFETY: nothing here changes `environ` or the strings it holds.
    unsafe { strings(environ) }
}

fn pointers(list: &[CString]) -> Vec<*const c_char> {
    list.iter().map(|string| string.as_ptr()).chain([ptr::null()]).collect()
}

/// Replaces this process; returns only why it could not.
pub fn exec(command: &Command) -> Errno {
    let (argv, env) = (pointers(&command.argv), pointers(&command.env));
    // SAFETY: both lists end with a null pointer, and `command` outlives the call.
    unsafe { libc::execve(command.path.as_ptr(), argv.as_ptr(), env.as_ptr()) };
    Errno::last()
}

/// Starts a child with the given descriptors in place of standard ones, and the given signal mask.
pub fn spawn(command: &Command, streams: &[(&Fd, c_int)], mask: &Mask) -> Result<c_int> {
    let (argv, env) = (pointers(&command.argv), pointers(&command.env));
    // SAFETY: actions and attributes are initialised before use and destroyed after; the lists end with a null
    // pointer; all outlive the call. posix_spawn returns its error instead of setting errno.
    unsafe {
        let mut actions: libc::posix_spawn_file_actions_t = zeroed();
        let mut attributes: libc::posix_spawnattr_t = zeroed();
        libc::posix_spawn_file_actions_init(&raw mut actions);
        libc::posix_spawnattr_init(&raw mut attributes);
        libc::posix_spawnattr_setflags(&raw mut attributes, libc::POSIX_SPAWN_SETSIGMASK as i16);
        libc::posix_spawnattr_setsigmask(&raw mut attributes, &raw const mask.0);
        for (from, to) in streams {
            libc::posix_spawn_file_actions_adddup2(&raw mut actions, from.number(), *to);
        }
        let mut pid = 0;
        let error = libc::posix_spawn(
            &raw mut pid,
            command.path.as_ptr(),
            &raw const actions,
            &raw const attributes,
            argv.as_ptr().cast(),
            env.as_ptr().cast(),
        );
        libc::posix_spawn_file_actions_destroy(&raw mut actions);
        libc::posix_spawnattr_destroy(&raw mut attributes);
        if error == 0 { Ok(pid) } else { Err(Errno(error)) }
    }
}

/// Returns a descriptor that becomes readable when the child ends; `ENOSYS` before Linux 5.3.
pub fn watch(pid: c_int) -> Result<Fd> {
    // SAFETY: the call takes numbers only; the new descriptor is ours, and is close-on-exec by itself.
    check(unsafe { libc::syscall(libc::SYS_pidfd_open, pid, 0) } as c_int).map(Fd)
}

/// Returns how the child ended, or nothing while it runs and `block` is not set.
pub fn wait(pid: c_int, block: bool) -> Result<Option<Ended>> {
    let flags = if block { 0 } else { libc::WNOHANG };
    // SAFETY: all zeros are a valid `rusage`; status and usage are writable.
    let mut usage: libc::rusage = unsafe { zeroed() };
    let mut status = 0;
    // SAFETY: as above.
    let ended = retry(|| check(unsafe { libc::wait4(pid, &raw mut status, flags, &raw mut usage) }))?;
    Ok((ended != 0).then(|| Ended {
        status,
        user_us: microseconds(usage.ru_utime),
        sys_us: microseconds(usage.ru_stime),
    }))
}

/// Says whether orphans below this process become its children, and not those of the first process that there is.
pub fn adopt_orphans(adopt: bool) {
    // SAFETY: a system call on integers; where it is refused, all stays as it was.
    unsafe { libc::prctl(libc::PR_SET_CHILD_SUBREAPER, libc::c_ulong::from(adopt), 0, 0, 0) };
}

/// Takes the status of every child that has ended. In some containers nobody else would, and it would stay for ever.
pub fn forget_orphans() {
    // SAFETY: a null status is allowed.
    while unsafe { libc::waitpid(-1, ptr::null_mut(), libc::WNOHANG | libc::__WALL) } > 0 {}
}

/// Waits until no child is left; false if some is after that time.
pub fn await_orphans(patience: Duration) -> bool {
    let deadline = now() + patience;
    loop {
        // SAFETY: a null status is allowed.
        match check(unsafe { libc::waitpid(-1, ptr::null_mut(), libc::WNOHANG | libc::__WALL) }) {
            Err(error) => return error == Errno(libc::ECHILD),
            Ok(0) if now() > deadline => return false,
            Ok(0) => sleep(LOOK_AGAIN),
            Ok(_) => {}
        }
    }
}

fn microseconds(time: libc::timeval) -> u64 {
    time.tv_sec as u64 * 1_000_000 + time.tv_usec as u64
}

/// Starts a program that outlives us and holds nothing of ours: no terminal, no descriptor but `ready` as
/// [`READY_FD`], no signal setting, no working directory.
pub fn start_detached(command: &Command, ready: &Fd) -> Result<()> {
    let null = super::file::open(b"/dev/null", libc::O_RDWR, 0)?;
    // Twice, so that the program's parent is init: the compiler that we may become must not find an unknown child.
    // SAFETY: there is one thread, so the child may go on as the parent could.
    let child = check(unsafe { libc::fork() })?;
    if child == 0 {
        // SAFETY: as above; `_exit` runs nothing of the parent's.
        unsafe {
            libc::setsid();
            if libc::fork() == 0 {
                become_detached(command, &null, ready);
            }
            libc::_exit(0)
        }
    }
    wait(child, true).map(drop)
}

fn become_detached(command: &Command, null: &Fd, ready: &Fd) {
    // SAFETY: plain system calls on a process that is about to exec; the copies are above every number that is
    // overwritten, so none is lost before it is used.
    unsafe {
        let null = libc::fcntl(null.number(), libc::F_DUPFD, READY_FD + 1);
        let ready = libc::fcntl(ready.number(), libc::F_DUPFD, READY_FD + 1);
        // With the streams of the build's it would hold those open at whose end somebody waits.
        if null < 0 || ready < 0 {
            return;
        }
        for number in 0..READY_FD {
            libc::dup2(null, number);
        }
        libc::dup2(ready, READY_FD);
        close_from(READY_FD + 1);
        libc::chdir(c"/".as_ptr());
    }
    signal::default_all();
    exec(command);
}

/// # Safety
/// No descriptor from `first` on is used afterwards.
unsafe fn close_from(first: c_int) {
    // SAFETY: the caller's promise.
    unsafe {
        if libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) != 0 {
            // Before Linux 5.9. 65,536 is past what any build opens, and quick enough for once.
            for number in first..65_536 {
                libc::close(number);
            }
        }
    }
}

/// Returns this process's number.
pub fn id() -> i32 {
    // SAFETY: the call cannot fail.
    unsafe { libc::getpid() }
}

/// Returns the user whose rights this process has.
pub fn user() -> u32 {
    // SAFETY: the call cannot fail.
    unsafe { libc::geteuid() }
}
