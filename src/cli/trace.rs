//! `specctl trace OUT PATH ARGV0 ARGS…`: becomes a command, with a trace of all that it touches in the file OUT at its end.
//! `specctl trace-below OUT PATH ARGV0 ARGS…` runs it as a child, for a launch.
//!
//! For the shim and the companion, not for people: so it is in no help. A compile waits for it to start, so it is seen to
//! before any command line is parsed.

use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStringExt;
use std::path::Path;
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};

use nix::errno::Errno;
use nix::unistd::execv;
use spec_cc::trace;

/// What a shell's exit status is for a program that is not there, and for one that cannot be executed.
const MISSING: u8 = 127;
const REFUSED: u8 = 126;

/// Traces if that is what the arguments ask for.
pub(super) fn main() -> Option<ExitCode> {
    let mut arguments = std::env::args_os().skip(1);
    let below = match arguments.next()?.to_str()? {
        "trace" => false,
        "trace-below" => true,
        _ => return None,
    };
    let out = arguments.next()?;
    let words: Option<Vec<CString>> = arguments.map(|word| CString::new(word.into_vec()).ok()).collect();
    let words = words?;
    let (program, argv) = words.split_first().filter(|(_, argv)| !argv.is_empty())?;
    let path = OsString::from_vec(program.to_bytes().to_vec());
    if below {
        let exec = || std::process::exit(complain(&path, become_program(program, argv)).into());
        return Some(ExitCode::from(trace::run_below(Path::new(&out), exec).unwrap_or(REFUSED)));
    }
    let error = trace::run(Path::new(&out), Path::new(&path), || become_program(program, argv));
    Some(ExitCode::from(complain(&path, error)))
}

/// Says that the command could not be executed; returns what a shell ends with then.
fn complain(path: &OsString, error: Errno) -> u8 {
    super::output::complain(format!("spec-cc: no compiler: {}: {error}", path.display()));
    if error == Errno::ENOENT { MISSING } else { REFUSED }
}

/// Replaces this process as `execvp(3)` would; returns only why it could not.
fn become_program(program: &CString, argv: &[CString]) -> Errno {
    undo_start();
    let Err(error) = execv(program, argv);
    if error != Errno::ENOEXEC {
        return error;
    }
    let shell = c"/bin/sh".to_owned();
    let words: Vec<_> = [&shell, program].into_iter().chain(argv.iter().skip(1)).collect();
    let Err(error) = execv(&shell, &words);
    error
}

/// Whether each standard descriptor was closed, and whether a broken pipe killed, before Rust's runtime began.
static CLOSED: [AtomicBool; 3] = [const { AtomicBool::new(false) }; 3];
static PIPE_KILLS: AtomicBool = AtomicBool::new(false);

/// Run by the C library before the runtime, which opens closed descriptors and ignores `SIGPIPE`.
#[used]
#[unsafe(link_section = ".init_array")]
static BEFORE_RUNTIME: extern "C" fn() = note_start;

extern "C" fn note_start() {
    for (number, closed) in (0..).zip(&CLOSED) {
        // SAFETY: a system call on integers.
        closed.store(unsafe { libc::fcntl(number, libc::F_GETFD) } == -1, Ordering::Relaxed);
    }
    // SAFETY: zeros are a valid `sigaction`, which is only filled here.
    let action = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        libc::sigaction(libc::SIGPIPE, std::ptr::null(), &raw mut action);
        action.sa_sigaction
    };
    PIPE_KILLS.store(action == libc::SIG_DFL, Ordering::Relaxed);
}

/// Takes back what the runtime did: the command must find what we were given.
fn undo_start() {
    for (number, closed) in (0..).zip(&CLOSED) {
        if closed.load(Ordering::Relaxed) {
            // SAFETY: nothing of ours reads or writes it from here on; should the program not be there, there is nobody to tell.
            unsafe { libc::close(number) };
        }
    }
    if PIPE_KILLS.load(Ordering::Relaxed) {
        // SAFETY: the default action is always valid.
        unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    }
}
