//! Why the local cache could not do as asked.

use std::io;
use std::path::{Path, PathBuf};

/// The system refused the local cache something. The caller carries on without caching.
#[derive(Debug, thiserror::Error)]
#[error("{path}: cannot {action}: {source}")]
pub struct CacheError {
    /// The file or folder.
    pub path: PathBuf,
    /// What was being done, as a verb phrase.
    pub action: &'static str,
    /// The system's answer.
    pub source: io::Error,
}

impl CacheError {
    pub(super) fn new(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self { path: path.to_owned(), action, source }
    }
}

/// `None` for a file that is not there, which is an ordinary answer of a cache that others tidy.
pub(super) fn if_there<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        // A folder on the way that is a file now is not the place of a blob either.
        Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
            Ok(None)
        }
        Err(error) => Err(error),
    }
}
