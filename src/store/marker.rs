//! The marker of a clean end: a file that says what sled's files looked like when the store was last closed.
//!
//! While it tells the truth the files are as sled left them, and sled may read them in this process. Without it they must
//! first be read by a child (see `probe`), because damage can make sled panic, and a panic ends the program.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

const MARKER: &str = "clean";

/// Whether the store in `dir` was closed properly and not touched since. Withdraws the marker.
pub(super) fn withdraw(dir: &Path) -> io::Result<bool> {
    let marker = dir.join(MARKER);
    let told = match fs::read_to_string(&marker) {
        Ok(told) => told,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(false),
        Err(error) if error.kind() == io::ErrorKind::InvalidData => String::new(),
        Err(error) => return Err(error),
    };
    fs::remove_file(&marker)?;
    Ok(told == describe(dir)?)
}

/// Writes the marker when dropped, and only then lets go of the lock: to be the store's last field, after sled's handle.
#[derive(Debug)]
pub(super) struct Closing {
    dir: PathBuf,
    distrusted: AtomicBool,
    lock: File,
}

impl Closing {
    pub(super) fn new(dir: &Path, lock: File) -> Self {
        Self { dir: dir.to_owned(), distrusted: AtomicBool::new(false), lock }
    }

    /// From now on no marker is written, so that the next open checks the files.
    pub(super) fn distrust(&self) {
        self.distrusted.store(true, Ordering::Relaxed);
    }

    /// Whether the lock that is held is still the folder's.
    pub(super) fn is_in_place(&self) -> bool {
        let (held, there) = (self.lock.metadata(), fs::metadata(self.dir.join("lock")));
        held.is_ok_and(|held| there.is_ok_and(|there| (held.dev(), held.ino()) == (there.dev(), there.ino())))
    }

    fn write(&self) -> io::Result<()> {
        let text = describe(&self.dir)?;
        let mut file = tempfile::NamedTempFile::new_in(&self.dir)?;
        io::Write::write_all(&mut file, text.as_bytes())?;
        file.persist(self.dir.join(MARKER))?;
        Ok(())
    }
}

impl Drop for Closing {
    fn drop(&mut self) {
        if !self.distrusted.load(Ordering::Relaxed) && self.is_in_place() {
            // Without a marker the next open only takes longer.
            let _ = self.write();
        }
    }
}

/// One line for each of sled's files: name, size, inode, modification and change time in nanoseconds.
fn describe(dir: &Path) -> io::Result<String> {
    let mut lines = Vec::new();
    for folder in [dir.to_owned(), dir.join("blobs")] {
        let entries = match fs::read_dir(&folder) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let name = entry.file_name();
            let name = name.to_string_lossy();
            let is_sleds = folder != *dir || name == "db" || name == "conf" || name.starts_with("snap.");
            if is_sleds {
                let meta = entry.metadata()?;
                let mut line = String::new();
                let _ = write!(
                    line,
                    "{name} {} {} {}.{:09} {}.{:09}",
                    meta.size(),
                    meta.ino(),
                    meta.mtime(),
                    meta.mtime_nsec(),
                    meta.ctime(),
                    meta.ctime_nsec()
                );
                lines.push(line);
            }
        }
    }
    lines.sort_unstable();
    Ok(lines.join("\n"))
}
