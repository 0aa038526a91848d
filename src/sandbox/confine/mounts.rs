//! What a job sees of the file system: steps that are prepared before it starts, and taken by it in a namespace of its own.

use std::ffi::{CStr, CString};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::{io, ptr};

use super::check;

/// `MOUNT_ATTR_RDONLY` and `AT_RECURSIVE` (`mount_setattr(2)`, Linux 5.12).
const READ_ONLY: u64 = 1;
const RECURSIVE: libc::c_int = 0x8000;
const MOUNT_SETATTR: libc::c_long = 442;

/// `struct mount_attr`.
#[repr(C)]
#[derive(Clone, Copy, Default)]
struct Attributes {
    set: u64,
    clear: u64,
    propagation: u64,
    user_namespace: u64,
}

/// One step.
#[derive(Debug)]
pub(crate) enum Step {
    /// Keeps hold of a folder that a later mount may hide: the first is descriptor [`FIRST_HELD`], and so on.
    Hold(CString),
    /// The same; of what has gone by then, it keeps hold of nothing.
    HoldIfThere(CString),
    /// Binds what is at `source`, with all that is mounted below, over `target`.
    Bind { source: CString, target: CString },
    /// The same, unless one of both has gone: of a folder that everybody uses.
    BindIfThere { source: CString, target: CString },
    /// Mounts an overlay with these options over `target`.
    Overlay { target: CString, options: CString },
    /// Mounts a file system in memory.
    Memory(CString),
    /// Makes a folder.
    Folder(CString),
}

/// The first descriptor that [`Step::Hold`] gets: all but the standard ones are closed before.
pub(super) const FIRST_HELD: usize = 3;

/// What a job sees, and which of it may be written to.
#[derive(Debug, Default)]
pub(crate) struct Sight {
    steps: Vec<Step>,
    held: usize,
    writable: Vec<CString>,
}

impl Sight {
    /// Adds a step.
    pub(crate) fn add(&mut self, step: Step) {
        self.steps.push(step);
    }

    /// Keeps hold of what is at `path` now; returns by which path it is reached later.
    pub(crate) fn hold(&mut self, path: &Path) -> io::Result<CString> {
        self.hold_by(Step::Hold(c_string(path)?))
    }

    /// The same; what is there by that path is nothing to bind if there was nothing at `path`.
    pub(crate) fn hold_if_there(&mut self, path: &Path) -> io::Result<CString> {
        self.hold_by(Step::HoldIfThere(c_string(path)?))
    }

    fn hold_by(&mut self, step: Step) -> io::Result<CString> {
        self.steps.push(step);
        let number = FIRST_HELD + self.held;
        self.held += 1;
        CString::new(format!("/proc/self/fd/{number}")).map_err(io::Error::from)
    }

    /// Lets the job write below `path`, which is where something was mounted by then.
    pub(crate) fn open(&mut self, path: &Path) -> io::Result<()> {
        self.writable.push(c_string(path)?);
        Ok(())
    }

    /// What may be written to.
    pub(super) fn writable(&self) -> impl Iterator<Item = &CStr> {
        self.writable.iter().map(CString::as_c_str)
    }

    /// Takes the steps, then makes all read-only but what may be written to. `must_renew`: fails where the processes of others
    /// stay to be seen in `/proc`.
    ///
    /// Makes system calls only. This process is in a mount namespace that is no other's.
    pub(super) fn arrange(&self, must_renew: bool) -> io::Result<()> {
        mount(None, c"/", None, libc::MS_REC | libc::MS_PRIVATE, None)?;
        for step in &self.steps {
            take(step)?;
        }
        let own = libc::MS_NOSUID | libc::MS_NODEV | libc::MS_NOEXEC;
        match mount(Some(c"proc"), c"/proc", Some(c"proc"), own, None) {
            // Where others have mounted over parts of it, the kernel does not let all of it be seen (proc(5)).
            Err(_) if !must_renew => {}
            other => other?,
        }
        set(c"/", Attributes { set: READ_ONLY, ..Attributes::default() }, RECURSIVE)?;
        for path in self.writable() {
            set(path, Attributes { clear: READ_ONLY, ..Attributes::default() }, 0)?;
        }
        Ok(())
    }
}

fn take(step: &Step) -> io::Result<()> {
    match step {
        Step::Hold(path) => hold(path),
        // Another descriptor in its place, since they are counted: no folder can be bound from it.
        Step::HoldIfThere(path) => hold(path).or_else(|_| hold(c"/dev/null")),
        // The kernel parts no mount of another namespace from those below it.
        Step::Bind { source, target } => {
            mount(Some(source), target, None, libc::MS_BIND | libc::MS_REC, None)
        }
        Step::BindIfThere { source, target } => {
            match mount(Some(source), target, None, libc::MS_BIND | libc::MS_REC, None) {
                Err(error) if matches!(error.raw_os_error(), Some(libc::ENOENT | libc::ENOTDIR)) => Ok(()),
                other => other,
            }
        }
        Step::Overlay { target, options } => {
            mount(Some(c"overlay"), target, Some(c"overlay"), 0, Some(options))
        }
        Step::Memory(target) => mount(
            Some(c"tmpfs"),
            target,
            Some(c"tmpfs"),
            libc::MS_NOSUID | libc::MS_NODEV,
            Some(c"mode=0700"),
        ),
        // SAFETY: the text ends with a NUL.
        Step::Folder(path) => check(unsafe { libc::mkdir(path.as_ptr(), 0o777) }.into()).map(drop),
    }
}

/// Opens a path, for good: the program that is executed later has the descriptor not.
fn hold(path: &CStr) -> io::Result<()> {
    // SAFETY: the text ends with a NUL.
    check(unsafe { libc::open(path.as_ptr(), libc::O_PATH | libc::O_CLOEXEC) }.into()).map(drop)
}

fn mount(
    source: Option<&CStr>,
    target: &CStr,
    kind: Option<&CStr>,
    flags: libc::c_ulong,
    options: Option<&CStr>,
) -> io::Result<()> {
    let text = |text: Option<&CStr>| text.map_or(ptr::null(), CStr::as_ptr);
    // SAFETY: each text ends with a NUL or is not there.
    let done = unsafe { libc::mount(text(source), target.as_ptr(), text(kind), flags, text(options).cast()) };
    check(done.into()).map(drop)
}

fn set(path: &CStr, attributes: Attributes, flags: libc::c_int) -> io::Result<()> {
    let size = size_of::<Attributes>();
    // SAFETY: the text ends with a NUL; the structure is `size` bytes long and lives through the call.
    let done = unsafe {
        libc::syscall(MOUNT_SETATTR, libc::AT_FDCWD, path.as_ptr(), flags, &raw const attributes, size)
    };
    check(done).map(drop)
}

/// A path for the kernel.
pub(crate) fn c_string(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(io::Error::from)
}
