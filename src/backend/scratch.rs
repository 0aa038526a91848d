//! Scratch: the folder of what one process makes for itself alone, and the end of those whose process was killed.

use std::fs::{self, DirEntry, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

/// How the names of these folders begin.
const PREFIX: &str = "spec-cc-work-";

/// A folder this young may be one that its process has yet to lock.
const YOUNG: Duration = Duration::from_mins(1);

/// A folder that goes with its owner.
#[derive(Debug)]
pub(super) struct Scratch {
    folder: tempfile::TempDir,
    /// Held as long as the owner lives: it is how others know.
    _lock: File,
}

impl Scratch {
    /// Makes one in `place`; fails as `mkdir(2)`, `open(2)` and `flock(2)` do.
    pub(super) fn new(place: &Path) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(place)?;
        let lock = File::open(folder.path())?;
        lock.try_lock()?;
        Ok(Self { folder, _lock: lock })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Path {
        self.folder.path()
    }
}

/// Removes what processes of this user have left in `place`, as one that is killed does. What cannot be removed stays.
pub(super) fn remove_abandoned(place: &Path) {
    let Ok(entries) = fs::read_dir(place) else { return };
    for entry in entries.flatten().filter(is_old_scratch) {
        let lock = File::open(entry.path());
        if lock.is_ok_and(|lock| lock.try_lock().is_ok()) {
            open_up(&entry.path());
            let _ = fs::remove_dir_all(entry.path());
        }
    }
}

fn is_old_scratch(entry: &DirEntry) -> bool {
    let named = entry.file_name().as_encoded_bytes().starts_with(PREFIX.as_bytes());
    let ours = |meta: &fs::Metadata| {
        let age = meta.modified().ok().and_then(|made| made.elapsed().ok());
        meta.is_dir() && meta.uid() == nix::unistd::getuid().as_raw() && age.is_some_and(|age| age > YOUNG)
    };
    // Of a link this tells of the link itself.
    named && entry.metadata().is_ok_and(|meta| ours(&meta))
}

/// The kernel leaves an overlay's `work/work` without permissions: nobody but root could list it to remove it.
fn open_up(scratch: &Path) {
    let list = |folder: &Path| fs::read_dir(folder).into_iter().flatten().flatten();
    for layer in list(scratch).flat_map(|job| list(&job.path())) {
        let _ = fs::remove_dir(layer.path().join("work/work"));
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;
    use std::time::SystemTime;

    use super::*;

    fn age(folder: &Path) {
        let past = SystemTime::now() - 2 * YOUNG;
        File::open(folder).and_then(|folder| folder.set_modified(past)).expect("set");
    }

    #[test]
    fn what_a_killed_process_left_goes_and_what_another_has_stays() {
        let place = tempfile::tempdir().expect("a folder");
        let at = |name: &str| place.path().join(name);
        let work = at("spec-cc-work-left/job-1/0/work/work");
        fs::create_dir_all(&work).expect("made");
        fs::set_permissions(&work, fs::Permissions::from_mode(0o000)).expect("set");
        fs::write(at("spec-cc-work-left/job-1/stdout"), "").expect("written");
        for folder in ["spec-cc-work-young", "another", "spec-cc-work-left"] {
            fs::create_dir_all(at(folder)).expect("made");
        }
        let held = Scratch::new(place.path()).expect("a scratch");
        for folder in [&at("spec-cc-work-left"), &at("another"), held.path()] {
            age(folder);
        }
        remove_abandoned(place.path());
        assert!(!at("spec-cc-work-left").exists());
        assert!(at("spec-cc-work-young").exists() && at("another").exists() && held.path().exists());
    }
}
