//! Scratch: the folder of what one process makes for itself alone, and the end of those whose process was killed.

use std::fs::{self, DirEntry, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

/// How the names of these folders begin.
const PREFIX: &str = "spec-cc-work-";

/// A folder this young may be one that its process has yet to lock, or that a compile still writes to which a companion that
/// was killed has begun: that must find it to the end.
const YOUNG: Duration = Duration::from_hours(24);

/// How the folders of launches in it begin.
pub(super) const JOB: &str = "job-";

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

    /// Removes what launches have left, now that there will be no more, and itself if no compile of the build's writes to it.
    pub(super) fn clear(&self) {
        open_up(self.path());
        let jobs =
            list(self.path()).filter(|job| job.file_name().as_encoded_bytes().starts_with(JOB.as_bytes()));
        jobs.for_each(|job| drop(fs::remove_dir_all(job.path())));
        let _ = fs::remove_dir(self.path());
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
    for layer in list(scratch).flat_map(|job| list(&job.path())) {
        let _ = fs::remove_dir(layer.path().join("work/work"));
    }
}

fn list(folder: &Path) -> impl Iterator<Item = DirEntry> + use<> {
    fs::read_dir(folder).into_iter().flatten().flatten()
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
