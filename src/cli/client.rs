//! Talks to the companion, starting it when it is not there.

use std::io::{self, Read, Write};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::net::UnixStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Error, Result, anyhow, bail};
use serde_json::Value;
use spec_cc::companion::connection::{NO_ANSWER_YET, control_frame};
use spec_cc::companion::control::Control;
use spec_cc::companion::server::socket_path;
use spec_cc_shim::hung;
use spec_cc_shim::wire::SILENCE_S;

/// How long a new companion may take until it listens.
const START: Duration = Duration::from_secs(5);

/// How long it is given that is about to end.
const ANOTHER: Duration = Duration::from_millis(50);

/// How long a companion may say nothing: one that works on an answer says so.
const SILENCE: Duration = Duration::from_secs(SILENCE_S);

/// Asks the companion, which is started if need be.
pub(crate) fn ask(control: &Control) -> Result<Value> {
    let socket = socket_path()?;
    let stream = match UnixStream::connect(&socket) {
        Ok(stream) => stream,
        Err(_) => start(&socket)?,
    };
    match exchange(stream, control) {
        // It ended when we came, as one does whose store was removed, and has done nothing.
        Err(error) if matches!(control, Control::Open { .. }) && has_gone(&error) => {
            exchange(start(&socket)?, control)
        }
        answer => answer,
    }
}

/// Whether a connection ended before there was an answer.
fn has_gone(error: &Error) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| !is_silence(error))
}

fn is_silence(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::TimedOut)
}

/// Asks the companion if it runs.
pub(crate) fn ask_if_running(control: &Control) -> Result<Option<Value>> {
    match UnixStream::connect(socket_path()?) {
        Ok(stream) => exchange(stream, control).map(Some),
        Err(_) => Ok(None),
    }
}

fn exchange(mut stream: UnixStream, control: &Control) -> Result<Value> {
    let request = serde_json::to_vec(control)?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(SILENCE))?;
    stream.write_all(&control_frame(&request)).map_err(lost)?;
    let mut length = NO_ANSWER_YET;
    while length == NO_ANSWER_YET {
        stream.read_exact(&mut length).map_err(lost)?;
    }
    let mut answer = vec![0; u32::from_le_bytes(length) as usize];
    stream.read_exact(&mut answer).map_err(lost)?;
    if matches!(control, Control::Stop) {
        // The connection ends with the process: from then on another one can take its place.
        let _ = stream.read(&mut [0]);
    }
    let mut answer: Value = serde_json::from_slice(&answer)?;
    match answer.get("error").and_then(Value::as_str) {
        Some(error) => Err(anyhow!("{error}")),
        None => Ok(answer["ok"].take()),
    }
}

fn lost(error: io::Error) -> Error {
    let silent = is_silence(&error);
    if let Some(socket) = socket_path().ok().filter(|_| silent) {
        // So that compilers do not find it out again.
        hung::mark(socket.as_os_str().as_bytes());
    }
    Error::new(error).context(if silent {
        "the companion does not answer: it hangs or is stopped"
    } else {
        "the companion has gone"
    })
}

fn start(socket: &Path) -> Result<UnixStream> {
    let own = std::env::current_exe().unwrap_or_else(|_| PathBuf::from("specctl"));
    let mut command = Command::new(own);
    command.arg("serve").stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).current_dir("/");
    // SAFETY: these are plain system calls.
    unsafe {
        command.pre_exec(|| {
            nix::unistd::setsid()?;
            // What we inherited may be the pipe at whose end somebody waits: the companion must not keep it open.
            close_others_at_exec();
            Ok(())
        });
    }
    let spawn = |command: &mut Command| command.spawn().context("the companion cannot be started");
    let mut child = spawn(&mut command)?;
    let begun = Instant::now();
    while begun.elapsed() < START {
        if let Ok(stream) = UnixStream::connect(socket) {
            return Ok(stream);
        }
        match child.try_wait()? {
            Some(status) if !status.success() => {
                bail!("the companion ended at once ({status}); `specctl serve` says why")
            }
            // It has found another one, which begins to listen, or which was about to end.
            Some(_) => {
                std::thread::sleep(ANOTHER);
                child = spawn(&mut command)?;
            }
            None => {}
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    bail!("the companion does not listen at {} after {START:?}", socket.display())
}

/// Has every descriptor but the standard three closed when the next program begins.
fn close_others_at_exec() {
    // Rust's own pipe, by which it learns that a program cannot be run, stays open until then.
    // SAFETY: nothing is closed yet. Kernels before 5.11 refuse, and leave all as it is.
    unsafe { libc::syscall(libc::SYS_close_range, 3, u32::MAX, libc::CLOSE_RANGE_CLOEXEC) };
}
