//! The messages that the shim and the companion exchange, one frame each over a unix socket.
//!
//! A frame is a little-endian `u32` length, one kind byte and a body; the length counts kind and body.
//! Strings are bytes throughout: neither file names nor arguments need be UTF-8.

mod codec;
#[cfg(test)]
mod tests;

use alloc::vec::Vec;
use codec::{Reader, Writer};
use core::fmt;

/// The version that an [`Ask`] opens with. A companion that knows another answers [`Reply::Exec`].
pub const PROTOCOL: u32 = 6;
/// The longest frame, in bytes, not counting its length field.
pub const MAX_FRAME: usize = 16 << 20;
/// The most of either of a compile's output streams that a [`Report`] carries, in bytes.
pub const MAX_STDERR: usize = 1 << 20;
/// How long the companion waits for the shim's bytes, in seconds, before it gives the shim up.
pub const FRAME_TIMEOUT_S: u64 = 10;
/// How long the companion may say nothing, in seconds: while it works on an answer it says [`Reply::Wait`] twice a second.
pub const SILENCE_S: u64 = 3;

const ASK: u8 = 1;
const REPORT: u8 = 2;
const EXEC: u8 = 16;
const RUN: u8 = 17;
const SERVE: u8 = 18;
const WAIT: u8 = 19;
const DONE: u8 = 20;
const THROUGH: u8 = 21;

/// A file name, an argument, or any string of the system's.
pub type Bytes = Vec<u8>;

/// What the shim tells the companion.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Request {
    /// The build wants this command; how shall it run?
    Ask(Ask),
    /// The command that the companion said to run has ended.
    Report(Report),
}

/// A compile command exactly as the build gave it, and the process state it depends on.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Ask {
    /// The real compiler's absolute path.
    pub compiler: Bytes,
    /// The name it would be called by.
    pub argv0: Bytes,
    /// The arguments after `argv0`.
    pub args: Vec<Bytes>,
    /// The working directory, absolute.
    pub cwd: Bytes,
    /// The whole environment, each `NAME=value`.
    pub env: Vec<Bytes>,
    /// Inode of the mount namespace; 0 when unknown.
    pub mount_ns: u64,
    /// Device of the working directory.
    pub cwd_dev: u64,
    /// Inode of the working directory.
    pub cwd_ino: u64,
    /// Whether standard error is a terminal.
    pub terminal: bool,
    /// Whether standard output and standard error go to different files, so that their order does not show.
    pub apart: bool,
}

/// How a command that the shim ran ended.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Report {
    /// The raw wait status (`waitpid(2)`).
    pub status: i32,
    /// User CPU time of the compiler and its children, in microseconds.
    pub user_us: u64,
    /// System CPU time of the same, in microseconds.
    pub sys_us: u64,
    /// Elapsed time in microseconds.
    pub wall_us: u64,
    /// What it wrote to standard error, at most [`MAX_STDERR`] bytes.
    pub stderr: Bytes,
    /// Whether `stderr`, or `stdout` if that was asked for, is not all that it wrote there, or may not be.
    pub truncated: bool,
    /// Whether it wrote to standard output, or may have.
    pub stdout_seen: bool,
    /// What it wrote to standard output, at most [`MAX_STDERR`] bytes; empty unless asked for.
    pub stdout: Bytes,
}

/// What the companion answers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// Replace the shim by the compiler; nothing to report.
    Exec,
    /// Replace the shim by this wrapper, with the compiler and its arguments as its own.
    Through(Through),
    /// Run the compiler as a child, then report.
    Run(Run),
    /// The command has been run: write its outputs and messages and end as it did.
    Serve(Serve),
    /// Still working; the timeout starts again.
    Wait,
    /// The report is taken and the outputs are copied away.
    Done,
}

/// A wrapper to run the compiler.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Through {
    /// Its path.
    pub program: Bytes,
    /// `NAME=value` entries that are added to the environment, or replace the same name there.
    pub env: Vec<Bytes>,
}

/// How to run the compiler so that the companion learns from it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Run {
    /// `NAME=value` entries that are added to the environment, or replace the same name there.
    pub env: Vec<Bytes>,
    /// Arguments to append after the user's.
    pub args: Vec<Bytes>,
    /// A program to run in place of the compiler, by its path, and its first arguments: the compiler's path, the name it is
    /// called by and its arguments follow. Empty for the compiler itself, which is also run if this program cannot be started.
    pub prefix: Vec<Bytes>,
    /// Whether the report is to tell what it wrote to standard output.
    pub stdout: bool,
    /// A file that is there at the end of the program of `prefix`, unless a process beside it was killed, and it with that. Then
    /// the compiler is run after all. Empty where it must not be run twice.
    pub witness: Bytes,
    /// What is removed before that, in the working directory or absolute: a half of it may be there.
    pub undone: Vec<Bytes>,
}

/// A finished compile. Its frame carries one descriptor per output, in order, by `SCM_RIGHTS`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Serve {
    /// The files to write.
    pub outputs: Vec<Served>,
    /// What goes to standard output.
    pub stdout: Bytes,
    /// What goes to standard error.
    pub stderr: Bytes,
    /// The exit status; 0 unless a compile that failed on a grid is told again.
    pub status: u8,
}

/// One file of a served compile.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Served {
    /// Where it goes: absolute, or relative to the shim's working directory.
    pub path: Bytes,
    /// Its mode before the umask is applied.
    pub mode: u32,
    /// Its length in bytes.
    pub size: u64,
    /// When the file behind the descriptor changed last, in nanoseconds since 1970: what is copied counts only if that still holds
    /// afterwards. 0 where nobody else can change it.
    pub modified: u64,
}

/// Why bytes are not a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum WireError {
    /// The frame is longer than [`MAX_FRAME`].
    TooLong,
    /// The frame ends inside a field.
    Truncated,
    /// Bytes are left after the last field.
    Trailing,
    /// No such kind of message in this direction.
    Kind(u8),
    /// A field holds a value that it cannot have.
    Value,
    /// The other side speaks this version, not [`PROTOCOL`].
    Version(u32),
}

impl fmt::Display for WireError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong => f.write_str("frame too long"),
            Self::Truncated => f.write_str("frame ends inside a field"),
            Self::Trailing => f.write_str("frame has bytes after its last field"),
            Self::Kind(kind) => write!(f, "unknown kind of message {kind}"),
            Self::Value => f.write_str("field value out of range"),
            Self::Version(version) => write!(f, "protocol version {version}, not {PROTOCOL}"),
        }
    }
}

impl core::error::Error for WireError {}

/// Returns how many bytes follow a frame's length field, which is at least 1.
pub fn frame_length(field: [u8; 4]) -> Result<usize, WireError> {
    match u32::from_le_bytes(field) as usize {
        0 => Err(WireError::Truncated),
        length if length > MAX_FRAME => Err(WireError::TooLong),
        length => Ok(length),
    }
}

impl Request {
    /// Returns the whole frame, length field included.
    pub fn encode(&self) -> Result<Vec<u8>, WireError> {
        match self {
            Self::Ask(ask) => Writer::frame(ASK, |w| ask.write(w)),
            Self::Report(report) => Writer::frame(REPORT, |w| report.write(w)),
        }
    }

    /// Returns the message of a frame whose length field has been taken off.
    pub fn decode(frame: &[u8]) -> Result<Self, WireError> {
        let (mut reader, kind) = Reader::open(frame)?;
        let request = match kind {
            ASK => Self::Ask(Ask::read(&mut reader)?),
            REPORT => Self::Report(Report::read(&mut reader)?),
            other => return Err(WireError::Kind(other)),
        };
        reader.finish().map(|()| request)
    }
}

impl Reply {
    /// Returns the whole frame, length field included.
    pub fn encode(&self) -> Result<Vec<u8>, WireError> {
        match self {
            Self::Exec => Writer::frame(EXEC, |_| ()),
            Self::Through(through) => Writer::frame(THROUGH, |w| through.write(w)),
            Self::Run(run) => Writer::frame(RUN, |w| run.write(w)),
            Self::Serve(serve) => Writer::frame(SERVE, |w| serve.write(w)),
            Self::Wait => Writer::frame(WAIT, |_| ()),
            Self::Done => Writer::frame(DONE, |_| ()),
        }
    }

    /// Returns the message of a frame whose length field has been taken off.
    pub fn decode(frame: &[u8]) -> Result<Self, WireError> {
        let (mut reader, kind) = Reader::open(frame)?;
        let reply = match kind {
            EXEC => Self::Exec,
            THROUGH => Self::Through(Through::read(&mut reader)?),
            RUN => Self::Run(Run::read(&mut reader)?),
            SERVE => Self::Serve(Serve::read(&mut reader)?),
            WAIT => Self::Wait,
            DONE => Self::Done,
            other => return Err(WireError::Kind(other)),
        };
        reader.finish().map(|()| reply)
    }
}
