//! Where a path leads once links are followed.

use std::fs;
use std::path::{Component, Path, PathBuf};

/// The path behind all symbolic links, `.` and `..`, as the tree is now; what does not exist is taken for a folder.
pub fn resolved(path: &Path) -> PathBuf {
    let mut at = PathBuf::new();
    for part in path.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => drop(at.pop()),
            part => at.push(part),
        }
        if at.is_symlink()
            && let Ok(target) = fs::canonicalize(&at)
        {
            at = target;
        }
    }
    at
}

/// The folder that a path leads to, and the name in it, whatever that is.
pub fn place(path: &Path) -> PathBuf {
    match (path.parent(), path.file_name()) {
        (Some(folder), Some(name)) => resolved(folder).join(name),
        _ => resolved(path),
    }
}
