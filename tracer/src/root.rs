//! A root of a command's own: the input root that a worker has laid out.
//!
//! Workers lay it out in a folder of their own, or at `/`. Here it is at `/` in either case, so that paths mean the same as where
//! the command is asked for, and nothing else of the worker is there but its kernel.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{MetadataExt, chroot};
use std::path::Path;

use super::access::Log;
use super::doubt::Doubt;
use super::sys;

/// What a program needs of the kernel; an input root has empty folders there.
const KERNEL: [&str; 2] = ["dev", "proc"];

/// Makes the working directory the root, and goes to `directory` in it.
pub(super) fn enter(directory: &Path) -> io::Result<()> {
    let root = std::env::current_dir()?;
    if root != Path::new("/") {
        sys::own_mounts()?;
        for folder in KERNEL {
            sys::bind(&Path::new("/").join(folder), &root.join(folder))?;
        }
        chroot(&root)?;
    }
    std::env::set_current_dir(directory)
}

/// Completes the log of a run that has ended in such a root: what it has left, and whether it has used another file than the root's.
///
/// Where the worker has the input root at `/`, it may have put other file systems on top of it.
pub(super) fn settle(log: &mut Log) {
    let Some(own) = mount(Path::new("/")) else { return log.doubt(Doubt::Outside, "/") };
    let mut outside = None;
    for entry in &mut log.entries {
        let path = Path::new(OsStr::from_bytes(&entry.path));
        let left = path.symlink_metadata().ok().filter(|_| entry.written);
        entry.left = left.is_some();
        entry.executable = left.is_some_and(|left| left.mode() & 0o100 != 0);
        let is_used = entry.existed && path.metadata().is_ok_and(|found| !found.is_dir());
        if is_used && path.canonicalize().ok().and_then(|path| mount(&path)) != Some(own) {
            outside.get_or_insert_with(|| entry.path.clone());
        }
    }
    if let Some(path) = outside {
        log.doubt(Doubt::Outside, path);
    }
}

/// The number of the mount that a path is on; `None` where the kernel does not tell.
fn mount(path: &Path) -> Option<u64> {
    sys::mount_of(path).map(|(mount, _)| mount).filter(|mount| *mount != 0)
}
