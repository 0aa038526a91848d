//! What an error says of a file's absence.

/// Whether `stat` says that there is nothing.
pub(crate) fn is_absence(error: &std::io::Error) -> bool {
    matches!(error.kind(), std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory)
}

/// Whether a file or link that was there a moment ago has gone, or is a link no more.
pub(crate) fn has_gone(error: &std::io::Error) -> bool {
    is_absence(error) || error.kind() == std::io::ErrorKind::InvalidInput
}
