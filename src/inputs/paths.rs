//! Every path that is named anywhere, kept once and known by a number.

use std::collections::HashMap;
use std::ffi::{CStr, CString};
use std::fmt;
use std::ops::Deref;
use std::sync::{Arc, PoisonError, RwLock, RwLockReadGuard};

/// Number of an interned path.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PathId(u32);

impl PathId {
    /// The number, for tables indexed by path: dense, from 0.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// An interned path, as text and as system calls want it.
#[derive(Debug, Clone)]
pub struct Name(Arc<CString>);

impl Name {
    /// The path, ending in a zero byte.
    pub fn c_str(&self) -> &CStr {
        &self.0
    }
}

impl Deref for Name {
    type Target = str;

    fn deref(&self) -> &str {
        // SAFETY: a `Name` is only made from a `&str`.
        unsafe { std::str::from_utf8_unchecked(self.0.as_bytes()) }
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self)
    }
}

/// The table of all paths; grows, never shrinks, and may be used by many threads.
#[derive(Debug, Default)]
pub struct Paths {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    numbers: HashMap<Box<str>, PathId>,
    names: Vec<Name>,
}

impl Paths {
    /// An empty table.
    pub fn new() -> Self {
        Self::default()
    }

    /// The number of a path; new ones are added.
    pub fn intern(&self, path: &str) -> PathId {
        if let Some(&id) = self.read().numbers.get(path) {
            return id;
        }
        let mut inner = self.inner.write().unwrap_or_else(PoisonError::into_inner);
        if let Some(&id) = inner.numbers.get(path) {
            return id;
        }
        // A path with a zero byte names nothing: the empty one stands for it, which cannot be opened either.
        let name = Name(Arc::new(CString::new(path).unwrap_or_default()));
        let id = PathId(inner.names.len() as u32);
        inner.names.push(name);
        inner.numbers.insert(path.into(), id);
        id
    }

    /// The path of a number that [`Paths::intern`] gave.
    pub fn get(&self, id: PathId) -> Name {
        self.read().names[id.index()].clone()
    }

    /// How many paths there are.
    pub fn count(&self) -> usize {
        self.read().names.len()
    }

    /// Sorts numbers by their paths.
    pub fn sort(&self, ids: &mut [PathId]) {
        let inner = self.read();
        ids.sort_unstable_by(|a, b| inner.names[a.index()].cmp(&inner.names[b.index()]));
    }

    fn read(&self) -> RwLockReadGuard<'_, Inner> {
        self.inner.read().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::Paths;

    #[test]
    fn a_path_keeps_its_number() {
        let paths = Paths::new();
        let (a, b) = (paths.intern("/b"), paths.intern("/a"));
        assert_eq!(paths.intern("/b"), a);
        assert_eq!(&*paths.get(b), "/a");
        let mut ids = [a, b];
        paths.sort(&mut ids);
        assert_eq!(ids, [b, a]);
    }
}
