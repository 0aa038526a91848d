//! What a record stands for: a compile, whose inputs are foreseen, or a traced command, whose inputs were observed.

use crate::compile::call::Call;
use crate::compile::recorded::Recorded;
use crate::traced::Traced;

/// A recorded command.
#[derive(Debug, Clone)]
pub enum Work {
    /// A compile of one source.
    Compile(Box<Call>),
    /// Anything else that a tracer has seen through.
    Traced(Traced),
}

impl Work {
    /// The compile, if it is one.
    pub fn compile(&self) -> Option<&Call> {
        match self {
            Self::Compile(call) => Some(call),
            Self::Traced(_) => None,
        }
    }

    /// Whether it is a configure test.
    pub fn is_probe(&self) -> bool {
        matches!(self, Self::Traced(traced) if traced.probe)
    }

    /// The working directory, absolute, and the file that it makes first, as far as that is known.
    pub fn product(&self) -> (&str, &str) {
        match self {
            Self::Compile(call) => (call.directory(), call.product()),
            Self::Traced(traced) => (traced.directory(), traced.product()),
        }
    }

    /// The working directory, absolute.
    pub fn directory(&self) -> &str {
        self.product().0
    }

    /// A name for messages: the source, or what is made.
    pub fn label(&self) -> &str {
        match self {
            Self::Compile(call) => &call.compile.source,
            Self::Traced(traced) => traced.label(),
        }
    }
}
