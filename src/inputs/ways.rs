//! Ways: the folders and links that lead to files, and whether one was put there since a moment.
//!
//! A folder that is renamed, or a link that is made anew, brings other files with old times to the paths below it.

use std::collections::HashSet;
use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::stamp::Stamp;

/// The ways that were looked at, each part of them once.
#[derive(Debug)]
pub(crate) struct Ways {
    since_ns: i64,
    seen: HashSet<String>,
}

impl Ways {
    /// Ways as they are now, to be compared with those at `since_ns` (nanoseconds since 1970).
    pub(crate) fn since(since_ns: i64) -> Self {
        Self { since_ns, seen: HashSet::new() }
    }

    /// A folder or a link on an absolute path, itself included, that came to its place since then, and the stamp that says so.
    pub(super) fn put(&mut self, path: &str) -> Option<(String, Stamp)> {
        let mut waiting = vec![path.to_owned()];
        while let Some(way) = waiting.pop() {
            let ends = way.rmatch_indices('/').map(|(at, _)| at);
            for part in [way.len()].into_iter().chain(ends).map(|end| &way[..end]) {
                // What leads there was seen along with it.
                if part.is_empty() || !self.seen.insert(part.to_owned()) {
                    break;
                }
                let Ok(stamp) = Stamp::of_link(&CString::new(part).ok()?) else { continue };
                if stamp.was_put_since(self.since_ns) {
                    return Some((part.to_owned(), stamp));
                }
                if stamp.is_link() {
                    waiting.extend(target(part));
                }
            }
        }
        None
    }

    /// Whether a path has led to the same, unchanged, since before then, be it to nothing. Of what has gone, only its folder tells. A
    /// name without a folder (a library that a compiler does not find) leads nowhere.
    pub(crate) fn is_old(&mut self, path: &Path) -> bool {
        if path.is_relative() {
            return true;
        }
        if path.to_str().is_none_or(|path| self.put(path).is_some()) {
            return false;
        }
        let stamp = |path: &Path| Stamp::of(&CString::new(path.as_os_str().as_bytes()).ok()?).ok();
        let unchanged = |stamp: Stamp| stamp.changed_ns() < self.since_ns;
        match stamp(path) {
            Some(found) => found.is_dir() || unchanged(found),
            None => path.ancestors().skip(1).find_map(stamp).is_some_and(unchanged),
        }
    }
}

/// Where the link at a path leads, from the root on.
fn target(link: &str) -> Option<String> {
    let target = fs::read_link(link).ok()?.into_os_string().into_string().ok()?;
    let folder = &link[..=link.rfind('/')?];
    Some(if target.starts_with('/') { target } else { format!("{folder}{target}") })
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::inputs::stamp::{before_any_change_ns, now_ns};

    /// Makes a tree, changes it, and says whether a path in it has led to the same all the while.
    fn is_old_after(path: &str, change: impl FnOnce(&Path)) -> bool {
        let dir = tempfile::tempdir().expect("a folder");
        let dir = fs::canonicalize(dir.path()).expect("there");
        fs::create_dir_all(dir.join("gcc-12/bin")).expect("made");
        fs::create_dir_all(dir.join("gcc-13/bin")).expect("made");
        for version in ["gcc-12", "gcc-13"] {
            fs::write(dir.join(version).join("bin/gcc"), version).expect("written");
        }
        symlink("gcc-12", dir.join("current")).expect("linked");
        symlink(dir.join("current/bin"), dir.join("bin")).expect("linked");
        let made_ns = now_ns();
        while before_any_change_ns() <= made_ns {
            std::thread::yield_now();
        }
        let since_ns = before_any_change_ns();
        change(&dir);
        Ways::since(since_ns).is_old(&dir.join(path))
    }

    #[test]
    fn what_is_put_elsewhere_is_noticed_by_whatever_leads_through_it() {
        let link = |dir: &Path| {
            symlink("gcc-13", dir.join("new")).expect("linked");
            fs::rename(dir.join("new"), dir.join("current")).expect("moved");
        };
        let swap = |dir: &Path| {
            fs::rename(dir.join("gcc-12"), dir.join("gcc-11")).expect("moved");
            fs::rename(dir.join("gcc-13"), dir.join("gcc-12")).expect("moved");
        };
        let write = |dir: &Path| fs::write(dir.join("gcc-12/bin/gcc"), "other").expect("written");
        for path in ["bin/gcc", "current/bin/gcc", "gcc-13/../current/bin/../bin/gcc"] {
            assert!(is_old_after(path, |_| ()), "{path}");
            assert!(!is_old_after(path, link), "{path}");
            assert!(!is_old_after(path, swap), "{path}");
            assert!(!is_old_after(path, write), "{path}");
        }
        assert!(is_old_after("gcc-12/bin/gcc", link));
    }

    #[test]
    fn what_comes_and_goes_beside_it_does_not_matter() {
        let beside = |dir: &Path| fs::write(dir.join("gcc-12/bin/g++"), "").expect("written");
        assert!(is_old_after("bin/gcc", beside));
    }

    #[test]
    fn a_name_without_a_folder_leads_nowhere() {
        assert!(Ways::since(now_ns()).is_old(Path::new("libc.so.6")));
    }

    #[test]
    fn what_has_gone_is_told_by_its_folder() {
        let gone = |dir: &Path| {
            fs::write(dir.join("gcc-12/bin/as"), "").expect("written");
            fs::remove_file(dir.join("gcc-12/bin/as")).expect("removed");
        };
        assert!(is_old_after("bin/as", |_| ()) && is_old_after("bin/none/as", |_| ()));
        assert!(!is_old_after("bin/as", gone) && !is_old_after("bin/none/as", gone));
    }
}
