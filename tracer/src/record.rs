//! What a stopped call does to paths, entered into the log before it happens.

use std::collections::HashSet;
use std::fs::Metadata;
use std::io;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;

use super::access::{Log, Touch};
use super::calls::{self, Deed, Mode, Operand};
use super::doubt::Doubt;
use super::filter;
use super::inherited::Inherited;
use super::places::{Place, place};
use super::program;
use super::settle::Settling;
use super::sys::SystemCall;
use super::tracee::{Named, Tracee};

/// `O_TMPFILE` of fcntl.h without the bit that it shares with `O_DIRECTORY`.
const TEMPORARY: u64 = (libc::O_TMPFILE & !libc::O_DIRECTORY) as u64;

/// A log and what is needed to enter calls into it.
#[derive(Debug)]
pub(super) struct Recorder {
    pub(super) log: Log,
    calls: Vec<(u32, Deed)>,
    inherited: Inherited,
    /// `None` where the command is shown other files than those that others see change.
    settling: Option<Settling>,
    /// Programs whose interpreters and loaders are in the log.
    programs: HashSet<Vec<u8>>,
}

impl Recorder {
    /// An empty log of a command that is given these files open.
    pub(super) fn new(inherited: Inherited) -> Self {
        let (log, programs) = (Log::default(), HashSet::new());
        Self { log, calls: calls::all(), inherited, settling: None, programs }
    }

    /// The same of a command that runs on the files themselves, from now on.
    pub(super) fn settling(self) -> Self {
        Self { settling: Some(Settling::from_now()), ..self }
    }

    /// Enters the call that a thread is stopped before.
    pub(super) fn enter(&mut self, tracee: Tracee, call: &SystemCall) {
        if call.architecture != filter::ARCHITECTURE {
            return self.log.doubt(Doubt::Architecture, format!("{:x}", call.architecture));
        }
        match calls::deed(&self.calls, call.number) {
            Some(deed) => {
                if let Err(error) = self.perform(tracee, call, deed) {
                    let what = format!("call {}: {error}", call.number);
                    self.log.doubt(Doubt::Unreadable, what);
                }
            }
            None => self.log.doubt(Doubt::Architecture, format!("call {}", call.number)),
        }
    }

    /// Whether a call of this number, with this second argument, is one of ours and waits for nobody: signals do not interrupt it.
    /// An open of a FIFO waits, and begins again all the same.
    pub(super) fn never_waits(&self, number: u64, second: u64) -> bool {
        calls::deed(&self.calls, number).is_some() && !calls::may_wait(number, second)
    }

    /// Enters the program that a process has begun to run, which need not be the one that it named.
    pub(super) fn running(&mut self, tracee: Tracee) {
        match tracee.program() {
            // Gone meanwhile: it was the run's own, and the call that executed it is in the log.
            Ok(path) if path.as_os_str().as_bytes().ends_with(b" (deleted)") => {}
            Ok(path) => {
                // The kernel has read it already.
                let settling = self.settling.take();
                self.executed(&path);
                self.settling = settling;
            }
            Err(error) => self.log.doubt(Doubt::Unreadable, format!("program: {error}")),
        }
    }

    fn perform(&mut self, tracee: Tracee, call: &SystemCall, deed: Deed) -> io::Result<()> {
        let named = |operand: Operand| operand_of(tracee, call, operand);
        let flags = |at: Option<usize>| at.map_or(0, |at| argument(call, at));
        match deed {
            Deed::Open(operand, mode) => {
                if let Some(file) = named(operand)? {
                    let flags = open_flags(tracee, call, mode)?;
                    self.open(file, flags);
                }
            }
            Deed::Look(operand, at) => {
                if let Some(file) = named(operand)? {
                    self.look(file, flags(at) & libc::AT_SYMLINK_NOFOLLOW as u64 != 0);
                }
            }
            Deed::LookAtLink(operand) => {
                if let Some(file) = named(operand)? {
                    self.look(file, true);
                }
            }
            Deed::Execute(operand) => {
                if let Some(file) = named(operand)? {
                    self.execute(file);
                }
            }
            Deed::Make(operand) => {
                if let Some(file) = named(operand)? {
                    let found = file.found(true);
                    // Where something is, the call fails.
                    let touch = if found.is_some() { Touch::Look } else { Touch::Replace };
                    self.touch(file.name, touch, found.as_ref());
                }
            }
            Deed::Treat(operand, touch) => {
                if let Some(file) = named(operand)? {
                    self.treat(file, touch);
                }
            }
            Deed::Rename(from, to) => {
                if let (Some(from), Some(to)) = (named(from)?, named(to)?) {
                    let replaced = to.found(true);
                    if self.treat(from, Touch::Change) {
                        self.touch(to.name, Touch::Replace, replaced.as_ref());
                    }
                }
            }
            Deed::Link(from, to) => {
                let Some(to) = named(to)? else { return Ok(()) };
                // A file that has no name but a descriptor's.
                let from = named(from)?.filter(|from| place(&from.name) != Place::Doubtful);
                let Some(from) = from else {
                    self.log.doubt(Doubt::Place, to.name);
                    return Ok(());
                };
                let (there, taken) = (from.found(true), to.found(true));
                self.touch(from.name, Touch::Read, there.as_ref());
                let makes = there.is_some() && taken.is_none();
                let touch = if makes { Touch::Replace } else { Touch::Look };
                self.touch(to.name, touch, taken.as_ref());
            }
            Deed::List => self.list(tracee, argument(call, 0) as i32)?,
            Deed::Socket => self.socket(call),
            Deed::Connect => self.connect(tracee, call)?,
            Deed::Use(at) => {
                let number = argument(call, at);
                if self.inherited.holds(tracee, number) {
                    self.log.doubt(Doubt::Inherited, format!("descriptor {number}"));
                }
            }
            Deed::Doubtful(doubt) => self.log.doubt(doubt, format!("call {}", call.number)),
        }
        Ok(())
    }

    fn open(&mut self, file: Named, flags: u64) {
        let has = |flag: i32| flags & flag as u64 == flag as u64;
        let found = file.found(has(libc::O_NOFOLLOW) || has(libc::O_CREAT | libc::O_EXCL));
        let exists = found.is_some();
        if has(libc::O_PATH) {
            return self.touch(file.name, Touch::Look, found.as_ref());
        }
        if flags & TEMPORARY != 0 {
            // A file without a name, in this folder; it has one only once it is linked.
            return self.touch(file.name, Touch::Look, found.as_ref());
        }
        let writes = flags & libc::O_ACCMODE as u64 != libc::O_RDONLY as u64;
        let touch = match (exists, writes || has(libc::O_TRUNC), has(libc::O_CREAT)) {
            (true, _, true) if has(libc::O_EXCL) => Touch::Look,
            (true, false, _) if found.as_ref().is_some_and(|found| file.is_folder(found)) => Touch::Look,
            (true, false, _) | (false, _, false) => Touch::Read,
            (true, true, _) if has(libc::O_TRUNC) => Touch::Replace,
            (false, _, true) if !has(libc::O_APPEND) => Touch::Replace,
            // It adds to what is there, or would if something were.
            (true, true, _) | (false, _, true) => Touch::Change,
        };
        // What a descriptor stands for is not the same to the tracer.
        if touch != Touch::Look && place(&file.name) == Place::Doubtful {
            return self.log.doubt(Doubt::Place, file.name);
        }
        self.touch(file.name, touch, found.as_ref());
    }

    fn look(&mut self, file: Named, link: bool) {
        let found = file.found(link);
        self.touch(file.name, Touch::Look, found.as_ref());
    }

    fn execute(&mut self, file: Named) {
        let found = file.found(false);
        if found.is_some() && file.name.starts_with(b"/") {
            self.executed(&file.way);
        }
        self.touch(file.name, Touch::Execute, found.as_ref());
    }

    /// Enters what the kernel reads to run a program, and the program under its own name.
    fn executed(&mut self, program: &Path) {
        let name = program.as_os_str().as_bytes();
        if !self.programs.insert(name.to_vec()) {
            return;
        }
        if !name.starts_with(b"/proc/") {
            self.touch(name.to_vec(), Touch::Execute, program.metadata().ok().as_ref());
        }
        for needed in program::read_for(program) {
            let found = needed.metadata().ok();
            let name = needed.into_os_string().into_vec();
            if name.starts_with(b"/") {
                self.touch(name, Touch::Read, found.as_ref());
            } else {
                self.log.doubt(Doubt::Unreadable, name);
            }
        }
    }

    /// Returns whether the call can do what it is for: there must be something.
    fn treat(&mut self, file: Named, touch: Touch) -> bool {
        let found = file.found(true);
        if found.is_some() && place(&file.name) == Place::Doubtful {
            self.log.doubt(Doubt::Place, file.name);
        } else {
            let touch = if found.is_some() { touch } else { Touch::Look };
            self.touch(file.name, touch, found.as_ref());
        }
        found.is_some()
    }

    fn list(&mut self, tracee: Tracee, descriptor: i32) -> io::Result<()> {
        let folder = tracee.open_file(descriptor)?;
        match place(&folder) {
            Place::Ordinary if folder.starts_with(b"/") && !folder.ends_with(b" (deleted)") => {
                self.log.listed.insert(folder);
            }
            _ => self.log.doubt(Doubt::Place, folder),
        }
        Ok(())
    }

    /// Sockets that need no address say nothing to anybody else.
    fn socket(&mut self, call: &SystemCall) {
        let kind = argument(call, 1) as i32 & !(libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK);
        if argument(call, 0) as i32 != libc::AF_UNIX || kind != libc::SOCK_STREAM {
            self.log.doubt(Doubt::Socket, "socket");
        }
    }

    /// A server that is not there is a path that is not there; so the C library looks for nscd.
    fn connect(&mut self, tracee: Tracee, call: &SystemCall) -> io::Result<()> {
        // struct sockaddr_un: a family of two bytes, then the path.
        let path = tracee.text(argument(call, 1).wrapping_add(2))?.unwrap_or_default();
        let server = tracee.path(None, &path)?;
        if path.is_empty() || server.found(false).is_some() {
            self.log.doubt(Doubt::Socket, path);
        } else {
            self.touch(server.name, Touch::Look, None);
        }
        Ok(())
    }

    fn touch(&mut self, path: Vec<u8>, touch: Touch, found: Option<&Metadata>) {
        let place = place(&path);
        if place == Place::Harmless {
            return;
        }
        let used = place == Place::Ordinary && !matches!(touch, Touch::Replace | Touch::Change);
        let first = found.filter(|_| used && !self.log.knows(&path));
        let settled = first.and_then(|found| self.settling.as_ref()?.wait_for(found));
        self.log.touch(path, touch, found.is_some(), settled);
    }
}

fn argument(call: &SystemCall, at: usize) -> u64 {
    call.args.get(at).copied().unwrap_or_default()
}

/// The path that an operand names; nothing where it names none, or the call will fail for it.
fn operand_of(tracee: Tracee, call: &SystemCall, operand: Operand) -> io::Result<Option<Named>> {
    match tracee.text(argument(call, operand.text))? {
        // It means the descriptor, or nothing.
        Some(text) if text.is_empty() => Ok(None),
        Some(text) => tracee.path(operand.folder.map(|at| argument(call, at) as i32), &text).map(Some),
        None => Ok(None),
    }
}

fn open_flags(tracee: Tracee, call: &SystemCall, mode: Mode) -> io::Result<u64> {
    Ok(match mode {
        Mode::Flags(at) => argument(call, at),
        Mode::Structure(at) => tracee.number(argument(call, at))?.unwrap_or_default(),
        Mode::Create => (libc::O_CREAT | libc::O_WRONLY | libc::O_TRUNC) as u64,
    })
}
