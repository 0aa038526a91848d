//! Why a compiler cannot be identified.

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Why a compiler is not known; the command is then to be run as it is, and its result not kept.
#[derive(Debug, Clone, thiserror::Error)]
pub enum ToolchainError {
    /// It is not known yet; whoever asks later will be told.
    #[error("{} is still being identified", program.display())]
    Busy {
        /// The program asked about.
        program: PathBuf,
    },
    /// It is none of the compilers that are understood, or hides what it runs.
    #[error("{} is not a compiler that can be identified: {reason}", program.display())]
    Unknown {
        /// The program asked about.
        program: PathBuf,
        /// In a few words.
        reason: String,
    },
    /// It could not be run.
    #[error("cannot run {}: {source}", program.display())]
    Run {
        /// The program that was to run.
        program: PathBuf,
        /// As the system says.
        source: Arc<io::Error>,
    },
    /// One of its files could not be read.
    #[error("cannot read {}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// As the system says.
        source: Arc<io::Error>,
    },
}

impl ToolchainError {
    pub(crate) fn unknown(program: &Path, reason: impl Into<String>) -> Self {
        Self::Unknown { program: program.to_owned(), reason: reason.into() }
    }

    pub(crate) fn run(program: &Path, source: io::Error) -> Self {
        Self::Run { program: program.to_owned(), source: Arc::new(source) }
    }

    pub(crate) fn read(path: &Path, source: io::Error) -> Self {
        Self::Read { path: path.to_owned(), source: Arc::new(source) }
    }
}
