//! A bst that tells what it does, by `hook.py` in its own interpreter.

use std::ffi::OsStr;
use std::fs;
use std::io::{self, BufRead, BufReader, PipeReader, PipeWriter};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::Sender;

use super::plan::Told;
use super::prime::Event;
use super::{Host, HostError};
use crate::base::threads;

const HOOK: &str = include_str!("hook.py");

/// A bst that runs.
#[derive(Debug)]
pub struct Hooked {
    child: Child,
    told: Option<PipeReader>,
    /// It waits until this is closed.
    hold: Option<PipeWriter>,
    _folder: tempfile::TempDir,
}

/// How a bst is connected.
#[derive(Debug)]
pub enum Connected {
    /// As its user runs it.
    ToUser,
    /// Silent but for its messages, which go to this file; it waits until [`Hooked::release`] is called.
    Held(fs::File),
}

impl Hooked {
    /// Starts bst with `arguments`.
    pub fn start<S: AsRef<OsStr>>(
        host: &Host,
        arguments: &[S],
        connected: Connected,
    ) -> Result<Self, HostError> {
        let fault = |source| HostError::Run { program: host.program.clone(), source };
        let script = on_path(&host.program).ok_or_else(|| fault(io::ErrorKind::NotFound.into()))?;
        let mut interpreter = interpreter(&script)
            .filter(|words| words.iter().any(|word| word.contains("python")))
            .ok_or_else(|| fault(io::Error::other("it is no script of Python's")))?;
        let folder = tempfile::Builder::new().prefix("spec-cc-hook-").tempdir().map_err(fault)?;
        let hook = folder.path().join("hook.py");
        fs::write(&hook, HOOK).map_err(fault)?;
        let (told, tell) = io::pipe().map_err(fault)?;
        let (end, hold) = io::pipe().map_err(fault)?;
        let descriptors = [tell.as_raw_fd(), end.as_raw_fd()];
        let mut command = Command::new(interpreter.remove(0));
        command
            .args(interpreter)
            .arg(&hook)
            .args(descriptors.map(|descriptor| descriptor.to_string()))
            .arg(&script);
        if let Some(config) = &host.config {
            command.arg("--config").arg(config);
        }
        if let Connected::Held(messages) = connected {
            command.args(["--no-interactive", "--no-colors"]);
            command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(messages);
        }
        command.args(arguments);
        // SAFETY: a flag of a descriptor is set, which may fail.
        let inherit = move |descriptor| match unsafe { libc::fcntl(descriptor, libc::F_SETFD, 0) } {
            -1 => Err(io::Error::last_os_error()),
            _ => Ok(()),
        };
        // SAFETY: between fork and exec nothing but system calls is made, on descriptors that are open.
        unsafe {
            command.pre_exec(move || descriptors.into_iter().try_for_each(inherit));
        }
        let child = command.spawn().map_err(fault)?;
        Ok(Self { child, told: Some(told), hold: Some(hold), _folder: folder })
    }

    /// What it tells, until it ends; once. A line that is not understood counts as a failure of the hook.
    pub fn told(&mut self) -> impl Iterator<Item = Told> + use<> {
        let lines = self.told.take().map(|told| BufReader::new(told).lines());
        let lines = lines.into_iter().flatten().map_while(Result::ok);
        lines.map(|line| match serde_json::from_str(&line) {
            Ok(Told::Plan(plan)) if !plan.is_closed() => Told::Failed("its plan has gaps".into()),
            Ok(told) => told,
            Err(error) => Told::Failed(format!("{error}: {line}")),
        })
    }

    /// Has all that it tells sent as events, the last of which is [`Event::Over`]; whether that can be done.
    pub fn forward(&mut self, events: Sender<Event>) -> bool {
        let told = self.told();
        threads::start(move || {
            for told in told {
                let _ = events.send(Event::Told(told));
            }
            let _ = events.send(Event::Over);
        })
    }

    /// Lets it go on where it waits, to its end.
    pub fn release(&mut self) {
        self.hold = None;
    }

    /// Waits until it has ended.
    pub fn wait(&mut self) -> io::Result<std::process::ExitStatus> {
        self.child.wait()
    }
}

/// The interpreter of a script, and its arguments.
pub(super) fn interpreter(script: &Path) -> Option<Vec<String>> {
    let text = fs::read(script).ok()?;
    let line = text.strip_prefix(b"#!")?.split(|&byte| byte == b'\n').next()?;
    let words: Vec<_> = std::str::from_utf8(line).ok()?.split_whitespace().map(str::to_owned).collect();
    (!words.is_empty()).then_some(words)
}

/// Where a program is: as named, or on `PATH`.
pub(super) fn on_path(program: &Path) -> Option<PathBuf> {
    if program.components().count() > 1 {
        return Some(program.to_owned());
    }
    let path = std::env::var_os("PATH")?;
    std::env::split_paths(&path).map(|folder| folder.join(program)).find(|path| path.is_file())
}
