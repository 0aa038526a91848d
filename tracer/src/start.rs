//! Starting a command under a tracer, which is a child of the process that becomes the command.

use std::fs::{self, File};
use std::io::{Read, Write};
use std::os::fd::{AsFd, AsRawFd, IntoRawFd, RawFd};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::Path;

use libc::pid_t;

use super::calls;
use super::filter;
use super::inherited::Inherited;
use super::record::Recorder;
use super::root;
use super::sources::Sources;
use super::sys::{self, notify};
use super::tracer::Tracer;

/// Arranges for all that this process does from its next `execve` on to be traced, into the file `out`; then `exec` is to
/// execute the program at `path`, and returns only if it cannot.
///
/// Where there can be no tracing, `exec` is called all the same, and there will be no file.
pub fn run<T>(out: &Path, program: &Path, exec: impl FnOnce() -> T) -> T {
    if !gains_rights(program) {
        // `None` for any reason means the plain command.
        let _ = be_traced(out);
    }
    exec()
}

/// Runs a command as a child of this process, which becomes its tracer and then ends as the command did: as the first process of a
/// namespace, whose end is the end of all others. `exec` is as for [`run`], and ends its process if it comes back.
///
/// Returns the command's exit status, or what a shell makes of a signal; `None` where there can be no tracing.
pub fn run_below(out: &Path, exec: impl FnOnce()) -> Option<u8> {
    run_alone(exec, |command, sources, recorder| Tracer::new(command, out, sources, recorder).follow_alone())
}

/// The same in `directory` of a root that is the folder which this process works in: a worker's input root. `out` is a path in it.
pub fn run_within(out: &Path, directory: &Path, exec: impl FnOnce()) -> Option<u8> {
    root::enter(directory).ok()?;
    run_alone(exec, |command, sources, recorder| {
        Tracer::new(command, out, sources, recorder).within().follow_alone()
    })
}

fn run_alone(exec: impl FnOnce(), follow: impl FnOnce(pid_t, Sources, Recorder) -> Option<u8>) -> Option<u8> {
    let inherited = Inherited::of_process()?;
    let descriptors = inherited.numbers();
    let (ours, mut theirs) = UnixStream::pair().ok()?;
    let Some(command) = sys::fork().ok()? else {
        drop(ours);
        // Without a tracer there is nothing to run.
        if theirs.read_exact(&mut [0]).is_ok() && stop_at_calls(&descriptors, &theirs).is_some() {
            // Closed: its end is told to the tracer.
            drop(theirs);
            exec();
        }
        sys::end();
    };
    drop(theirs);
    let recorder = Recorder::new(inherited);
    sys::block_signals();
    keep_only(ours.as_raw_fd())?;
    let mut sources = Sources::new(ours)?;
    sys::seize(command).ok()?;
    sources.link()?.write_all(b"t").ok()?;
    follow(command, sources, recorder)
}

/// Whether a program runs with its owner's rights: under a tracer it would not get them.
fn gains_rights(program: &Path) -> bool {
    fs::metadata(program).is_ok_and(|file| file.mode() & (libc::S_ISUID | libc::S_ISGID) != 0)
}

/// Starts the tracer; returns once it has seized this process and the filter is there.
fn be_traced(out: &Path) -> Option<()> {
    let command = std::process::id() as pid_t;
    let inherited = Inherited::of_process()?;
    let descriptors = inherited.numbers();
    let (mut ours, theirs) = UnixStream::pair().ok()?;
    let Some(tracer) = sys::fork_unseen().ok()? else {
        drop(ours);
        // Nothing of what the command inherited may be held by anybody else, and no panic may come back to it.
        trace(command, out, inherited, theirs);
        sys::end();
    };
    drop(theirs);
    sys::permit_tracer(tracer);
    ours.write_all(b"t").ok()?;
    ours.read_exact(&mut [0]).ok()?;
    stop_at_calls(&descriptors, &ours)
}

/// Has this process stop at the calls that name files, or use one of these open files. At the other end of `link` is its tracer.
fn stop_at_calls(descriptors: &[u32], link: &UnixStream) -> Option<()> {
    let calls = calls::all();
    if notify::is_quick() {
        let filter = &mut filter::stopping_at(&calls, descriptors, libc::SECCOMP_RET_USER_NOTIF);
        // It fails where somebody listens to this process already: what that is told of, no other tracer sees.
        let listener = notify::listen(filter).ok()?;
        if notify::send(link, listener.as_fd()).is_err() {
            // From here on no call succeeds.
            sys::kill_ourselves();
        }
        return Some(());
    }
    let mut filter = filter::stopping_at(&calls, descriptors, libc::SECCOMP_RET_TRACE);
    sys::obey(&mut filter, 0).ok().map(drop)
}

/// The tracer's whole life.
fn trace(command: pid_t, out: &Path, inherited: Inherited, link: UnixStream) {
    sys::block_signals();
    let recorder = Recorder::new(inherited).settling();
    if keep_only(link.as_raw_fd()).is_none() {
        return;
    }
    // When we are killed, our files are closed before our tracees are. With the listener gone their calls would fail, and they would live
    // just long enough to say so.
    let guard = notify::is_quick().then(sys::start_guard).and_then(Result::ok);
    if let Some(sources) = Sources::new(link).and_then(|sources| seize(command, sources)) {
        Tracer::new(command, out, sources, recorder).follow();
    }
    if let Some(guard) = guard {
        sys::end_guard(guard);
    }
}

/// Seizes the command once it is ready for that, and tells it.
fn seize(command: pid_t, mut sources: Sources) -> Option<Sources> {
    let link = sources.link()?;
    link.read_exact(&mut [0]).ok()?;
    sys::seize(command).ok()?;
    link.write_all(b"t").ok()?;
    Some(sources)
}

/// Closes all descriptors but this one and has nothing behind the standard ones.
fn keep_only(link: RawFd) -> Option<()> {
    let null = File::options().read(true).write(true).open("/dev/null").ok()?;
    sys::close_all_but(null.into_raw_fd(), link)
}
