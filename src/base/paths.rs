//! Paths: every file name the companion ever met, once, as a small number.

use std::borrow::Borrow;
use std::collections::HashMap;
use std::ffi::CStr;
use std::fmt;
use std::hash::{Hash, Hasher};

use parking_lot::{RwLock, RwLockReadGuard};

/// A path's number in its [`Paths`]; dense, counted from 0.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct PathId(pub u32);

impl PathId {
    /// The number as an index.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// A path's text, ready for system calls.
#[derive(Clone, Copy)]
pub struct PathName {
    /// The path and a NUL. Never freed, as no table ever forgets a path: threads that counted who holds one would wait for each other.
    terminated: &'static str,
}

impl PathName {
    fn new(text: &str) -> Self {
        let mut terminated = String::with_capacity(text.len() + 1);
        terminated.push_str(text);
        terminated.push('\0');
        Self { terminated: terminated.leak() }
    }

    /// The path as it was interned.
    pub fn as_str(self) -> &'static str {
        &self.terminated[..self.terminated.len() - 1]
    }

    /// The path for a system call; `None` when it holds a NUL, which no file's path does.
    pub fn as_c_str(self) -> Option<&'static CStr> {
        CStr::from_bytes_with_nul(self.terminated.as_bytes()).ok()
    }

    /// The text up to and with the last slash; empty for a bare name.
    pub fn up_to_name(self) -> &'static str {
        let path = self.as_str();
        &path[..path.rfind('/').map_or(0, |slash| slash + 1)]
    }

    /// The text before the last slash (`/` for a file in the root, empty for a bare name).
    pub fn folder(self) -> &'static str {
        match self.as_str().rsplit_once('/') {
            Some(("", _)) => "/",
            Some((folder, _)) => folder,
            None => "",
        }
    }
}

impl fmt::Debug for PathName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(self.as_str(), f)
    }
}

impl PartialEq for PathName {
    fn eq(&self, other: &Self) -> bool {
        self.as_str() == other.as_str()
    }
}

impl Eq for PathName {}

impl Hash for PathName {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.as_str().hash(state);
    }
}

impl Borrow<str> for PathName {
    fn borrow(&self) -> &str {
        self.as_str()
    }
}

/// The table of paths; shared between threads, only grows.
///
/// Paths are compared as text: nothing is resolved, so `a/../b` and `b` are two. Give absolute paths: the
/// companion's own working directory has nothing to do with that of a compile.
#[derive(Debug, Default)]
pub struct Paths {
    table: RwLock<Table>,
}

#[derive(Debug, Default)]
struct Table {
    ids: HashMap<PathName, PathId>,
    names: Vec<PathName>,
    /// The number of each path's folder.
    folders: Vec<u32>,
    folder_numbers: HashMap<&'static str, u32>,
}

impl Table {
    fn get(&self, id: PathId) -> PathName {
        self.names.get(id.index()).copied().unwrap_or(PathName { terminated: "\0" })
    }
}

impl Paths {
    /// The number of a path, new if it was not known.
    pub fn intern(&self, path: &str) -> PathId {
        if let Some(id) = self.find(path) {
            return id;
        }
        let mut table = self.table.write();
        if let Some(id) = table.ids.get(path) {
            return *id;
        }
        let id = PathId(table.names.len() as u32);
        let name = PathName::new(path);
        table.names.push(name);
        table.ids.insert(name, id);
        let next = table.folder_numbers.len() as u32;
        let folder = *table.folder_numbers.entry(name.up_to_name()).or_insert(next);
        table.folders.push(folder);
        id
    }

    /// The number of a path if it was interned before.
    pub fn find(&self, path: &str) -> Option<PathId> {
        self.read().ids.get(path).copied()
    }

    /// The path of a number; an empty one for a number of another table.
    pub fn get(&self, id: PathId) -> PathName {
        self.read().get(id)
    }

    /// The paths of many numbers, in their order.
    pub fn all(&self, ids: &[PathId]) -> Vec<PathName> {
        let table = self.read();
        ids.iter().map(|&id| table.get(id)).collect()
    }

    /// Numbers of the folders of many paths, in their order: equal for paths that are equal up to their last slash.
    pub fn folders(&self, ids: &[PathId]) -> Vec<u32> {
        let table = self.read();
        ids.iter().map(|id| table.folders.get(id.index()).copied().unwrap_or(u32::MAX)).collect()
    }

    /// How many paths there are; every [`PathId`] of this table is below.
    pub fn len(&self) -> usize {
        self.read().names.len()
    }

    /// Whether nothing was interned yet.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn read(&self) -> RwLockReadGuard<'_, Table> {
        self.table.read()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_dense_and_stable() {
        let paths = Paths::default();
        let a = paths.intern("/a");
        let b = paths.intern("/b");
        assert_eq!((a, b, paths.intern("/a")), (PathId(0), PathId(1), PathId(0)));
        assert_eq!(paths.get(b).as_str(), "/b");
        assert_eq!(paths.find("/c"), None);
        assert_eq!(paths.len(), 2);
    }

    #[test]
    fn a_nul_in_a_path_never_reaches_a_system_call() {
        let paths = Paths::default();
        let odd = paths.intern("/etc/passwd\0.h");
        assert_eq!(paths.get(odd).as_c_str(), None);
        assert_eq!(paths.get(odd).as_str(), "/etc/passwd\0.h");
    }

    #[test]
    fn folder_is_the_text_before_the_last_slash() {
        for (path, folder) in [("/a/b.h", "/a"), ("/a", "/"), ("/a/../b.h", "/a/.."), ("b.h", "")] {
            assert_eq!(PathName::new(path).folder(), folder);
        }
    }

    #[test]
    fn threads_agree() {
        let paths = Paths::default();
        let all = || (0..1000).map(|n| paths.intern(&format!("/{}", n % 100))).collect::<Vec<_>>();
        let (one, two) = std::thread::scope(|scope| {
            let other = scope.spawn(all);
            (all(), other.join().expect("no panic"))
        });
        assert_eq!(one, two);
        assert_eq!(paths.len(), 100);
    }
}
