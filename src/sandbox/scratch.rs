//! Scratch: the folder of what one process makes for itself alone, and the end of those whose process was killed.

use std::fs::{self, DirEntry, File, Permissions};
use std::io;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How the names of these folders begin.
const PREFIX: &str = "spec-cc-work-";

/// How they begin until their process has locked them.
const UNLOCKED: &str = "spec-cc-new-";

/// An unlocked folder this old is nobody's: between its making and its lock lie two calls.
const ABANDONED: Duration = Duration::from_mins(1);

/// How the folders of launches in it begin.
pub(super) const JOB: &str = "job-";

/// How the folders in it begin to which compiles of the build's own write.
const SIDE: &str = "side-";

/// A folder that goes with its owner.
#[derive(Debug)]
pub(super) struct Scratch {
    path: PathBuf,
    /// Held as long as the owner lives: it is how others know.
    _lock: File,
}

/// A folder that a compile of the build's own writes to; goes when dropped.
#[derive(Debug)]
pub struct SideFolder {
    folder: tempfile::TempDir,
    lock: File,
}

impl SideFolder {
    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Whoever has this open keeps the folder from being taken for one that was left behind.
    pub fn lock(&self) -> &File {
        &self.lock
    }
}

impl Scratch {
    /// Makes one in `place`; fails as `mkdir(2)`, `open(2)` and `flock(2)` do.
    pub(super) fn new(place: &Path) -> io::Result<Self> {
        let made = tempfile::Builder::new().prefix(UNLOCKED).permissions(private()).tempdir_in(place)?;
        let lock = File::open(made.path())?;
        lock.try_lock()?;
        let name =
            made.path().file_name().unwrap_or_default().to_string_lossy().replacen(UNLOCKED, PREFIX, 1);
        let path = place.join(name);
        // Under a name that others clear away by, it is locked from the first moment.
        fs::rename(made.path(), &path)?;
        drop(made.keep());
        Ok(Self { path, _lock: lock })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    /// A folder in it for a compile of the build's own.
    pub(super) fn side(&self) -> io::Result<SideFolder> {
        let folder = tempfile::Builder::new().prefix(SIDE).permissions(private()).tempdir_in(&self.path)?;
        let lock = File::open(folder.path())?;
        lock.try_lock()?;
        Ok(SideFolder { folder, lock })
    }

    /// Removes what is in it, and itself if no compile of the build's writes to it.
    pub(super) fn clear(&self) {
        clear(&self.path, |_| false);
    }

    /// Removes it with all that is in it. Who still makes files in it goes by its name, and makes none any more.
    pub(super) fn remove(&self) {
        let gone = self.path.with_extension("gone");
        if fs::rename(&self.path, &gone).is_ok() {
            open_up(&gone);
            let _ = fs::remove_dir_all(&gone);
        }
    }
}

impl Drop for Scratch {
    fn drop(&mut self) {
        open_up(&self.path);
        let _ = fs::remove_dir_all(&self.path);
    }
}

fn private() -> Permissions {
    Permissions::from_mode(0o700)
}

/// Removes what is in a scratch folder, but of the side folders only those that `is_left`; and itself if nothing stays.
fn clear(scratch: &Path, is_left: impl Fn(&Path) -> bool) {
    open_up(scratch);
    for entry in list(scratch) {
        let path = entry.path();
        let is_side = entry.file_name().as_encoded_bytes().starts_with(SIDE.as_bytes());
        if !is_side || is_left(&path) {
            // It is a folder, or else a file.
            let _ = fs::remove_dir_all(&path).or_else(|_| fs::remove_file(&path));
        }
    }
    let _ = fs::remove_dir(scratch);
}

/// Removes what processes of this user have left in `place`, as one that is killed does. What cannot be removed stays, and so does what a
/// compile still writes to that such a process has begun: its shim holds the folder's lock.
pub(super) fn remove_abandoned(place: &Path) {
    let Ok(entries) = fs::read_dir(place) else { return };
    for entry in entries.flatten().filter(is_scratch) {
        let path = entry.path();
        if let Some(_lock) = unlocked(&path) {
            clear(&path, |side| unlocked(side).is_some());
        }
    }
}

/// The folder's lock, if nobody has it.
fn unlocked(folder: &Path) -> Option<File> {
    File::open(folder).ok().filter(|lock| lock.try_lock().is_ok())
}

fn is_scratch(entry: &DirEntry) -> bool {
    let name = entry.file_name();
    let begins = |prefix: &str| name.as_encoded_bytes().starts_with(prefix.as_bytes());
    let old = |meta: &fs::Metadata| {
        meta.modified().is_ok_and(|made| made.elapsed().is_ok_and(|age| age > ABANDONED))
    };
    let locked = begins(PREFIX);
    // There may be thousands of other files in `/tmp`, and the first launch waits.
    if !locked && !begins(UNLOCKED) {
        return false;
    }
    // Of a link this tells of the link itself.
    entry.metadata().is_ok_and(|meta| {
        let ours = meta.is_dir() && meta.uid() == nix::unistd::getuid().as_raw();
        ours && (locked || old(&meta))
    })
}

/// The kernel leaves an overlay's `work/work` without permissions: nobody but root could list it to remove it.
fn open_up(scratch: &Path) {
    for layer in list(scratch).flat_map(|job| list(&job.path())) {
        let _ = fs::remove_dir(layer.path().join("work/work"));
    }
}

fn list(folder: &Path) -> impl Iterator<Item = DirEntry> + use<> {
    fs::read_dir(folder).into_iter().flatten().flatten()
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use super::*;

    #[test]
    fn what_a_compile_still_writes_to_stays() {
        let place = tempfile::tempdir().expect("a folder");
        let scratch = Scratch::new(place.path()).expect("a scratch");
        for folder in ["job-1/0/work/work", "side-1"] {
            fs::create_dir_all(scratch.path().join(folder)).expect("made");
        }
        scratch.clear();
        assert!(scratch.path().join("side-1").exists() && !scratch.path().join("job-1").exists());
        fs::remove_dir(scratch.path().join("side-1")).expect("removed");
        scratch.clear();
        assert!(!scratch.path().exists());
    }

    #[test]
    fn what_a_killed_process_left_goes_at_once_and_what_is_in_use_stays() {
        let place = tempfile::tempdir().expect("a folder");
        let at = |name: &str| place.path().join(name);
        let work = at("spec-cc-work-left/job-1/0/work/work");
        fs::create_dir_all(&work).expect("made");
        fs::set_permissions(&work, Permissions::from_mode(0o000)).expect("set");
        fs::write(at("spec-cc-work-left/job-1/stdout"), "").expect("written");
        for folder in ["spec-cc-new-young", "another", "spec-cc-work-used/side-1", "spec-cc-work-used/side-2"]
        {
            fs::create_dir_all(at(folder)).expect("made");
        }
        let used = unlocked(&at("spec-cc-work-used/side-1")).expect("a lock");
        let held = Scratch::new(place.path()).expect("a scratch");
        let side = held.side().expect("a side folder");
        remove_abandoned(place.path());
        assert!(!at("spec-cc-work-left").exists() && !at("spec-cc-work-used/side-2").exists());
        assert!(at("spec-cc-new-young").exists() && at("another").exists() && side.path().exists());
        assert!(at("spec-cc-work-used/side-1").exists());
        drop(used);
        let late = Instant::now() + Duration::from_secs(10);
        while at("spec-cc-work-used").exists() {
            assert!(Instant::now() < late, "nobody uses it any more");
            // A process that another test starts has the lock, too, until it executes its program.
            remove_abandoned(place.path());
        }
    }
}
