//! `spec-cc-trace beside OUT PATH ARGV0 ARGS…`: becomes a command, with a trace of all that it touches in the file OUT at its end.
//! `spec-cc-trace below OUT PATH ARGV0 ARGS…` runs it as a child, for a launch.
//! `spec-cc-trace within OUT DIRECTORY COUNT VARIABLES… PATH ARGV0 ARGS…` does so in DIRECTORY of a root that is the folder which it is
//! started in, with so many variables and no others, for a worker of a grid.
//!
//! For the shim and the companion, not for people. A command waits for it to start, so it does without std's runtime, which would
//! also change what the command is given: it ignores `SIGPIPE`.
#![cfg_attr(not(test), no_main)]

use std::ffi::{CStr, OsStr, c_char, c_int};
use std::io::{self, Write};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use spec_cc_tracer::{run, run_below, run_within};

/// What a shell's exit status is for a program that is not there, and for one that cannot be executed.
const MISSING: c_int = 127;
const REFUSED: c_int = 126;

/// The exit status for arguments that are none of ours.
const MISUSED: c_int = 2;

/// The C library's way in. Returns the exit status.
///
/// # Safety
/// Called once, with the arguments as the kernel laid them out.
#[unsafe(no_mangle)]
unsafe extern "C" fn main(count: c_int, arguments: *const *const c_char) -> c_int {
    open_standard();
    // SAFETY: the caller's promise: so many texts and then a null.
    let arguments = unsafe { std::slice::from_raw_parts(arguments, count as usize + 1) };
    if let [_, how, out, directory, count, rest @ .., _] = arguments
        // SAFETY: it is not the null, which `arguments` ends with.
        && unsafe { CStr::from_ptr(*how) } == c"within"
    {
        // SAFETY: as above.
        let texts = [out, directory, count].map(|text| unsafe { CStr::from_ptr(*text) });
        return within(texts, rest);
    }
    let [_, how, out, program, argv @ ..] = arguments else { return misused() };
    if argv.len() < 2 {
        return misused();
    }
    // SAFETY: these are not the null, which `argv` ends with.
    let (how, out, program) =
        unsafe { (CStr::from_ptr(*how), CStr::from_ptr(*out), CStr::from_ptr(*program)) };
    let (out, path) = (OsStr::from_bytes(out.to_bytes()), OsStr::from_bytes(program.to_bytes()));
    match how.to_bytes() {
        b"beside" => {
            let error = run(Path::new(out), Path::new(path), || become_program(program, argv));
            complain(path, &error)
        }
        b"below" => {
            let exec = || {
                let status = complain(path, &become_program(program, argv));
                // SAFETY: it does not return.
                unsafe { libc::_exit(status) }
            };
            run_below(Path::new(out), exec).map_or(REFUSED, c_int::from)
        }
        _ => misused(),
    }
}

/// Runs a command in a root of its own; `rest` are its variables, its program and its arguments.
fn within([out, directory, count]: [&CStr; 3], rest: &[*const c_char]) -> c_int {
    let count = count.to_str().ok().and_then(|count| count.parse().ok()).unwrap_or(usize::MAX);
    let Some((variables, [program, argv @ ..])) = rest.split_at_checked(count) else { return misused() };
    if argv.is_empty() {
        return misused();
    }
    let ended =
        |list: &[*const c_char]| -> Vec<_> { list.iter().copied().chain([std::ptr::null()]).collect() };
    let (variables, argv) = (ended(variables), ended(argv));
    // SAFETY: texts that end with a NUL, in lists that end with a null.
    let program = unsafe { CStr::from_ptr(*program) };
    let path = |text: &CStr| Path::new(OsStr::from_bytes(text.to_bytes())).to_owned();
    let exec = || {
        // SAFETY: as above; the second call does not return.
        unsafe {
            libc::execve(program.as_ptr(), argv.as_ptr(), variables.as_ptr());
            libc::_exit(complain(path(program).as_os_str(), &io::Error::last_os_error()))
        }
    };
    run_within(&path(out), &path(directory), exec).map_or(REFUSED, c_int::from)
}

/// Has something behind each standard descriptor until the command begins: what we open must not take their places.
fn open_standard() {
    for number in 0..3 {
        // SAFETY: system calls on integers and a text. What is opened gets the lowest number that is free, which is this one.
        unsafe {
            if libc::fcntl(number, libc::F_GETFD) == -1 {
                libc::open(c"/dev/null".as_ptr(), libc::O_RDWR | libc::O_CLOEXEC);
            }
        }
    }
}

/// Says that the command could not be executed; returns what a shell ends with then.
fn complain(path: &OsStr, error: &io::Error) -> c_int {
    say(&format!("spec-cc: no compiler: {}: {error}\n", path.display()));
    if error.kind() == io::ErrorKind::NotFound { MISSING } else { REFUSED }
}

fn misused() -> c_int {
    say(
        "usage: spec-cc-trace beside|below OUT PATH ARGV0 [ARGUMENT]...\n       spec-cc-trace within OUT DIRECTORY COUNT [VARIABLE]... PATH ARGV0 [ARGUMENT]...\n",
    );
    MISUSED
}

/// Should that fail there is nobody left to tell.
fn say(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// Replaces this process as `execvp(3)` would; returns only why it could not. `argv` ends with a null.
fn become_program(program: &CStr, argv: &[*const c_char]) -> io::Error {
    let shell = c"/bin/sh".as_ptr();
    // SAFETY: texts that end with a NUL, in lists that end with a null.
    unsafe {
        libc::execv(program.as_ptr(), argv.as_ptr());
        let error = io::Error::last_os_error();
        if error.raw_os_error() != Some(libc::ENOEXEC) {
            return error;
        }
        let words: Vec<_> =
            [shell, program.as_ptr()].into_iter().chain(argv.iter().skip(1).copied()).collect();
        libc::execv(shell, words.as_ptr());
    }
    io::Error::last_os_error()
}
