//! What a shim is told to do.

use std::time::Instant;

use crate::cache::cas::Blob;
use crate::cache::outcome::Outcome;
use crate::command::Kind;
use crate::grid::Grid;
use crate::recc::Handed;
use crate::recc::log::ReccLog;
use crate::serve::lesson::{CompileLesson, LinkLesson, TracedLesson};
use crate::serve::request::Request;
use crate::session::timeline::Asked;
use crate::settings::Mode;

/// What to do with a compile.
pub(crate) enum Answer {
    /// Run the compiler; there is nothing to learn from it.
    Bypass(String),
    /// Write these outputs, say what it says, and end with its status.
    Serve(Outcome, Vec<Blob>),
    /// Have a wrapper run the compiler.
    Hand(Handed),
    /// Run the compiler and report.
    Learn(Box<CompileLesson>),
    /// The same for a link.
    LearnLink(Box<LinkLesson>),
    /// The same for a command to be traced.
    Trace(Box<TracedLesson>),
}

/// A request, when it came, who is told of it, and what is done with it.
#[derive(Clone, Copy)]
pub(crate) struct Asking<'a> {
    pub(crate) request: &'a Request,
    pub(crate) begun: Instant,
    pub(crate) log: Option<&'a ReccLog>,
    /// The grid whose action that log names.
    pub(crate) logged: Option<&'a Grid>,
    pub(crate) mode: Mode,
    /// What kind of command it is.
    pub(crate) kind: Kind,
    /// Whether its compiler is to run in place of what it would be served.
    pub(crate) verified: bool,
}

impl Asking<'_> {
    /// What its session's timeline shows.
    pub(crate) fn asked(&self) -> Asked {
        Asked::since(self.kind, self.begun)
    }
}
