//! Symbolic links and folders, as they are now.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ffi::CString;
use std::sync::{Arc, OnceLock};
use std::{fs, io};

use parking_lot::RwLock;

use super::absences;
use super::stamp::{Stamp, now_ns};

/// The target of the symbolic link at `path`, as the link says it; `None` for what is no link, or no link to UTF-8.
pub fn link(path: &str) -> Option<String> {
    fs::read_link(path).ok()?.into_os_string().into_string().ok()
}

/// Whether there is a folder at `path`, links followed.
pub fn is_folder(path: &str) -> bool {
    fs::metadata(path).is_ok_and(|there| there.is_dir())
}

/// A folder of more entries is not read through: of most of its files nobody asks.
const MOST: usize = 4096;

/// What is a link and what is not, known for as long as the folders stay as they are.
///
/// A command reads hundreds of files in a few dozen folders, and so does the next one: a link that is put in the place of a file
/// changes its folder's times, so one `stat(2)` of the folder answers for all that is in it.
#[derive(Debug, Default)]
pub struct Links {
    folders: RwLock<HashMap<String, Arc<Folder>>>,
}

/// What is known of a folder in one state of it.
#[derive(Debug)]
struct Folder {
    stamp: Option<Stamp>,
    /// Whether it cannot change unseen, so that it is worth reading through.
    kept: bool,
    /// Whether nothing in it is a link.
    plain: OnceLock<bool>,
    targets: RwLock<HashMap<String, Option<String>>>,
}

/// Links as they are at one moment: each folder is looked at once.
#[derive(Debug)]
pub struct LinksNow<'l> {
    links: &'l Links,
    folders: RefCell<HashMap<String, Arc<Folder>>>,
    /// The one that was asked about last: files are asked about folder by folder.
    last: RefCell<Option<(String, Arc<Folder>)>>,
    plain: RefCell<HashMap<String, bool>>,
    reals: RefCell<HashMap<String, Option<String>>>,
}

impl Links {
    /// The links of this moment. Not to be kept.
    pub fn now(&self) -> LinksNow<'_> {
        LinksNow {
            links: self,
            folders: RefCell::default(),
            last: RefCell::default(),
            plain: RefCell::default(),
            reals: RefCell::default(),
        }
    }

    /// The folder as it is now.
    fn folder(&self, path: &str) -> Arc<Folder> {
        let asked_at_ns = now_ns();
        let name = CString::new(if path.is_empty() { "/" } else { path }).ok();
        let stamp = name.as_deref().and_then(|name| Stamp::of(name).ok());
        let known = self.folders.read().get(path).cloned();
        if let Some(known) = known.filter(|known| stamp.is_some() && known.stamp == stamp) {
            return known;
        }
        let tells =
            |stamp: &Stamp| stamp.settled(asked_at_ns) && name.as_deref().is_some_and(absences::is_faithful);
        let kept = stamp.as_ref().is_some_and(tells);
        let folder = Arc::new(Folder { stamp, kept, plain: OnceLock::new(), targets: RwLock::default() });
        // Of a folder that may change unseen, only this moment knows.
        if kept {
            let mut folders = self.folders.write();
            folders.insert(path.to_owned(), Arc::clone(&folder));
        }
        folder
    }
}

/// Whether nothing in a folder is a link; false where it takes long to tell, too.
fn holds_no_link(folder: &str) -> bool {
    let Ok(mut entries) = fs::read_dir(if folder.is_empty() { "/" } else { folder }) else { return false };
    let is_no_link = |entry: &io::Result<fs::DirEntry>| {
        entry.as_ref().is_ok_and(|entry| entry.file_type().is_ok_and(|kind| !kind.is_symlink()))
    };
    entries.by_ref().take(MOST).all(|entry| is_no_link(&entry)) && entries.next().is_none()
}

impl LinksNow<'_> {
    fn folder(&self, path: &str) -> Arc<Folder> {
        let known = self.folders.borrow().get(path).cloned();
        known.unwrap_or_else(|| {
            let looked = self.links.folder(path);
            self.folders.borrow_mut().insert(path.to_owned(), Arc::clone(&looked));
            looked
        })
    }

    /// Whether it is known that no link is on the way to a folder, whose path is normal, nor in it.
    pub fn is_plain(&self, path: &str) -> bool {
        if let Some(known) = self.plain.borrow().get(path) {
            return *known;
        }
        let folder = self.folder(path);
        let holds_none = folder.kept && *folder.plain.get_or_init(|| holds_no_link(path));
        let ends = path.match_indices('/').map(|(at, _)| at).skip(1).chain([path.len()]);
        let plain = holds_none && ends.map(|end| &path[..end]).all(|above| self.link(above).is_none());
        self.plain.borrow_mut().insert(path.to_owned(), plain);
        plain
    }

    /// Where `path` leads, as realpath(3) says; `None` for what is not there, or leads to a path that is not UTF-8.
    pub fn real(&self, path: &str) -> Option<String> {
        let mut reals = self.reals.borrow_mut();
        let real = || fs::canonicalize(path).ok()?.into_os_string().into_string().ok();
        reals.entry(path.to_owned()).or_insert_with(real).clone()
    }

    /// The target of the symbolic link at an absolute path, as [`link`] gives it.
    pub fn link(&self, path: &str) -> Option<String> {
        let (folder, name) = path.rsplit_once('/')?;
        let mut last = self.last.borrow_mut();
        if last.as_ref().is_none_or(|(known, _)| known != folder) {
            *last = Some((folder.to_owned(), self.folder(folder)));
        }
        let (_, folder) = last.as_ref()?;
        if let Some(target) = folder.targets.read().get(name) {
            return target.clone();
        }
        let target = link(path);
        let mut targets = folder.targets.write();
        targets.insert(name.to_owned(), target.clone());
        target
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;
    use std::time::Duration;

    use super::*;

    #[test]
    fn what_becomes_a_link_or_another_one_is_seen() {
        let dir = tempfile::tempdir().expect("a folder");
        let place = dir.path().join("a.h");
        let path = place.to_str().expect("UTF-8");
        let links = Links::default();
        // As it is asked about where most folders hold no links.
        let seen = || {
            let now = links.now();
            let plain = now.is_plain(dir.path().to_str().expect("UTF-8"));
            let link = now.link(path);
            assert!(!(plain && link.is_some()), "a folder that holds a link is plain");
            link
        };
        // Asked at once, and after the folder has settled, so that what was seen is kept.
        for pause in [0, 60] {
            let settle = || std::thread::sleep(Duration::from_millis(pause));
            fs::write(&place, "").expect("written");
            settle();
            assert_eq!((seen(), seen()), (None, None));
            for target in ["one", "other"] {
                fs::remove_file(&place).expect("removed");
                symlink(target, &place).expect("linked");
                settle();
                assert_eq!((seen().as_deref(), seen().as_deref()), (Some(target), Some(target)));
            }
            fs::remove_file(&place).expect("removed");
            settle();
            assert_eq!(seen(), None);
        }
    }

    #[test]
    fn a_folder_behind_a_link_is_not_plain() {
        let dir = tempfile::tempdir().expect("a folder");
        let dir = fs::canonicalize(dir.path()).expect("there");
        fs::create_dir_all(dir.join("real/sub")).expect("made");
        symlink("real", dir.join("link")).expect("linked");
        std::thread::sleep(Duration::from_millis(60));
        let links = Links::default();
        let now = links.now();
        let plain = |name: &str| now.is_plain(dir.join(name).to_str().expect("UTF-8"));
        assert!(plain("real/sub") && !plain("link/sub") && !plain("link") && !plain(""));
    }

    #[test]
    fn a_settled_folder_is_kept_and_a_fresh_one_is_not() {
        let links = Links::default();
        assert_eq!(links.now().link("/usr/include/stdio.h"), link("/usr/include/stdio.h"));
        assert!(links.folders.read().contains_key("/usr/include"));
        assert!(
            links.now().is_plain("/usr/include/linux") && !links.now().is_plain("/usr/lib/x86_64-linux-gnu")
        );
        let dir = tempfile::tempdir().expect("a folder");
        // Fresh for as long as the test may take.
        let hour = Duration::from_hours(1);
        fs::File::open(dir.path())
            .and_then(|folder| folder.set_modified(std::time::SystemTime::now() + hour))
            .expect("set");
        let path = dir.path().join("a.h").to_str().expect("UTF-8").to_owned();
        assert_eq!(links.now().link(&path), None);
        assert!(!links.folders.read().contains_key(dir.path().to_str().expect("UTF-8")));
    }
}
