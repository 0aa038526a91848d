//! The tracer: answers what its tracees report until the last of them has ended.

use std::collections::HashSet;
use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use libc::{c_int, pid_t};

use super::doubt::Doubt;
use super::format;
use super::proc;
use super::record::Recorder;
use super::root;
use super::sources::{Event, Sources};
use super::sys::{self, Report, SystemCall};
use super::temporary;
use super::tracee::Tracee;

/// The signals that stop a process (signal(7)).
const STOPPING: [c_int; 4] = [libc::SIGSTOP, libc::SIGTSTP, libc::SIGTTIN, libc::SIGTTOU];

/// What a shell adds to the signal that ended a program, for an exit status.
const SIGNALLED: c_int = 128;

/// What is known of the tracees.
#[derive(Debug)]
pub(super) struct Tracer<'a> {
    command: pid_t,
    out: &'a Path,
    sources: Sources,
    recorder: Recorder,
    /// Threads that live.
    threads: HashSet<pid_t>,
    /// Threads that were heard of before the one that started them told of it.
    early: HashSet<pid_t>,
    /// Whether the filter is there: the first thing that the command does is a call that it stops at.
    filtered: bool,
    /// Whether the trace is over: what goes on is only let go on.
    over: bool,
    /// Whether the command has a root of its own, whose files alone may count.
    within: bool,
}

impl<'a> Tracer<'a> {
    /// The tracer of a command that was seized. Its trace goes to `out`.
    pub(super) fn new(command: pid_t, out: &'a Path, sources: Sources, recorder: Recorder) -> Self {
        let threads = HashSet::from([command]);
        let (early, filtered, over, within) = (HashSet::new(), false, false, false);
        Self { command, out, sources, recorder, threads, early, filtered, over, within }
    }

    /// The same of a command that runs in a root of its own.
    pub(super) fn within(self) -> Self {
        Self { within: true, ..self }
    }

    /// The next report of a tracee; until then their calls are seen to.
    fn report(&mut self) -> io::Result<Report> {
        loop {
            match self.sources.next()? {
                Event::Reported(report) => return Ok(report),
                Event::Call(notice) => {
                    self.called(notice.thread, Some(notice.call));
                    self.sources.let_go_on(&notice);
                }
            }
        }
    }

    /// Enters the call that a thread is about to make, if it could be learnt.
    fn called(&mut self, thread: pid_t, call: Option<SystemCall>) {
        self.filtered = true;
        match call {
            _ if self.over => {}
            Some(call) => self.recorder.enter(Tracee(thread), &call),
            None => self.recorder.log.doubt(Doubt::Unreadable, "system call"),
        }
    }

    /// Follows the command, and then whatever it leaves running: without us that could open no file.
    pub(super) fn follow(mut self) {
        while let Ok(report) = self.report() {
            match report {
                Report::Ended { pid, killed, .. } => {
                    self.threads.remove(&pid);
                    proc::forget(pid);
                    if killed && !self.over {
                        self.recorder.log.doubt(Doubt::Killed, "");
                    }
                    if pid == self.command {
                        self.conclude();
                    }
                    if self.over && self.threads.is_empty() {
                        // The kernel tells the parents of what we leave unreaped, and they find us gone, too.
                        return;
                    }
                    sys::take(pid);
                }
                Report::Stopped { pid, signal, event } => {
                    if !self.stopped(pid, signal, event) {
                        return;
                    }
                }
            }
        }
    }

    /// Follows the command to its end, and returns its exit status, or what a shell makes of a signal. What it leaves running ends
    /// with this process.
    pub(super) fn follow_alone(mut self) -> Option<u8> {
        while let Ok(report) = self.report() {
            match report {
                Report::Ended { pid, killed, status } => {
                    self.threads.remove(&pid);
                    proc::forget(pid);
                    if killed {
                        self.recorder.log.doubt(Doubt::Killed, "");
                    }
                    sys::take(pid);
                    if pid == self.command {
                        self.conclude_alone();
                        return u8::try_from(if killed { SIGNALLED + status } else { status }).ok();
                    }
                }
                Report::Stopped { pid, signal, event } => {
                    if !self.stopped(pid, signal, event) {
                        return None;
                    }
                }
            }
        }
        None
    }

    fn conclude_alone(&mut self) {
        if !self.threads.is_empty() {
            self.recorder.log.doubt(Doubt::LeftRunning, "");
        }
        if self.within {
            root::settle(&mut self.recorder.log);
        } else if let Some(path) = self.left_in_temporary() {
            self.recorder.log.doubt(Doubt::LeftBehind, path);
        }
        self.write();
    }

    /// Writes the trace. Without the file there is none, and that is all that can be said of it: so, too, where the filter was refused and
    /// the command ended before it could run a program.
    fn write(&self) {
        if self.filtered {
            let _ = format::write(&self.recorder.log, self.out);
        }
    }

    /// A file that it has left in the temporary folder, which is a launch's own and goes with it.
    fn left_in_temporary(&self) -> Option<Vec<u8>> {
        let folder = temporary::of(|name| std::env::var_os(name))?;
        let (mount, true) = sys::mount_of(&folder)? else { return None };
        let is_left = |path: &[u8]| {
            sys::mount_of(Path::new(OsStr::from_bytes(path))).is_some_and(|(other, _)| other == mount)
        };
        let mut written = self.recorder.log.entries.iter().filter(|entry| entry.written);
        written.find(|entry| is_left(&entry.path)).map(|entry| entry.path.clone())
    }

    /// Lets a stopped thread go on; false when there is nothing to trace.
    fn stopped(&mut self, pid: pid_t, signal: c_int, event: c_int) -> bool {
        match event {
            libc::PTRACE_EVENT_SECCOMP => self.called(pid, sys::system_call(pid).ok()),
            libc::PTRACE_EVENT_EXEC if !self.filtered => {
                sys::let_go(pid);
                return false;
            }
            libc::PTRACE_EVENT_EXEC => self.executed(pid),
            libc::PTRACE_EVENT_FORK | libc::PTRACE_EVENT_VFORK | libc::PTRACE_EVENT_CLONE => self.born(pid),
            sys::EVENT_STOP if STOPPING.contains(&signal) => {
                sys::leave_stopped(pid);
                return true;
            }
            sys::EVENT_STOP => self.heard_of(pid),
            0 => {
                if self.sources.are_told() {
                    sys::begin_again(pid, |number, second| self.recorder.never_waits(number, second));
                }
                sys::resume(pid, signal);
                return true;
            }
            _ => {}
        }
        sys::resume(pid, 0);
        true
    }

    /// A program has begun. The other threads are gone, and this one has the process's id.
    fn executed(&mut self, pid: pid_t) {
        // Until this is taken, the kernel has us mistaken about whom we mean (ptrace_freeze_traced in kernel/ptrace.c).
        sys::take(pid);
        if let Ok(former) = sys::event_message(pid)
            && former != pid
        {
            self.threads.remove(&former);
            proc::forget(former);
        }
        if self.over {
            return;
        }
        // Only one of both runs at any time, and to wake another processor takes longer than all the rest.
        if !self.sources.are_told()
            && let Some(processor) = Tracee(pid).processor()
        {
            sys::run_on(processor);
        }
        self.recorder.running(Tracee(pid));
    }

    fn born(&mut self, parent: pid_t) {
        if let Ok(child) = sys::event_message(parent)
            && !self.early.remove(&child)
        {
            self.threads.insert(child);
        }
    }

    fn heard_of(&mut self, pid: pid_t) {
        if self.threads.insert(pid) {
            self.early.insert(pid);
        }
    }

    /// The command has ended, and nobody knows yet but us.
    fn conclude(&mut self) {
        self.over = true;
        let left = !self.threads.is_empty();
        if left {
            self.recorder.log.doubt(Doubt::LeftRunning, "");
        }
        self.write();
        if left {
            sys::leave_session();
            let _ = std::env::set_current_dir("/");
        }
    }
}
