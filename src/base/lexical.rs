//! Paths as text: symbolic links are not looked at, but where a function says so.

use std::borrow::Cow;
use std::path::{Component, Path, PathBuf};

/// The path without `.` and `..`, as text alone.
pub(crate) fn lexical(path: &Path) -> PathBuf {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(out.pop()),
            part => out.push(part),
        }
    }
    out
}

/// The path without `.` and `..`; `None` where a symbolic link before a `..` makes it another one. What does not exist yet
/// is taken for a folder.
pub fn plain(path: &Path) -> Option<PathBuf> {
    let mut out = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir if out.is_symlink() => return None,
            Component::ParentDir => drop(out.pop()),
            part => out.push(part),
        }
    }
    Some(out)
}

/// A path without `.`, `..` and empty components, as text: symbolic links are not looked at.
pub(crate) fn normalised(path: &str) -> Cow<'_, str> {
    // Nearly all paths: a search is cheaper than taking five hundred paths of each command apart.
    let bytes = path.as_bytes();
    let is_odd = |slash: usize| matches!(bytes.get(slash + 1), None | Some(b'/' | b'.'));
    if path.starts_with('/') && !memchr::memchr_iter(b'/', bytes).any(is_odd) {
        return Cow::Borrowed(path);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Cow::Owned(format!("/{}", parts.join("/")))
}
