//! Handles: folders held open for one moment, so that each file in them is found in one step.
//!
//! The system walks a path folder by folder, and on FUSE asks the server for the target of each link on the way
//! (`/lib`, `/bin`). A compile looks for some hundred files in a dozen folders.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::os::fd::{AsRawFd, OwnedFd};
use std::sync::atomic::{AtomicUsize, Ordering};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode;

use super::stamp::Stamp;
use crate::base::paths::PathName;

/// How many folders a process holds open for all its snapshots: a quarter of the descriptors that it usually may have.
const MOST: usize = 256;

/// What a path names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Found {
    /// The state of the file, links followed.
    pub stamp: Stamp,
    /// That of the link itself, if it is one.
    pub link: Option<Stamp>,
}

/// How many handles there are; shared between threads.
#[derive(Debug, Default)]
pub(crate) struct Held(AtomicUsize);

/// The folders of one snapshot.
#[derive(Debug)]
pub(super) struct Handles<'h> {
    held: &'h Held,
    folders: HashMap<Box<str>, Handle>,
}

#[derive(Debug)]
enum Handle {
    /// Asked about once: most folders are not asked about again.
    Met,
    Open(OwnedFd),
    /// Whatever is asked for in it, the system gives this error.
    None(i32),
    /// Each file in it is asked for by its whole path.
    Unheld,
}

impl<'h> Handles<'h> {
    pub(super) fn new(held: &'h Held) -> Self {
        Self { held, folders: HashMap::new() }
    }

    /// What is at a path, or the error's number.
    pub(super) fn stat(&mut self, path: &PathName) -> Result<Found, i32> {
        let whole = path.as_c_str().ok_or(libc::ENOENT)?;
        let Some(name) = name(whole) else { return ask(libc::AT_FDCWD, whole) };
        match self.folder(path.folder()) {
            Handle::Open(folder) => ask(folder.as_raw_fd(), name),
            Handle::None(error) => Err(*error),
            Handle::Met | Handle::Unheld => ask(libc::AT_FDCWD, whole),
        }
    }

    fn folder(&mut self, folder: &str) -> &Handle {
        if !self.folders.contains_key(folder) {
            return self.folders.entry(folder.into()).or_insert(Handle::Met);
        }
        let handle = self.folders.entry(folder.into()).or_insert(Handle::Unheld);
        if matches!(handle, Handle::Met) {
            *handle = self.held.hold(folder);
        }
        handle
    }
}

impl Drop for Handles<'_> {
    fn drop(&mut self) {
        let open = self.folders.values().filter(|handle| matches!(handle, Handle::Open(_))).count();
        self.held.0.fetch_sub(open, Ordering::Relaxed);
    }
}

impl Held {
    fn hold(&self, folder: &str) -> Handle {
        let Ok(path) = CString::new(folder) else { return Handle::Unheld };
        if self.0.fetch_add(1, Ordering::Relaxed) < MOST {
            match open(path.as_c_str(), OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_CLOEXEC, Mode::empty())
            {
                Ok(folder) => return Handle::Open(folder),
                Err(error @ (Errno::ENOENT | Errno::ENOTDIR)) => {
                    self.0.fetch_sub(1, Ordering::Relaxed);
                    return Handle::None(error as i32);
                }
                Err(_) => {}
            }
        }
        self.0.fetch_sub(1, Ordering::Relaxed);
        Handle::Unheld
    }
}

/// The part of an absolute path after its last slash, if it is a name that a folder can have an entry of.
fn name(path: &CStr) -> Option<&CStr> {
    let bytes = path.to_bytes_with_nul();
    let slash = memchr::memrchr(b'/', bytes).filter(|_| bytes.starts_with(b"/"))?;
    let name = CStr::from_bytes_with_nul(&bytes[slash + 1..]).ok()?;
    (!matches!(name.to_bytes(), b"" | b"." | b"..")).then_some(name)
}

fn ask(folder: i32, path: &CStr) -> Result<Found, i32> {
    let number = |error: std::io::Error| error.raw_os_error().unwrap_or(libc::ENOENT);
    let stamp = Stamp::of_link_in(folder, path).map_err(number)?;
    if !stamp.is_link() {
        return Ok(Found { stamp, link: None });
    }
    Ok(Found { stamp: Stamp::of_in(folder, path).map_err(number)?, link: Some(stamp) })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::base::paths::Paths;

    /// Asks thrice in one moment, so that folders are met, opened and used.
    fn thrice(held: &Held, path: &str) -> Result<Found, i32> {
        let paths = Paths::default();
        let name = paths.get(paths.intern(path));
        let mut handles = Handles::new(held);
        let found = handles.stat(&name);
        for _ in 0..2 {
            assert_eq!(handles.stat(&name), found, "{path}");
        }
        found
    }

    #[test]
    fn a_folder_that_is_held_gives_what_its_path_gives() {
        let dir = tempfile::tempdir().expect("a folder");
        let at = |name: &str| dir.path().join(name).to_str().expect("UTF-8").to_owned();
        fs::create_dir(at("real")).expect("made");
        fs::write(at("real/a"), "one").expect("written");
        symlink("real", at("linked")).expect("linked");
        symlink("a", at("real/b")).expect("linked");
        symlink("nowhere", at("real/c")).expect("linked");
        let held = Held::default();
        for name in ["real/a", "linked/a", "real/b", "real/../linked/a", "real/.", "real/", "linked", "."] {
            let plain = CString::new(at(name)).expect("no NUL");
            let found = thrice(&held, &at(name)).expect(name);
            assert_eq!(found.stamp, Stamp::of(&plain).expect(name), "{name}");
            let link = Stamp::of_link(&plain).ok().filter(Stamp::is_link);
            assert_eq!(found.link, link, "{name}");
        }
        for (name, error) in [
            ("real/none", libc::ENOENT),
            ("none/a", libc::ENOENT),
            ("none/../real/a", libc::ENOENT),
            ("real/a/a", libc::ENOTDIR),
            ("real/c", libc::ENOENT),
        ] {
            assert_eq!(thrice(&held, &at(name)), Err(error), "{name}");
        }
        assert_eq!(held.0.load(Ordering::Relaxed), 0, "all are closed");
    }

    #[test]
    fn beyond_the_limit_paths_are_asked_for_whole() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("a"), "").expect("written");
        let path = dir.path().join("a").to_str().expect("UTF-8").to_owned();
        let held = Held(AtomicUsize::new(MOST));
        assert!(thrice(&held, &path).is_ok());
        assert_eq!(thrice(&held, "/no/such"), Err(libc::ENOENT));
        assert_eq!(held.0.load(Ordering::Relaxed), MOST);
    }
}
