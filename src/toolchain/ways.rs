//! Ways: the folders and links that a path leads through, and whether one of them may have led elsewhere a while ago.

use std::collections::HashSet;
use std::ffi::{CString, OsString};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path, PathBuf};

use crate::inputs::stamp::Stamp;

/// Links on one way at most, as in the kernel (`path_resolution(7)`).
const MOST_LINKS: usize = 40;

/// Ways that are all to be older than one moment.
pub(super) struct Ways {
    since_ns: i64,
    /// What was found to be old.
    old: HashSet<PathBuf>,
}

impl Ways {
    /// None looked at; `since_ns` is in nanoseconds since 1970.
    pub(super) fn until(since_ns: i64) -> Self {
        Self { since_ns, old: HashSet::new() }
    }

    /// Whether an absolute path has led to the same since before that moment, be it to nothing.
    ///
    /// Whatever is moved, linked or made somewhere has a new change time itself. A folder in which only other entries came and went has
    /// the same new time for both. Of what has gone, only its folder tells.
    pub(super) fn is_old(&mut self, path: &Path) -> bool {
        let (mut way, mut left, mut links) = (PathBuf::from("/"), Vec::new(), 0);
        push(&mut left, path);
        while let Some(name) = left.pop() {
            if name == ".." {
                way.pop();
                continue;
            }
            let folder = way.clone();
            way.push(&name);
            let Some(stamp) = stamp(&way) else {
                return stamp(&folder).is_some_and(|stamp| self.is_before(&stamp));
            };
            if !self.old.contains(&way) {
                let entries_only = stamp.is_dir() && stamp.mtime_ns == stamp.ctime_ns;
                if !self.is_before(&stamp) && !entries_only {
                    return false;
                }
                self.old.insert(way.clone());
            }
            if let Ok(target) = std::fs::read_link(&way) {
                links += 1;
                if links > MOST_LINKS {
                    return false;
                }
                way = if target.is_absolute() { PathBuf::from("/") } else { folder };
                push(&mut left, &target);
            }
        }
        true
    }

    fn is_before(&self, stamp: &Stamp) -> bool {
        stamp.changed_ns() < self.since_ns
    }
}

/// The names of a path to be followed before what is left, the first one last.
fn push(left: &mut Vec<OsString>, path: &Path) {
    let names = path.components().rev().filter_map(|part| match part {
        Component::Normal(name) => Some(name.to_owned()),
        Component::ParentDir => Some("..".into()),
        _ => None,
    });
    left.extend(names);
}

fn stamp(path: &Path) -> Option<Stamp> {
    Stamp::of_link(&CString::new(path.as_os_str().as_bytes()).ok()?).ok()
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
        Ways::until(since_ns).is_old(&dir.join(path))
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
    fn what_has_gone_is_told_by_its_folder() {
        let gone = |dir: &Path| {
            fs::write(dir.join("gcc-12/bin/as"), "").expect("written");
            fs::remove_file(dir.join("gcc-12/bin/as")).expect("removed");
        };
        assert!(is_old_after("bin/as", |_| ()) && is_old_after("bin/none/as", |_| ()));
        assert!(!is_old_after("bin/as", gone) && !is_old_after("bin/none/as", gone));
    }
}
