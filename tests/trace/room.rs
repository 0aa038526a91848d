//! A folder to run commands in, plain and traced.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread;
use std::time::{Duration, Instant};

use spec_cc_tracer::{Access, Touched, TraceError};

use crate::support::sandbox::programs;
use crate::support::shell::{quiet, succeed};
use crate::support::strace::may_trace;

/// How long anything that is waited for may take on a loaded machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// A folder with a working directory and a place for temporary files.
pub(crate) struct Room(tempfile::TempDir);

impl Room {
    /// `None`, said aloud, where no process may be traced.
    pub(crate) fn new() -> Option<Self> {
        may_trace().then(Self::anywhere)
    }

    /// One for what needs no tracing.
    pub(crate) fn anywhere() -> Self {
        let room = Self(tempfile::tempdir().unwrap());
        for folder in ["work", "temporary"] {
            fs::create_dir(room.0.path().join(folder)).unwrap();
        }
        room
    }

    /// The folder itself, behind all links.
    pub(crate) fn folder(&self) -> PathBuf {
        self.0.path().canonicalize().unwrap()
    }

    /// A path in the working directory.
    pub(crate) fn work(&self, name: &str) -> PathBuf {
        self.folder().join("work").join(name)
    }

    pub(crate) fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.work(name), text).unwrap();
        self.work(name)
    }

    /// Puts an executable file there; another process writes it, lest a child of some other test hold it open.
    pub(crate) fn script(&self, name: &str, text: &str) -> PathBuf {
        let source = self.write(&format!("{name}.text"), text);
        succeed(Command::new("install").arg("-m755").arg(&source).arg(self.work(name)));
        fs::remove_file(source).unwrap();
        self.work(name)
    }

    /// Compiles a program of C.
    pub(crate) fn program(&self, name: &str, text: &str) -> PathBuf {
        let source = self.write(&format!("{name}.c"), text);
        succeed(self.quiet(Command::new("gcc").args(["-pthread", "-o", name]).arg(source)));
        self.work(name)
    }

    /// The program of this path in the working directory.
    pub(crate) fn command(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(program);
        self.quiet(command.args(args));
        command
    }

    /// The same, traced.
    pub(crate) fn traced(&self, program: &str, args: &[&str]) -> Command {
        let mut command = Command::new(programs().join("spec-cc-trace"));
        self.quiet(command.arg("beside").arg(self.out()).args([program, program]).args(args));
        command
    }

    fn quiet<'a>(&self, command: &'a mut Command) -> &'a mut Command {
        quiet(command, &self.work(""));
        command.env("TMPDIR", self.folder().join("temporary"))
    }

    /// Where the trace goes.
    pub(crate) fn out(&self) -> PathBuf {
        self.folder().join("out")
    }

    pub(crate) fn touched(&self) -> Touched {
        spec_cc_tracer::read(&self.out()).unwrap()
    }

    pub(crate) fn error(&self) -> TraceError {
        spec_cc_tracer::read(&self.out()).unwrap_err()
    }

    /// What a shell script touched, and what it wrote.
    pub(crate) fn shell(&self, script: &str) -> (Output, Touched) {
        let output = self.traced("/bin/sh", &["-c", script]).output().unwrap();
        (output, self.touched())
    }

    /// What a shell script did to a file in the working directory.
    pub(crate) fn access(&self, script: &str, name: &str) -> Access {
        let (_, touched) = self.shell(script);
        let path = self.work(name);
        touched.accesses.into_iter().find(|access| Path::new(&access.path) == path).expect("it is touched")
    }

    /// Makes a file executable with more rights than usual.
    pub(crate) fn grant(path: &Path, mode: u32) {
        fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
    }
}

/// Waits until it holds.
pub(crate) fn wait_for(what: &str, holds: impl Fn() -> bool) {
    let begun = Instant::now();
    while !holds() {
        assert!(begun.elapsed() < PATIENCE, "{what}");
        thread::sleep(Duration::from_millis(2));
    }
}
