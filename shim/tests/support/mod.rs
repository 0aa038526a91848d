//! What the shim's tests share: a folder to work in, calls of the shim, and a companion that says what a test wants.
#![allow(dead_code, unreachable_pub, missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use spec_cc_shim::wire::{self, Ask, Reply, Report, Request, Run, Serve, Served};
use std::fs::{self, File};
use std::io::{IoSlice, Read, Write};
use std::os::fd::{AsRawFd, RawFd};
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

/// The program under test.
pub const SHIM: &str = env!("CARGO_BIN_EXE_spec-cc");

/// A folder with a `bin` in it that goes first on `PATH`, and a working directory.
pub struct Room(tempfile::TempDir);

impl Room {
    pub fn new() -> Self {
        let room = Self(tempfile::tempdir().unwrap());
        fs::create_dir(room.path("bin")).unwrap();
        fs::create_dir(room.path("work")).unwrap();
        room
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    pub fn work(&self, name: &str) -> PathBuf {
        self.path("work").join(name)
    }

    pub fn write(&self, name: &str, text: &str) -> PathBuf {
        fs::write(self.work(name), text).unwrap();
        self.work(name)
    }

    /// Puts an executable shell script there.
    pub fn script(&self, name: &str, body: &str) -> PathBuf {
        let source = tempfile::NamedTempFile::new().unwrap();
        fs::write(source.path(), format!("#!/bin/sh\n{body}\n")).unwrap();
        self.copy(source.path(), name)
    }

    /// Puts an executable copy of the file there.
    ///
    /// Another process writes it: a descriptor of ours, open for writing, could be in a child of some other test at the
    /// moment when this test executes the file, which is `ETXTBSY` then.
    pub fn copy(&self, from: impl AsRef<Path>, name: &str) -> PathBuf {
        let to = self.path(name);
        assert!(Command::new("install").arg("-m755").arg(from.as_ref()).arg(&to).status().unwrap().success());
        to
    }

    /// Puts a compiler there that says its path and its arguments.
    pub fn echo_compiler(&self, name: &str) -> PathBuf {
        self.script(name, r#"printf '%s|' "$0" "$@""#)
    }

    pub fn link(&self, name: &str) -> PathBuf {
        let path = self.path(name);
        std::os::unix::fs::symlink(SHIM, &path).unwrap();
        path
    }

    pub fn search_path(&self) -> String {
        format!("{}:/usr/bin:/bin", self.path("bin").display())
    }

    /// A call of the program in the working directory, with a socket in this room.
    pub fn call(&self, program: impl AsRef<Path>) -> Command {
        let mut command = Command::new(program.as_ref());
        command.current_dir(self.path("work")).env("PATH", self.search_path());
        command.env("SPEC_CC_SOCKET", self.path("s.sock"));
        command.env_remove("SPEC_CC_DISABLE").env_remove("SPEC_CC_MODE").env_remove("SPEC_CC_COMPILER");
        command
    }

    /// The shim in a folder of its own: beside the built one there may be a `specctl`, which it would start.
    pub fn shim(&self) -> Command {
        let alone = self.path("alone/spec-cc");
        if !alone.exists() {
            fs::create_dir_all(self.path("alone")).unwrap();
            // A link, not a copy: writing a program while another thread forks makes it busy.
            if fs::hard_link(SHIM, &alone).is_err() {
                self.copy(SHIM, "alone/spec-cc");
            }
        }
        self.call(alone)
    }

    /// A companion that takes one connection.
    pub fn companion<T: Send + 'static>(
        &self,
        talk: impl FnOnce(Peer) -> T + Send + 'static,
    ) -> JoinHandle<T> {
        let listener = UnixListener::bind(self.path("s.sock")).unwrap();
        thread::spawn(move || talk(Peer(listener.accept().unwrap().0)))
    }

    /// A companion that says "run it so" and takes the report.
    pub fn runner(&self, run: Run) -> JoinHandle<(Ask, Report)> {
        self.companion(move |mut peer| {
            let ask = peer.ask();
            peer.reply(&Reply::Run(run));
            let report = peer.report();
            peer.reply(&Reply::Done);
            (ask, report)
        })
    }

    /// What `act` gives while a companion listens that must not be asked anything.
    pub fn unasked<T>(&self, act: impl FnOnce() -> T) -> T {
        let path = self.path("s.sock");
        let listener = UnixListener::bind(&path).unwrap();
        listener.set_nonblocking(true).unwrap();
        let result = act();
        assert!(listener.accept().is_err(), "the companion was asked");
        fs::remove_file(path).unwrap();
        result
    }

    /// A companion that serves files with these names, modes and contents.
    pub fn server(&self, files: &[(&str, u32, &[u8])], stderr: &str) -> JoinHandle<()> {
        let mut outputs = Vec::new();
        let mut contents = Vec::new();
        for (path, mode, bytes) in files {
            outputs.push(Served { path: (*path).into(), mode: *mode, size: bytes.len() as u64, modified: 0 });
            contents.push(content(bytes));
        }
        let serve = Reply::Serve(Serve { outputs, stderr: stderr.into(), ..Serve::default() });
        self.companion(move |mut peer| {
            peer.ask();
            peer.reply_with(&serve, &contents.iter().map(AsRawFd::as_raw_fd).collect::<Vec<_>>());
            peer.until_closed();
        })
    }
}

/// A nameless file with this content, its position at the end as after writing.
pub fn content(bytes: &[u8]) -> File {
    let mut file = tempfile::tempfile().unwrap();
    file.write_all(bytes).unwrap();
    file
}

/// The companion's end of a connection.
pub struct Peer(pub UnixStream);

impl Peer {
    pub fn request(&mut self) -> Request {
        let mut length = [0; 4];
        self.0.read_exact(&mut length).unwrap();
        let mut frame = vec![0; wire::frame_length(length).unwrap()];
        self.0.read_exact(&mut frame).unwrap();
        Request::decode(&frame).unwrap()
    }

    pub fn ask(&mut self) -> Ask {
        match self.request() {
            Request::Ask(ask) => ask,
            other @ Request::Report(_) => panic!("not an ask: {other:?}"),
        }
    }

    pub fn report(&mut self) -> Report {
        match self.request() {
            Request::Report(report) => report,
            other @ Request::Ask(_) => panic!("not a report: {other:?}"),
        }
    }

    pub fn reply(&mut self, reply: &Reply) {
        self.0.write_all(&reply.encode().unwrap()).unwrap();
    }

    pub fn reply_with(&mut self, reply: &Reply, descriptors: &[RawFd]) {
        let frame = reply.encode().unwrap();
        let rights = [ControlMessage::ScmRights(descriptors)];
        let sent =
            sendmsg::<()>(self.0.as_raw_fd(), &[IoSlice::new(&frame)], &rights, MsgFlags::empty(), None);
        assert_eq!(sent.unwrap(), frame.len());
    }

    /// Waits until the shim has gone.
    pub fn until_closed(mut self) {
        let mut rest = Vec::new();
        let _ = self.0.read_to_end(&mut rest);
        assert!(rest.is_empty(), "the shim said more than it should");
    }
}

/// The signals of this line of `/proc/PID/status`, but for 32 and 33: they are glibc's own, and its `posix_spawn` sets
/// them.
pub fn signals(status: &str, name: &str) -> u64 {
    let line = status.lines().find_map(|line| line.strip_prefix(name)).unwrap();
    u64::from_str_radix(line.trim_start_matches(':').trim(), 16).unwrap() & !(0b11 << 31)
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Panics unless `act` takes less than `time` at least once in a few times: the machine may be busy.
pub fn takes_less_than(time: Duration, what: &str, act: impl Fn()) {
    let takes = |_| {
        let started = Instant::now();
        act();
        started.elapsed()
    };
    let best = (0..10).map(takes).find(|took| *took < time);
    assert!(best.is_some(), "{what} takes longer than {time:?} each time");
}
