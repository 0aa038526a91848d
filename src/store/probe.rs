//! A child process that reads a doubtful store, so that what breaks sled breaks only the child.

use std::fs::File;
use std::io::{self, PipeReader, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::path::Path;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::waitpid;
use nix::unistd::{ForkResult, Pid, dup2_stderr, fork};

use super::{StoreError, disk, rows};

/// The child's share of time: a store of 100 MB is read in a second; damage may make sled loop.
const PATIENCE: Duration = Duration::from_secs(20);

/// The child's share of memory, so that a damaged length ends the child and not the machine.
const MEMORY: u64 = 4 << 30;

/// What the child found.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(super) enum Verdict {
    /// Every row can be read, and sled has repaired what a crash leaves.
    Sound,
    /// Something cannot be read.
    Damaged(String),
    /// Another process has it open.
    Locked,
    /// The system refused.
    Refused(String),
}

/// Reads all of the store in `dir` in a child. To be called only in a process that has not run sled.
pub(super) fn check(dir: &Path) -> io::Result<Verdict> {
    let (reader, mut writer) = io::pipe()?;
    // SAFETY: the child runs code that takes locks. It needs no lock but the allocator's, which the C library keeps usable
    // across fork, and sled's and the panic hook's, which nobody holds before sled has run.
    match unsafe { fork() }? {
        ForkResult::Child => {
            quieten();
            let _ = writer.write_all(examine(dir).as_bytes());
            exit();
        }
        ForkResult::Parent { child } => {
            drop(writer);
            let verdict = listen(reader);
            if verdict.is_err() {
                let _ = kill(child, Signal::SIGKILL);
            }
            reap(child);
            Ok(verdict.unwrap_or_else(Verdict::Damaged))
        }
    }
}

/// The verdict as the child tells it.
fn examine(dir: &Path) -> String {
    match read_all(dir).map_err(|error| StoreError::from_sled(dir, "read", error)) {
        Ok(()) => "sound".to_owned(),
        Err(StoreError::Locked { .. }) => "locked".to_owned(),
        Err(StoreError::Io { source, .. }) => format!("refused {source}"),
        Err(StoreError::Damaged { what, .. }) => format!("damaged {what}"),
        Err(other) => format!("damaged {other}"),
    }
}

fn read_all(dir: &Path) -> sled::Result<()> {
    let db = disk::sled(dir)?;
    if !db.contains_key(rows::SCHEMA)? {
        return Err(sled::Error::Unsupported(disk::LOST.to_owned()));
    }
    for name in db.tree_names() {
        db.open_tree(name)?.iter().try_for_each(|row| row.map(drop))?;
    }
    // A row is written and taken back, because damage to the accounting of free space shows only then.
    db.insert(b"probe", b"")?;
    db.remove(b"probe")?;
    db.flush().map(drop)
}

/// Gives the child's verdict, or says how it ended without one.
fn listen(mut reader: PipeReader) -> Result<Verdict, String> {
    let timeout = PollTimeout::try_from(PATIENCE).unwrap_or(PollTimeout::MAX);
    loop {
        match poll(&mut [PollFd::new(reader.as_fd(), PollFlags::POLLIN)], timeout) {
            Err(Errno::EINTR) => {}
            Ok(0) => return Err("reading it does not end".to_owned()),
            _ => break,
        }
    }
    let mut told = String::new();
    reader.read_to_string(&mut told).map_err(|error| format!("reading it gives no answer: {error}"))?;
    Ok(match told.split_once(' ').unwrap_or((&told, "")) {
        ("sound", _) => Verdict::Sound,
        ("locked", _) => Verdict::Locked,
        ("refused", why) => Verdict::Refused(why.to_owned()),
        ("damaged", what) => Verdict::Damaged(what.to_owned()),
        _ => return Err("reading it crashes".to_owned()),
    })
}

/// In the child: nothing on the terminal, no core file, bounded memory, and any thread's panic ends the process.
fn quieten() {
    std::panic::set_hook(Box::new(|_| exit()));
    if let Ok(null) = File::options().write(true).open("/dev/null") {
        let _ = dup2_stderr(null);
    }
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    let _ = setrlimit(Resource::RLIMIT_AS, MEMORY, MEMORY);
}

fn exit() -> ! {
    // SAFETY: ends the process at once; unlike `exit` it runs no handlers, which are the parent's.
    unsafe { libc::_exit(0) }
}

fn reap(child: Pid) {
    while waitpid(child, None) == Err(Errno::EINTR) {}
}
