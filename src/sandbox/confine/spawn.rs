//! Starting a confined program.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::ffi::{CStr, CString, c_char, c_void};
use std::fs::File;
use std::mem::MaybeUninit;
use std::os::fd::{AsRawFd, RawFd};
use std::path::Path;
use std::{io, ptr};

use libc::{c_int, pid_t};

use super::filter::{self, Sockets};
use super::mounts::c_string;
use super::users::Identity;
use super::{Room, check, landlock, landlock_version, rights};
use crate::base::variable::Variable;

/// The stack of a process until its program's, bytes: a call of the kernel's needs little, and nothing here goes deep.
const STACK: usize = 64 << 10;

/// A program and what it is given.
#[derive(Debug)]
pub(crate) struct Program<'a> {
    /// Its absolute path.
    pub path: &'a Path,
    /// Its arguments after its own name.
    pub args: &'a [String],
    /// The whole environment, as `name`, `value`.
    pub environment: &'a [Variable],
    /// The working directory, absolute.
    pub directory: &'a Path,
    /// Where its standard output goes. There is no standard input.
    pub stdout: &'a File,
    /// Where its standard error goes.
    pub stderr: &'a File,
    /// Its niceness, unless 0.
    pub nice: c_int,
    /// What it may do with sockets.
    pub sockets: Sockets,
}

/// Starts a program in a room; returns its process, which leads a session and a process group of its own and dies with the calling
/// thread.
///
/// Until the program is executed the calling thread waits, and the process shares this one's memory, so that none of it need be
/// copied. An error of anything until then is returned.
pub(crate) fn spawn(program: &Program<'_>, room: &Room) -> io::Result<pid_t> {
    let text = |text: &str| CString::new(text).map_err(io::Error::from);
    let path = c_string(program.path)?;
    let words = program.args.iter().map(|arg| text(arg)).collect::<io::Result<Vec<_>>>()?;
    // Of two values the later one counts.
    let variables: BTreeMap<_, _> = program.environment.iter().map(|(name, value)| (name, value)).collect();
    let variables = variables.into_iter();
    let variables =
        variables.map(|(name, value)| text(&format!("{name}={value}"))).collect::<io::Result<Vec<_>>>()?;
    let argv = pointers([&path].into_iter().chain(&words));
    let envp = pointers(variables.iter());
    let identity = Identity::current()?;
    let mut start = Start {
        path: &path,
        argv: &argv,
        envp: &envp,
        directory: &c_string(program.directory)?,
        outputs: [program.stdout.as_raw_fd(), program.stderr.as_raw_fd()],
        nice: program.nice,
        sockets: program.sockets,
        filter: &filter::filter(program.sockets),
        landlock: landlock_version(),
        room,
        identity: &identity,
        is_user: false,
        failed: None,
    };
    let own = libc::CLONE_NEWNS | libc::CLONE_NEWPID | libc::CLONE_NEWIPC;
    match room {
        Room::Shared(_) => start.clone(0),
        Room::Own(..) if identity.is_root => match start.clone(own) {
            Err(error) if error.raw_os_error() == Some(libc::EPERM) => start.clone_as_user(own),
            other => other,
        },
        Room::Own(..) => start.clone_as_user(own),
    }
}

/// A list of texts as C has it.
fn pointers<'a>(texts: impl Iterator<Item = &'a CString>) -> Vec<*const c_char> {
    texts.map(|text| text.as_ptr()).chain([ptr::null()]).collect()
}

/// All that the new process needs, made before: it makes system calls only.
struct Start<'a> {
    path: &'a CStr,
    argv: &'a [*const c_char],
    envp: &'a [*const c_char],
    directory: &'a CStr,
    outputs: [RawFd; 2],
    nice: c_int,
    sockets: Sockets,
    filter: &'a [libc::sock_filter],
    landlock: u32,
    room: &'a Room,
    identity: &'a Identity,
    /// Whether it has a user namespace of its own.
    is_user: bool,
    /// Why it could not be executed.
    failed: Option<c_int>,
}

impl Start<'_> {
    fn clone_as_user(&mut self, flags: c_int) -> io::Result<pid_t> {
        self.is_user = true;
        self.clone(flags | libc::CLONE_NEWUSER)
    }

    fn clone(&mut self, namespaces: c_int) -> io::Result<pid_t> {
        self.failed = None;
        let mut stack = Box::<[u128]>::new_uninit_slice(STACK / size_of::<u128>());
        let flags = namespaces | libc::CLONE_VM | libc::CLONE_VFORK | libc::SIGCHLD;
        let this = ptr::from_mut(self);
        // SAFETY: with CLONE_VFORK this thread waits until the process has executed its program or ended, so the stack and `self` live
        // long enough and nobody else uses them. No signal's handler runs in it: all are blocked until none has one.
        let process = unsafe {
            let top = stack.as_mut_ptr_range().end.cast::<c_void>();
            let mut all = MaybeUninit::<libc::sigset_t>::uninit();
            let mut before = MaybeUninit::<libc::sigset_t>::uninit();
            libc::sigfillset(all.as_mut_ptr());
            libc::pthread_sigmask(libc::SIG_SETMASK, all.as_ptr(), before.as_mut_ptr());
            let process = check(libc::clone(begin, top, flags, this.cast()).into());
            libc::pthread_sigmask(libc::SIG_SETMASK, before.as_ptr(), ptr::null_mut());
            process? as pid_t
        };
        // SAFETY: `this` is `self`, which the new process may have written to.
        match unsafe { ptr::read_volatile(&raw const (*this).failed) } {
            None => Ok(process),
            Some(error) => {
                // SAFETY: a system call on an integer; it has ended already.
                unsafe { libc::waitpid(process, ptr::null_mut(), 0) };
                Err(io::Error::from_raw_os_error(error))
            }
        }
    }

    /// Becomes the program; returns only why it could not.
    fn become_program(&self) -> io::Result<Infallible> {
        // SAFETY: system calls on integers and on texts that end with a NUL.
        unsafe {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            if self.nice != 0 {
                libc::setpriority(libc::PRIO_PROCESS, 0, self.nice);
            }
            check(libc::setsid().into())?;
            self.keep_outputs_only()?;
            if self.is_user
                && let Room::Own(_, users) = self.room
            {
                self.identity.map(*users)?;
            }
            if let Room::Own(sight, _) = self.room {
                sight.arrange(self.landlock == 0)?;
            }
            check(libc::chdir(self.directory.as_ptr()).into())?;
            rights::restore_signals();
            rights::give_up(self.is_user)?;
            let sockets = self.sockets == Sockets::Allowed;
            match self.room {
                _ if self.landlock == 0 => {}
                Room::Own(sight, _) => landlock::restrict(self.landlock, sight.writable(), sockets)?,
                Room::Shared(writable) => {
                    landlock::restrict(self.landlock, writable.iter().map(CString::as_c_str), sockets)?;
                }
            }
            rights::obey(self.filter)?;
            libc::execve(self.path.as_ptr(), self.argv.as_ptr(), self.envp.as_ptr());
        }
        Err(io::Error::last_os_error())
    }

    /// Has nothing open but the standard descriptors.
    fn keep_outputs_only(&self) -> io::Result<()> {
        let [stdout, stderr] = self.outputs;
        // SAFETY: system calls on integers and a text that ends with a NUL; the table of descriptors is this process's own.
        unsafe {
            let null = check(libc::open(c"/dev/null".as_ptr(), libc::O_RDONLY | libc::O_CLOEXEC).into())?;
            for (from, to) in [(null as RawFd, 0), (stdout, 1), (stderr, 2)] {
                check(libc::dup2(from, to).into())?;
            }
            check(libc::syscall(libc::SYS_close_range, 3, libc::c_uint::MAX, 0)).map(drop)
        }
    }
}

/// The new process's whole life until its program's.
extern "C" fn begin(start: *mut c_void) -> c_int {
    // SAFETY: it is what `clone` was given, and this thread alone uses it.
    let start = unsafe { &mut *start.cast::<Start<'_>>() };
    let Err(error) = start.become_program();
    start.failed = Some(error.raw_os_error().unwrap_or(libc::EINVAL));
    // SAFETY: it does not return, and runs nothing of the calling process's.
    unsafe { libc::_exit(127) }
}
