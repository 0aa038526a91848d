//! What an error says of a file's absence.

/// Whether `stat` says that there is nothing.
pub(crate) fn is_absence(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}
