//! A child process that reads a doubtful store, so that what breaks sled breaks only the child.

use std::fs::File;
use std::io::{self, PipeReader, PipeWriter, Read as _, Write as _};
use std::os::fd::AsFd as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{ForkResult, Pid, dup2_stderr, fork};

use super::{StoreError, database, rows};

/// The child's share of time: a store of 100 MB is read in a second; damage may make sled loop.
const PATIENCE: Duration = Duration::from_secs(20);

/// Of a child that is still at it by then, so much CPU time tells that it loops; less, that it was not let run.
const LOOPING: Duration = Duration::from_secs(5);

/// What the system refuses for reasons of its own.
const REFUSALS: [Errno; 13] = [
    Errno::EPERM,
    Errno::EIO,
    Errno::EAGAIN,
    Errno::ENOMEM,
    Errno::EACCES,
    Errno::ENFILE,
    Errno::EMFILE,
    Errno::EFBIG,
    Errno::ENOSPC,
    Errno::EROFS,
    Errno::EDQUOT,
    Errno::ESTALE,
    Errno::EINTR,
];

/// The same, as sled keeps them.
const KINDS: [&str; 8] = [
    "PermissionDenied",
    "WouldBlock",
    "OutOfMemory",
    "FileTooLarge",
    "StorageFull",
    "ReadOnlyFilesystem",
    "QuotaExceeded",
    "Uncategorized",
];

/// The child's share of memory, so that a damaged length ends the child and not the machine.
const MEMORY: u64 = 4 << 30;

/// How many children are tried: what kills one from outside, as the system does where memory is short, rarely kills the next as well.
const CHILDREN: usize = 5;

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
    /// Somebody ended the child by this signal.
    Killed(Signal),
}

/// What the child says before it ends.
#[derive(PartialEq, Eq, Debug)]
enum Told {
    Verdict(Verdict),
    /// It panicked, with this text.
    Panicked(String),
    Nothing,
    /// It goes on and on.
    NoEnd,
}

/// How the child ended.
#[derive(Clone, Copy)]
struct End {
    signal: Option<Signal>,
    /// The CPU time that it took, in whole seconds.
    cpu: Duration,
}

/// Reads all of the store in `dir` in a child, and in another if that one is killed. To be called only in a process that has not run
/// sled.
pub(super) fn check(dir: &Path) -> io::Result<Verdict> {
    let mut verdict = check_once(dir)?;
    for _ in 1..CHILDREN {
        if !matches!(verdict, Verdict::Killed(_)) {
            break;
        }
        verdict = check_once(dir)?;
    }
    Ok(verdict)
}

fn check_once(dir: &Path) -> io::Result<Verdict> {
    let (reader, mut writer) = io::pipe()?;
    // SAFETY: the child runs code that takes locks. It needs no lock but the allocator's, which the C library keeps usable
    // across fork, and sled's and the panic hook's, which nobody holds before sled has run.
    match unsafe { fork() }? {
        ForkResult::Child => {
            quieten(&writer);
            let _ = writer.write_all(examine(dir).as_bytes());
            exit();
        }
        ForkResult::Parent { child } => {
            drop(writer);
            let told = listen(reader);
            if told == Told::NoEnd {
                let _ = kill(child, Signal::SIGKILL);
            }
            Ok(judge(told, reap(child), memory_of_child() < MEMORY))
        }
    }
}

/// What came of the store's reading. Damage is only what nothing else explains: a child that was killed, or that the system refused
/// something, says nothing of the store.
fn judge(told: Told, end: End, limited: bool) -> Verdict {
    let crashed = || Verdict::Damaged("reading it crashes".to_owned());
    match told {
        Told::Verdict(verdict) => verdict,
        Told::Panicked(why) if is_systems(&why) => Verdict::Refused(why),
        Told::Panicked(_) => crashed(),
        Told::NoEnd if end.cpu >= LOOPING => Verdict::Damaged("reading it does not end".to_owned()),
        Told::NoEnd => Verdict::Refused("reading it takes too long".to_owned()),
        Told::Nothing => match end.signal {
            Some(Signal::SIGABRT) if limited => Verdict::Refused("too little memory is allowed".to_owned()),
            Some(Signal::SIGABRT | Signal::SIGSEGV | Signal::SIGBUS | Signal::SIGILL | Signal::SIGFPE) => {
                crashed()
            }
            Some(signal) => Verdict::Killed(signal),
            None => Verdict::Refused("the process that reads it gave no answer".to_owned()),
        },
    }
}

/// Whether a panic's text speaks of what the system refused.
fn is_systems(panic: &str) -> bool {
    let number = |text: &str| text.split(|c: char| !c.is_ascii_digit()).next().and_then(|n| n.parse().ok());
    let codes = panic.split("Os { code: ").skip(1).filter_map(number);
    codes.into_iter().any(|code| REFUSALS.contains(&Errno::from_raw(code)))
        || KINDS.iter().any(|kind| panic.contains(&format!("kind: {kind}")))
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
    let db = database::sled(dir)?;
    if !db.contains_key(rows::SCHEMA)? {
        return Err(sled::Error::Unsupported(database::LOST.to_owned()));
    }
    for name in db.tree_names() {
        db.open_tree(name)?.iter().try_for_each(|row| row.map(drop))?;
    }
    // A row is written and taken back, because damage to the accounting of free space shows only then.
    db.insert(b"probe", b"")?;
    db.remove(b"probe")?;
    db.flush().map(drop)
}

/// Gives what the child says.
fn listen(mut reader: PipeReader) -> Told {
    let timeout = PollTimeout::try_from(PATIENCE).unwrap_or(PollTimeout::MAX);
    loop {
        match poll(&mut [PollFd::new(reader.as_fd(), PollFlags::POLLIN)], timeout) {
            Err(Errno::EINTR) => {}
            Ok(0) => return Told::NoEnd,
            _ => break,
        }
    }
    let mut told = Vec::new();
    // What cannot be read was not told.
    let _ = reader.read_to_end(&mut told);
    let told = String::from_utf8_lossy(&told);
    Told::Verdict(match told.split_once(' ').unwrap_or((&told, "")) {
        ("sound", _) => Verdict::Sound,
        ("locked", _) => Verdict::Locked,
        ("refused", why) => Verdict::Refused(why.to_owned()),
        ("damaged", what) => Verdict::Damaged(what.to_owned()),
        ("panicked", why) => return Told::Panicked(why.to_owned()),
        _ => return Told::Nothing,
    })
}

/// In the child: nothing on the terminal, no core file, bounded memory, and any thread's panic ends the process.
fn quieten(writer: &PipeWriter) {
    let teller = writer.try_clone();
    std::panic::set_hook(Box::new(move |panic| {
        if let Ok(mut teller) = teller.as_ref() {
            let _ = teller.write_all(format!("panicked {panic}").as_bytes());
        }
        exit()
    }));
    if let Ok(null) = File::options().write(true).open("/dev/null") {
        let _ = dup2_stderr(null);
    }
    let _ = setrlimit(Resource::RLIMIT_CORE, 0, 0);
    let memory = memory_of_child();
    let _ = setrlimit(Resource::RLIMIT_AS, memory, memory);
}

/// The memory that the child may have, bytes: no more than this process.
fn memory_of_child() -> u64 {
    getrlimit(Resource::RLIMIT_AS).map_or(MEMORY, |(soft, _)| soft.min(MEMORY))
}

fn exit() -> ! {
    // SAFETY: ends the process at once; unlike `exit` it runs no handlers, which are the parent's.
    unsafe { libc::_exit(0) }
}

/// How the child ended.
fn reap(child: Pid) -> End {
    let mut status = 0;
    // SAFETY: all zeros are a valid rusage, and both pointers live through the call.
    let usage = unsafe {
        let mut usage: libc::rusage = std::mem::zeroed();
        while libc::wait4(child.as_raw(), &raw mut status, 0, &raw mut usage) == -1
            && Errno::last() == Errno::EINTR
        {}
        usage
    };
    let signal = ExitStatus::from_raw(status).signal().and_then(|signal| Signal::try_from(signal).ok());
    let seconds = |time: libc::timeval| Duration::from_secs(time.tv_sec.unsigned_abs());
    End { signal, cpu: seconds(usage.ru_utime) + seconds(usage.ru_stime) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ended(signal: Option<Signal>, cpu_s: u64) -> End {
        End { signal, cpu: Duration::from_secs(cpu_s) }
    }

    #[test]
    fn only_what_nothing_else_explains_is_damage() {
        let damaged = |told: Told, end, limited| matches!(judge(told, end, limited), Verdict::Damaged(_));
        for signal in [Signal::SIGKILL, Signal::SIGTERM, Signal::SIGXFSZ, Signal::SIGXCPU, Signal::SIGHUP] {
            assert!(!damaged(Told::Nothing, ended(Some(signal), 0), false), "{signal}");
        }
        assert!(damaged(Told::Nothing, ended(Some(Signal::SIGSEGV), 0), true));
        assert!(
            damaged(Told::Nothing, ended(Some(Signal::SIGABRT), 0), false),
            "a length beyond the child's memory"
        );
        assert!(!damaged(Told::Nothing, ended(Some(Signal::SIGABRT), 0), true), "ulimit -v");
        assert!(damaged(Told::NoEnd, ended(Some(Signal::SIGKILL), 19), false), "it loops");
        assert!(!damaged(Told::NoEnd, ended(Some(Signal::SIGKILL), 0), false), "it was stopped");
        let panicked = |text: &str| damaged(Told::Panicked(text.into()), ended(None, 0), false);
        assert!(panicked("panicked at pagecache/mod.rs: index out of bounds"));
        assert!(panicked("called `Result::unwrap()`: Io(Os { code: 2, kind: NotFound })"));
        assert!(!panicked("failed to spawn thread: Os { code: 11, kind: WouldBlock }"));
        assert!(!panicked("Io(Custom { kind: FileTooLarge, error: \"File too large\" })"));
    }
}
