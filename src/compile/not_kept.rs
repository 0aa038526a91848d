//! Why a result is not kept.

use crate::cache::error::CacheError;

/// Why a command's result, or the command itself, is not kept.
#[derive(Debug, thiserror::Error)]
pub enum NotKept {
    /// Something that was read cannot be accounted for, so that it cannot even be recorded.
    #[error("{0}")]
    Unaccountable(String),
    /// An input, or what would be one now, was written since the compiler began.
    #[error("{0} changed while it was compiled")]
    Changed(String),
    /// The result depends on more than the inputs.
    #[error("{0}")]
    Hazard(String),
    /// The outputs could not be stored.
    #[error(transparent)]
    Outputs(#[from] Unstorable),
}

/// Why what a compile left cannot be stored as its result.
#[derive(Debug, thiserror::Error)]
pub enum Unstorable {
    /// A result has no standard output.
    #[error("it printed on its standard output")]
    Printed,
    /// Nobody knows what it said.
    #[error("its messages were not caught")]
    Uncaught,
    /// What it said has colours or a width that another build would not ask for.
    #[error("its messages were made for a terminal")]
    ForATerminal,
    /// A file that it declares is not there.
    #[error("it left no {0}")]
    Missing(String),
    /// The cache cannot take it.
    #[error(transparent)]
    Cache(#[from] CacheError),
}
