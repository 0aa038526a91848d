//! Files: what is known of every file's content, by its stamp.

use std::collections::HashMap;
use std::ffi::CStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, FromRawFd, OwnedFd};
use std::sync::Arc;

use parking_lot::{Mutex, MutexGuard, RwLock};

use super::absences::Absences;
use super::handles::Held;
use super::staged;
use super::stamp::{Stamp, now_ns};
use crate::base::digest::Digest;
use crate::base::paths::{PathId, PathName, Paths};
use crate::directives::{self, Scan};

/// Up to this size a file's directives are scanned while its digest is taken; sources are smaller, objects need none.
const SCAN_AT_ONCE: u64 = 4 << 20;

/// Beyond this size a file is not taken into memory, and so never scanned.
const SCAN_LIMIT: u64 = 256 << 20;

/// A NUL within so many bytes makes a file a binary, which nobody includes.
const BINARY_HEAD: usize = 1024;

/// So many contents' directives are kept, some 2 KB each. A tree with more has its files' own, and the rest is scanned again.
const MOST_SCANS: usize = 1 << 16;

/// How often a file that changes while it is read is read again.
const ATTEMPTS: usize = 3;

/// A file's state and content, as one look has found them.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Seen {
    /// The state.
    pub stamp: Stamp,
    /// The content in that state.
    pub digest: Digest,
}

/// A cache from path to digest and directives, shared between threads.
///
/// A look costs one `stat(2)` as long as the file is unchanged.
#[derive(Debug, Default)]
pub struct Files {
    paths: Arc<Paths>,
    known: RwLock<Vec<Option<Known>>>,
    scans: Mutex<HashMap<Digest, Arc<Scan>>>,
    pub(super) absences: Absences,
    pub(super) held: Held,
}

#[derive(Debug, Clone)]
struct Known {
    seen: Seen,
    settled: bool,
    scan: Option<Arc<Scan>>,
}

impl Files {
    /// An empty cache for the paths of a table.
    pub fn new(paths: Arc<Paths>) -> Self {
        Self { paths, ..Self::default() }
    }

    /// The table of paths.
    pub fn paths(&self) -> &Arc<Paths> {
        &self.paths
    }

    /// A path's state, symbolic links followed; fails as `stat(2)` does.
    pub fn stat(&self, path: PathId) -> io::Result<Stamp> {
        Stamp::of(c_str(&self.paths.get(path))?)
    }

    /// A regular file's state and digest; reads it only when its stamp has changed.
    ///
    /// Fails as `stat(2)` and `open(2)` do, with `InvalidInput` for what is no regular file, and with
    /// `ResourceBusy` for a file that changes all the while.
    pub fn look(&self, path: PathId) -> io::Result<Seen> {
        let stamp = self.stat(path)?;
        self.look_at(path, stamp)
    }

    /// As [`look`](Self::look), where the stamp was taken just now.
    pub(super) fn look_at(&self, path: PathId, stamp: Stamp) -> io::Result<Seen> {
        match self.trusted(path, stamp, |known| known.seen) {
            Some(seen) => Ok(seen),
            None => self.load(path, false).map(|known| known.seen),
        }
    }

    /// A regular file's directives; fails as [`look`](Self::look) does.
    pub fn scan(&self, path: PathId) -> io::Result<Arc<Scan>> {
        let stamp = self.stat(path)?;
        self.scan_at(path, stamp).map(|(_, scan)| scan)
    }

    /// As [`scan`](Self::scan), where the stamp was taken just now.
    pub(super) fn scan_at(&self, path: PathId, stamp: Stamp) -> io::Result<(Seen, Arc<Scan>)> {
        let trusted = self.trusted(path, stamp, |known| known.scan.clone().map(|scan| (known.seen, scan)));
        if let Some(found) = trusted.flatten() {
            return Ok(found);
        }
        let known = self.load(path, true)?;
        known.scan.map(|scan| (known.seen, scan)).ok_or_else(|| io::Error::from(io::ErrorKind::FileTooLarge))
    }

    /// The directives of a content that was scanned before.
    pub fn scan_of(&self, digest: &Digest) -> Option<Arc<Scan>> {
        self.scans().get(digest).cloned()
    }

    fn trusted<T>(&self, path: PathId, stamp: Stamp, read: impl FnOnce(&Known) -> T) -> Option<T> {
        let known = self.known.read();
        let known = known.get(path.index())?.as_ref()?;
        (known.settled && known.seen.stamp == stamp).then(|| read(known))
    }

    fn scans(&self) -> MutexGuard<'_, HashMap<Digest, Arc<Scan>>> {
        self.scans.lock()
    }

    fn load(&self, path: PathId, scan: bool) -> io::Result<Known> {
        let name = self.paths.get(path);
        for _ in 0..ATTEMPTS {
            if let Some(known) = self.read(c_str(&name)?, scan)? {
                self.remember(path, known.clone());
                return Ok(known);
            }
        }
        Err(io::Error::new(
            io::ErrorKind::ResourceBusy,
            format!("{} changes while it is read", name.as_str()),
        ))
    }

    fn remember(&self, path: PathId, known: Known) {
        let mut table = self.known.write();
        if table.len() <= path.index() {
            table.resize(path.index() + 1, None);
        }
        table[path.index()] = Some(known);
    }

    /// Reads a file once, unless its file system tells all that is asked for; `None` when it was another file, or in another state, at the end.
    fn read(&self, path: &CStr, scan: bool) -> io::Result<Option<Known>> {
        let read_at = now_ns();
        let before = Stamp::of(path)?;
        if !before.is_file() {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        let told = staged::digest(path, &before);
        let (after, digest, scan) = match told.map(|digest| (digest, self.scan_of(&digest))) {
            Some((digest, known)) if known.is_some() || !scan => (Stamp::of(path)?, digest, known),
            _ => {
                let file = open(path)?;
                let (digest, scan) = self.digest(&file, before.size, scan)?;
                (Stamp::of_open(file.as_fd())?, digest, scan)
            }
        };
        // Staged files all have the same times: without the mount they could be another tree's.
        let settled = after.settled(read_at) && (told.is_none() || after.mount != 0);
        let known = Known { seen: Seen { stamp: after, digest }, settled, scan };
        Ok((before == after && digest.size == after.size).then_some(known))
    }

    fn digest(&self, mut file: &File, size: u64, scan: bool) -> io::Result<(Digest, Option<Arc<Scan>>)> {
        let limit = if scan { SCAN_LIMIT } else { SCAN_AT_ONCE };
        if size > limit {
            return Ok((Digest::of_reader(file)?, None));
        }
        let mut content = Vec::with_capacity(size as usize + 1);
        file.read_to_end(&mut content)?;
        if !scan && memchr::memchr(0, &content[..content.len().min(BINARY_HEAD)]).is_some() {
            return Ok((Digest::of(&content), None));
        }
        let (digest, scan) = self.learn(&content);
        Ok((digest, Some(scan)))
    }

    /// Scans a content that is in no file, unless it was scanned before.
    pub fn learn(&self, content: &[u8]) -> (Digest, Arc<Scan>) {
        let digest = Digest::of(content);
        if let Some(scan) = self.scan_of(&digest) {
            return (digest, scan);
        }
        let scan = Arc::new(directives::scan(content));
        let mut scans = self.scans();
        if scans.len() >= MOST_SCANS {
            scans.clear();
        }
        scans.insert(digest, Arc::clone(&scan));
        (digest, scan)
    }
}

fn c_str(name: &PathName) -> io::Result<&CStr> {
    name.as_c_str().ok_or_else(|| io::Error::new(io::ErrorKind::NotFound, "a path with a NUL in it"))
}

/// Opens without waiting, should the file have become a pipe meanwhile.
fn open(path: &CStr) -> io::Result<File> {
    let flags = libc::O_RDONLY | libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_NOCTTY;
    // SAFETY: the path is NUL-terminated.
    let fd = unsafe { libc::open(path.as_ptr(), flags) };
    if fd < 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the descriptor was opened just now and is nobody else's.
    Ok(File::from(unsafe { OwnedFd::from_raw_fd(fd) }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::path::Path;
    use std::time::Duration;

    struct Room {
        dir: tempfile::TempDir,
        files: Files,
    }

    impl Room {
        fn new() -> Self {
            Self { dir: tempfile::tempdir().expect("a folder"), files: Files::default() }
        }

        fn write(&self, name: &str, text: &str) -> PathId {
            let path = self.dir.path().join(name);
            std::fs::write(&path, text).expect("written");
            self.id(&path)
        }

        fn id(&self, path: &Path) -> PathId {
            self.files.paths().intern(path.to_str().expect("UTF-8"))
        }
    }

    /// Long enough for a stamp to settle.
    fn settle() {
        std::thread::sleep(Duration::from_millis(60));
    }

    #[test]
    fn sees_each_content_even_within_one_tick() {
        let room = Room::new();
        for n in 0..500 {
            // Same length, so that only the times can tell.
            let text = format!("{n:08}");
            let id = room.write("a", &text);
            assert_eq!(room.files.look(id).expect("seen").digest, Digest::of(text.as_bytes()));
        }
    }

    #[test]
    fn a_settled_file_is_not_read_again() {
        let room = Room::new();
        let id = room.write("a", "#include <a.h>\n");
        settle();
        let seen = room.files.look(id).expect("seen");
        assert!(room.files.trusted(id, seen.stamp, |_| ()).is_some());
        assert_eq!(room.files.look(id).expect("seen"), seen);
    }

    #[test]
    fn a_content_set_back_to_its_old_time_is_seen() {
        let room = Room::new();
        let id = room.write("a", "one");
        let path = room.dir.path().join("a");
        let old = std::fs::metadata(&path).and_then(|meta| meta.modified()).expect("a time");
        settle();
        room.files.look(id).expect("seen");
        std::fs::write(&path, "two").expect("written");
        File::options().write(true).open(&path).and_then(|file| file.set_modified(old)).expect("set");
        assert_eq!(room.files.look(id).expect("seen").digest, Digest::of(b"two"));
    }

    #[test]
    fn equal_contents_are_scanned_once() {
        let room = Room::new();
        let (a, b) = (room.write("a", "#include <a.h>\n"), room.write("b", "#include <a.h>\n"));
        room.files.look(a).expect("seen");
        assert!(Arc::ptr_eq(&room.files.scan(a).expect("scan"), &room.files.scan(b).expect("scan")));
    }

    #[test]
    fn refuses_what_is_no_regular_file() {
        let room = Room::new();
        let pipe = room.dir.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
        for (path, kind) in [
            (pipe.as_path(), io::ErrorKind::InvalidInput),
            (room.dir.path(), io::ErrorKind::InvalidInput),
            (&room.dir.path().join("none"), io::ErrorKind::NotFound),
        ] {
            assert_eq!(room.files.look(room.id(path)).map_err(|error| error.kind()), Err(kind));
        }
    }

    #[test]
    fn a_file_that_keeps_changing_is_an_error_or_a_state_it_had() {
        let room = Room::new();
        let id = room.write("a", "");
        let path = room.dir.path().join("a");
        let stop = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                let mut n = 0_u8;
                while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                    n = n.wrapping_add(1);
                    let _ = std::fs::write(&path, vec![n; 20_000]);
                }
            });
            for _ in 0..50 {
                match room.files.look(id) {
                    Ok(seen) => assert_eq!(seen.digest.size, seen.stamp.size),
                    Err(error) => assert_eq!(error.kind(), io::ErrorKind::ResourceBusy),
                }
            }
            stop.store(true, std::sync::atomic::Ordering::Relaxed);
        });
    }
}
