//! Why a link is bypassed, or its result not kept.

use std::io;
use std::path::PathBuf;

use crate::action::remote::NotRemote;
use crate::inputs::depfile::DepfileError;
use crate::toolchain::ToolchainError;

/// Why a link cannot be accounted for.
#[derive(Debug, thiserror::Error)]
pub enum LinkError {
    /// Its compiler is not known.
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
    /// Clang's linkers say other things.
    #[error("only GCC's linker is asked what it reads")]
    NotGcc,
    /// Its driver cannot be run.
    #[error("its driver cannot be asked: {0}")]
    Ask(#[source] io::Error),
    /// Its driver runs no linker, or hides it.
    #[error("its driver does not say how it would link")]
    NoCommand,
    /// recc would not know its inputs.
    #[error(transparent)]
    NotRemote(#[from] NotRemote),
    /// A file that it would read cannot be.
    #[error("{path}: {source}")]
    Input {
        /// The file.
        path: String,
        /// As the system says.
        source: io::Error,
    },
    /// Paths are texts here.
    #[error("a library's path is not UTF-8")]
    NotUtf8,
    /// A linker script may name files in ways that are not followed.
    #[error("{} is a linker script with {word}", path.display())]
    Script {
        /// The script.
        path: PathBuf,
        /// The word that is not understood.
        word: String,
    },
    /// A file that it reads was written while it ran.
    #[error("an input changed while it was linked")]
    Changed,
    /// The linker's list of what it read makes no sense.
    #[error(transparent)]
    Listed(#[from] DepfileError),
    /// The linker read a file that the key does not cover.
    #[error("the linker read {0}, which was not expected")]
    Unexpected(String),
}

impl LinkError {
    pub(super) fn input(path: &str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Input { path: path.to_owned(), source }
    }
}
