//! Symbolic links and folders, as they are now.

use std::fs;

/// The target of the symbolic link at `path`, as the link says it; `None` for what is no link, or no link to UTF-8.
pub fn link(path: &str) -> Option<String> {
    fs::read_link(path).ok()?.into_os_string().into_string().ok()
}

/// Whether there is a folder at `path`, links followed.
pub fn is_folder(path: &str) -> bool {
    fs::metadata(path).is_ok_and(|there| there.is_dir())
}
