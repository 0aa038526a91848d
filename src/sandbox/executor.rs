//! Runs one compile on this machine, niced, in a private view of the build tree.

use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};
use std::{fs, io};

use nix::sys::statvfs::statvfs;
use parking_lot::RwLock;

use super::confine::Room;
use super::scratch::{Scratch, SideFolder, remove_abandoned};
use super::view::{self, Kind, View};
use crate::base::variable::Variable;
use crate::cache::folder::make_private;
use crate::sandbox::confine::filter::Sockets;
use crate::sandbox::confine::spawn::{Program, spawn};

/// Niceness of launches: a real compile gets ten times the share of a core.
const NICE: i32 = 10;
/// Niceness where it cannot be taken back when a build comes to wait for the launch: little.
const NICE_FOR_GOOD: i32 = 3;

/// Room for the lists of the compiles that run at once, bytes: one has a few hundred KB at most.
const ROOM: u64 = 16 << 20;

/// One compile to run.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The compiler's absolute path.
    pub compiler: &'a Path,
    /// Its arguments.
    pub args: &'a [String],
    /// The whole environment, as `name`, `value`.
    pub environment: &'a [Variable],
    /// The working directory, absolute.
    pub directory: &'a Path,
    /// Whether a build waits for it already: then it is not niced.
    pub asked: bool,
}

/// What came of a job that was run to its end.
#[derive(Debug)]
pub struct Executed {
    /// Raw wait status: 0 is success.
    pub status: i32,
    /// What it printed on its standard output.
    pub stdout: Vec<u8>,
    /// What it printed on its standard error.
    pub stderr: Vec<u8>,
    /// CPU time, user and system, of it and its children.
    pub cpu: Duration,
    /// Time from start to end.
    pub wall: Duration,
    /// Where its files are, until dropped.
    pub view: View,
}

/// Runs jobs, and knows where their scratch folders may lie.
#[derive(Debug)]
pub struct Executor {
    /// Where such folders may lie.
    places: [PathBuf; 4],
    /// For what compiles of the build's own leave.
    sides: Folder,
    /// Looked for when it is first asked for: programs are started for that.
    work: OnceLock<Work>,
    /// Whether it is, or was, looked for.
    begun: AtomicBool,
    nice: i32,
}

/// Where jobs have their scratch folders, and how they get their views.
#[derive(Debug)]
struct Work {
    folder: Folder,
    views: Option<Kind>,
}

/// A scratch folder; without a place there is none.
#[derive(Debug)]
struct Folder {
    place: Option<PathBuf>,
    scratch: RwLock<Option<Arc<Scratch>>>,
    /// Whether none is made any more.
    closed: AtomicBool,
}

impl Work {
    /// Looks for a place in which private views work.
    fn find(places: &[PathBuf]) -> Self {
        let mut folders: Vec<_> = usable(places).collect();
        let mut found = folders
            .iter()
            .enumerate()
            .filter_map(|(place, folder)| Some((place, view::working(folder.path())?)));
        // Any folder for an overlay before the first for less.
        let first = found.next();
        let working = match first {
            Some((_, Kind::Staged)) => found.find(|(_, kind)| *kind == Kind::Overlay).or(first),
            first => first,
        };
        drop(found);
        if working.is_none() {
            tracing::warn!(
                "no private view of a build tree can be had (namespaces are barred): launches run on a grid or not at all"
            );
        }
        let (place, views) = working.map_or((0, None), |(place, kind)| (place, Some(kind)));
        let scratch = (!folders.is_empty()).then(|| folders.swap_remove(place));
        Self { folder: Folder::of(scratch), views }
    }
}

/// A new scratch folder in each place where one can be made.
fn usable(places: &[PathBuf]) -> impl Iterator<Item = Scratch> {
    places
        .iter()
        .filter_map(|place| Scratch::new(place).ok())
        // Its name goes into a variable for the compiler, and blanks end that.
        .filter(|folder| !folder.path().as_os_str().to_string_lossy().contains(char::is_whitespace))
}

impl Folder {
    fn of(scratch: Option<Scratch>) -> Self {
        let place = scratch.as_ref().and_then(|made| Some(made.path().parent()?.to_owned()));
        Self { place, scratch: RwLock::new(scratch.map(Arc::new)), closed: AtomicBool::new(false) }
    }

    fn current(&self) -> Option<Arc<Scratch>> {
        self.scratch.read().clone()
    }

    /// Has no other one made, and gives the last.
    fn close(&self) -> Option<Arc<Scratch>> {
        let scratch = self.scratch.write();
        self.closed.store(true, Ordering::SeqCst);
        scratch.clone()
    }

    /// The folder, made anew if somebody has removed it.
    fn get(&self) -> io::Result<Arc<Scratch>> {
        let there = |scratch: &Arc<Scratch>| scratch.path().is_dir();
        if let Some(scratch) = self.current().filter(there) {
            return Ok(scratch);
        }
        let mut scratch = self.scratch.write();
        let open = self.place.as_ref().filter(|_| !self.closed.load(Ordering::SeqCst));
        let place = open.ok_or(io::ErrorKind::Unsupported)?;
        if let Some(another) = scratch.as_ref().filter(|another| there(another)) {
            return Ok(Arc::clone(another));
        }
        make_private(place)?;
        Ok(Arc::clone(scratch.insert(Arc::new(Scratch::new(place)?))))
    }
}

impl Executor {
    /// Has scratch folders below `cache`, else in folders that any machine has.
    pub fn new(cache: &Path) -> Self {
        let places =
            [cache, Path::new("/dev/shm"), Path::new("/tmp"), Path::new("/var/tmp")].map(Path::to_owned);
        let sides = Folder::of(usable(&places).next());
        let nice = if may_renice() { NICE } else { NICE_FOR_GOOD };
        Self { places, sides, work: OnceLock::new(), begun: AtomicBool::new(false), nice }
    }

    /// Removes the scratch folders that killed processes have left: of every launch that ran then, what it had written.
    pub fn tidy(&self) {
        self.places.iter().for_each(|place| remove_abandoned(place));
    }

    /// Removes what launches have left, when there will be no more, and what killed processes have: their launches may still have been
    /// dying when this began.
    pub fn clear(&self) {
        self.sides.close().iter().for_each(|scratch| scratch.clear());
        // The place may still be looked for.
        if self.begun.load(Ordering::SeqCst) {
            self.work().folder.close().iter().for_each(|scratch| scratch.remove());
        }
        self.tidy();
    }

    fn work(&self) -> &Work {
        self.begun.store(true, Ordering::SeqCst);
        self.work.get_or_init(|| Work::find(&self.places))
    }

    /// Whether jobs that write can be run; this is found out when it is first asked.
    pub fn available(&self) -> bool {
        self.work().views.is_some()
    }

    /// A view for a job that will write below `covered`; an error when there can be none. Where it [is staged](View::is_staged) it
    /// has nothing of `covered` yet.
    pub fn prepare(&self, covered: &[&Path]) -> io::Result<View> {
        let Work { folder, views } = self.work();
        if views.is_none() && !covered.is_empty() {
            return Err(io::ErrorKind::Unsupported.into());
        }
        View::new(*views, folder.get()?.path(), covered)
    }

    /// A view as [`Executor::prepare`] gives it, if all of `covered` is seen in it.
    pub fn prepare_whole(&self, covered: &[&Path]) -> io::Result<View> {
        let view = self.prepare(covered)?;
        if view.is_staged() { Err(io::ErrorKind::Unsupported.into()) } else { Ok(view) }
    }

    /// A folder for files that a compile of the build's own leaves for us; an error where the disk has hardly room for them: GCC
    /// fails when it cannot write its list of dependencies.
    pub fn scratch(&self) -> io::Result<SideFolder> {
        let scratch = self.sides.get()?;
        let disk = statvfs(scratch.path())?;
        if disk.blocks_available() * disk.fragment_size() < ROOM {
            return Err(io::ErrorKind::StorageFull.into());
        }
        scratch.side()
    }

    /// Runs the job in the view, where it can do nothing to others. `started` is told the process group, for [`hurry`] and [`kill`].
    pub fn run(&self, job: &Job<'_>, view: View, started: &dyn Fn(i32)) -> io::Result<Executed> {
        self.run_with(Sockets::Barred, job, view, started)
    }

    /// As [`Executor::run`], but it may speak to servers: for a program that was installed to do so.
    pub fn run_client(&self, job: &Job<'_>, view: View, started: &dyn Fn(i32)) -> io::Result<Executed> {
        self.run_with(Sockets::Allowed, job, view, started)
    }

    fn run_with(
        &self,
        sockets: Sockets,
        job: &Job<'_>,
        view: View,
        started: &dyn Fn(i32),
    ) -> io::Result<Executed> {
        let stdout = view.scratch().join("stdout");
        let stderr = view.scratch().join("stderr");
        let value = |name: &str| {
            job.environment.iter().rev().find(|(set, _)| set == name).map(|(_, value)| value.as_str())
        };
        // A server's socket may lie in the temporary folder, and leads nowhere from behind an overlay.
        let client = sockets == Sockets::Allowed;
        let room = view.room(spec_cc_tracer::temporary::of(value).filter(|_| !client).as_deref())?;
        let mut environment = job.environment.to_vec();
        if client || matches!(room, Room::Shared(_)) {
            environment.push(("TMPDIR".into(), view.private_temporary().display().to_string()));
        }
        let program = Program {
            path: job.compiler,
            args: job.args,
            environment: &environment,
            directory: job.directory,
            stdout: &fs::File::create(&stdout)?,
            stderr: &fs::File::create(&stderr)?,
            nice: if job.asked { 0 } else { self.nice },
            sockets,
        };
        let begun = Instant::now();
        let process = spawn(&program, &room)?;
        started(process);
        let (status, cpu) = wait(process)?;
        let wall = begun.elapsed();
        Ok(Executed { status, stdout: fs::read(stdout)?, stderr: fs::read(stderr)?, cpu, wall, view })
    }
}

/// A build now waits for this process group: it gets its full share.
pub fn hurry(group: i32) {
    // SAFETY: a system call on integers; lowering niceness may be refused, and then nothing changes.
    unsafe { libc::setpriority(libc::PRIO_PGRP, group as libc::id_t, 0) };
}

/// Ends a process group whose result nobody wants any more.
pub fn kill(group: i32) {
    let _ = nix::sys::signal::killpg(nix::unistd::Pid::from_raw(group), nix::sys::signal::Signal::SIGKILL);
}

/// Whether niceness can be taken back once given: tried by a thread, which has one of its own (`setpriority(2)`). Root in a user
/// namespace cannot.
fn may_renice() -> bool {
    let attempt = || {
        // SAFETY: system calls on integers, for the calling thread.
        unsafe {
            let now = libc::getpriority(libc::PRIO_PROCESS, 0);
            libc::setpriority(libc::PRIO_PROCESS, 0, now + 1) == 0
                && libc::setpriority(libc::PRIO_PROCESS, 0, now) == 0
        }
    };
    let attempted = std::thread::Builder::new().spawn(attempt).map(std::thread::JoinHandle::join);
    matches!(attempted, Ok(Ok(true)))
}

/// Waits for a child and says its raw status and its CPU time.
fn wait(pid: i32) -> io::Result<(i32, Duration)> {
    let mut status = 0;
    // SAFETY: all-zero is a valid rusage, and both pointers live through the call.
    let (result, usage) = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        let mut result = libc::wait4(pid, &raw mut status, 0, &raw mut usage);
        while result == -1 && io::Error::last_os_error().kind() == io::ErrorKind::Interrupted {
            result = libc::wait4(pid, &raw mut status, 0, &raw mut usage);
        }
        (result, usage)
    };
    if result == -1 {
        return Err(io::Error::last_os_error());
    }
    Ok((
        std::process::ExitStatus::from_raw(status).into_raw(),
        duration(usage.ru_utime) + duration(usage.ru_stime),
    ))
}

fn duration(time: libc::timeval) -> Duration {
    Duration::from_secs(time.tv_sec.unsigned_abs()) + Duration::from_micros(time.tv_usec.unsigned_abs())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_process_left_goes_at_the_end_too() {
        let cache = tempfile::tempdir().unwrap();
        let executor = Executor::new(cache.path());
        // Its launches were still dying when this began.
        let left = cache.path().join("spec-cc-work-left/job-1");
        fs::create_dir_all(&left).unwrap();
        executor.clear();
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);
    }

    #[test]
    fn who_goes_on_making_files_leaves_none() {
        let cache = tempfile::tempdir().unwrap();
        let executor = Executor::new(cache.path());
        std::thread::scope(|scope| {
            let search = scope.spawn(|| executor.prepare(&[]).map(|view| view.scratch().to_owned()));
            while !executor.begun.load(Ordering::SeqCst) {
                std::thread::yield_now();
            }
            executor.clear();
            let scratch = search.join().unwrap();
            assert!(scratch.is_err() || fs::write(scratch.unwrap().join("late"), "").is_err());
        });
        assert!(executor.prepare(&[]).is_err() && executor.scratch().is_err(), "none is made anew");
        assert_eq!(fs::read_dir(cache.path()).unwrap().count(), 0);
    }
}
