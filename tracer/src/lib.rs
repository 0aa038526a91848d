//! Trace: runs a command and learns every path that it touches, whatever the command is.
//!
//! A seccomp filter stops the command's processes at the calls that name a file, and at no others; a tracer looks at each of
//! these before it happens. The command keeps the process that it would have had: it is the tracer that is its child. Only in a
//! launch, where nobody asks for that process, it is the other way round.
//!
//! The program is `spec-cc-trace`; whoever reads what it leaves does so by [`read`], so that the file's form is known here alone.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

mod access;
pub mod bpf;
mod calls;
mod doubt;
pub mod elf;
mod filter;
mod format;
mod inherited;
mod installed;
mod places;
mod proc;
mod program;
mod record;
mod root;
mod settle;
mod sources;
mod start;
mod sys;
pub mod temporary;
mod tracee;
mod tracer;

pub use access::Access;
pub use doubt::Doubt;
pub use format::{Touched, TraceError, read};
pub use installed::{PROGRAM, installed};
pub use start::{run, run_below, run_within};
