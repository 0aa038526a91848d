//! One connection: a shim with a compile, or `specctl` with a request.

use std::ffi::OsString;
use std::io::{self, Write};
use std::os::fd::AsRawFd;
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::os::unix::fs::MetadataExt;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use serde_json::json;
use spec_cc_shim::wire::{self, Ask, FRAME_TIMEOUT_S, Reply};

use super::control::{self, Control};
use super::frames::{WAIT, pass, read_frame, reply};
use super::teach::{teach, teach_link, teach_traced};
use crate::cache::cas::Blob;
use crate::cache::outcome::Outcome;
use crate::command;
use crate::recc::Handed;
use crate::serve;
use crate::serve::answer::Answer;
use crate::serve::request::Request;
use crate::session::companion::Companion;

/// Kind byte of a frame that holds a request of `specctl`, as JSON. The shim's kinds are in [`wire`].
const CONTROL: u8 = 64;
/// What tells `specctl` that its answer is still worked on: the length of none.
pub const NO_ANSWER_YET: [u8; 4] = [0; 4];
/// How long something may take that says nothing meanwhile, until the shim is left to itself.
const UNHEARD: Duration = Duration::from_secs(10);

/// The frame of a request of `specctl`.
pub fn control_frame(request: &[u8]) -> Vec<u8> {
    let mut frame = ((request.len() + 1) as u32).to_le_bytes().to_vec();
    frame.push(CONTROL);
    frame.extend_from_slice(request);
    frame
}

/// What a new connection asks. Nobody waits for it, or for the other end to take an answer, longer than a frame may take.
fn first_frame(stream: &mut UnixStream) -> io::Result<Vec<u8>> {
    let timeout = Some(Duration::from_secs(FRAME_TIMEOUT_S));
    stream.set_nonblocking(false)?;
    stream.set_read_timeout(timeout)?;
    stream.set_write_timeout(timeout)?;
    read_frame(stream)
}

/// Has one connection's shim run its compiler, or tells `specctl` why it is not served.
pub(super) fn refuse(mut stream: UnixStream, why: &str) {
    let result = first_frame(&mut stream).and_then(|frame| match frame.first() {
        Some(&CONTROL) => answer(&mut stream, &json!({ "error": why })),
        _ => reply(&mut stream, &Reply::Exec),
    });
    // Nobody is told of a shim that has gone.
    drop(result);
}

/// Serves one connection to its end. Whatever goes wrong, the shim sees it end and runs the compiler.
pub(super) fn serve(companion: &Arc<Companion>, mut stream: UnixStream) {
    let result = first_frame(&mut stream).and_then(|frame| match frame.split_first() {
        Some((&CONTROL, request)) => control(companion, &mut stream, request),
        _ => compile(companion, &mut stream, &frame),
    });
    if let Err(error) = result {
        tracing::debug!("connection: {error}");
    }
}

fn control(companion: &Arc<Companion>, stream: &mut UnixStream, request: &[u8]) -> io::Result<()> {
    let parsed: Result<Control, _> = serde_json::from_slice(request);
    let stop = matches!(parsed, Ok(Control::Stop));
    let answer = match parsed {
        Ok(Control::Stop) => {
            companion.shut_down();
            let _ = super::server::socket_path().map(std::fs::remove_file);
            json!({ "ok": "stopped" })
        }
        Ok(request) => {
            let held = companion.pulse.hold(stream, &NO_ANSWER_YET, request.patience());
            let answer = control::answer(companion, request);
            drop(held);
            match answer {
                Ok(answer) => json!({ "ok": answer }),
                Err(error) => json!({ "error": error.to_string() }),
            }
        }
        Err(error) => json!({ "error": format!("the companion does not understand: {error}") }),
    };
    self::answer(stream, &answer)?;
    if stop {
        std::process::exit(0);
    }
    Ok(())
}

fn answer(stream: &mut UnixStream, answer: &serde_json::Value) -> io::Result<()> {
    let answer = serde_json::to_vec(answer)?;
    stream.write_all(&(answer.len() as u32).to_le_bytes())?;
    stream.write_all(&answer)
}

fn compile(companion: &Arc<Companion>, stream: &mut UnixStream, frame: &[u8]) -> io::Result<()> {
    let request = match wire::Request::decode(frame) {
        Ok(wire::Request::Ask(ask)) if sees_our_files(&ask) => request(ask),
        Ok(_) | Err(_) => None,
    };
    let Some(request) = request else { return reply(stream, &Reply::Exec) };
    let held = companion.pulse.hold(stream, &WAIT, UNHEARD)?;
    let answer = serve::answer(companion, &request, &mut || held.is_wanted());
    drop(held);
    match answer {
        Answer::Bypass(reason) => {
            tracing::debug!("{} {:?}: bypassed, {reason}", request.compiler.display(), request.args);
            reply(stream, &Reply::Exec)
        }
        Answer::Serve(outcome, blobs) => send(stream, &outcome, &blobs),
        Answer::Hand(handed) => reply(stream, &Reply::Through(through(&handed, &request))),
        Answer::Learn(lesson) => teach(companion, stream, &request, &lesson),
        Answer::LearnLink(lesson) => teach_link(companion, stream, *lesson),
        Answer::Trace(lesson) => teach_traced(companion, stream, &request, &lesson),
    }
}

/// The wrapper, and what its environment has that the shim's has not.
fn through(handed: &Handed, request: &Request) -> wire::Through {
    let added = handed.environment.iter().filter(|entry| !request.environment.contains(entry));
    wire::Through {
        program: handed.program.as_os_str().as_bytes().to_vec(),
        env: added.map(|(name, value)| format!("{name}={value}").into_bytes()).collect(),
    }
}

/// Hands the outputs over, as open files.
fn send(stream: &mut UnixStream, outcome: &Outcome, blobs: &[Blob]) -> io::Result<()> {
    let outputs = outcome
        .files
        .iter()
        .zip(blobs)
        .map(|(file, blob)| wire::Served {
            path: file.path.clone().into_bytes(),
            mode: if file.executable { 0o777 } else { 0o666 },
            size: file.digest.size,
            modified: blob.modified.map_or(0, |modified| modified.as_nanos() as u64),
        })
        .collect();
    let serve = wire::Serve {
        outputs,
        stdout: outcome.stdout.clone(),
        stderr: outcome.stderr.clone(),
        status: outcome.status,
    };
    let frame = Reply::Serve(serve).encode().map_err(io::Error::other)?;
    pass(stream, &frame, &blobs.iter().map(|blob| blob.file.as_raw_fd()).collect::<Vec<_>>())
}

/// Whether the shim's working directory is ours of that name: it may live in another mount namespace.
fn sees_our_files(ask: &Ask) -> bool {
    let ours = std::fs::metadata("/proc/self/ns/mnt").map_or(0, |meta| meta.ino());
    if ask.mount_ns != 0 && ours != 0 && ask.mount_ns != ours {
        return false;
    }
    let directory = PathBuf::from(OsString::from_vec(ask.cwd.clone()));
    std::fs::metadata(directory).is_ok_and(|meta| (meta.dev(), meta.ino()) == (ask.cwd_dev, ask.cwd_ino))
}

/// Whether an entry of the environment can matter to a command and is not UTF-8.
fn decides_unread(entry: &[u8]) -> bool {
    let name = entry.split(|byte| *byte == b'=').next().and_then(|name| std::str::from_utf8(name).ok());
    let matters =
        |name: &str| command::keyed_traced(name) || command::refused(name).is_some() || name == "PWD";
    std::str::from_utf8(entry).is_err() && name.is_some_and(matters)
}

/// The request, unless it depends on a variable whose value is not UTF-8: what that says cannot be part of a key.
fn request(ask: Ask) -> Option<Request> {
    let os = OsString::from_vec;
    if ask.env.iter().any(|entry| decides_unread(entry)) {
        return None;
    }
    let environment = ask
        .env
        .into_iter()
        .filter_map(|entry| {
            let entry = String::from_utf8(entry).ok()?;
            let (name, value) = entry.split_once('=')?;
            Some((name.to_owned(), value.to_owned()))
        })
        .collect();
    let compiler = PathBuf::from(os(ask.compiler));
    let argv0 = String::from_utf8(ask.argv0).ok()?;
    Path::is_absolute(&compiler).then(|| Request {
        argv0,
        compiler,
        args: ask.args.into_iter().map(os).collect(),
        directory: PathBuf::from(os(ask.cwd)),
        environment,
        terminal: ask.terminal,
        apart: ask.apart,
    })
}
