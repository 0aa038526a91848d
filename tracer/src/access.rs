//! What a run did to each path, in the order of the first time.

use std::collections::{BTreeSet, HashMap};

use super::doubt::{Doubt, Doubted};

/// One path, and what the run did there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Access {
    /// Absolute; `..` and links in it are as the program spelled them.
    pub path: String,
    /// Whether something was there when it was first touched.
    pub existed: bool,
    /// Whether what was there before the run made it anew was read or executed, or would have been: the file may have been
    /// missing. A run that reads what it has written itself does not count.
    pub read: bool,
    /// Whether it was created, truncated, opened for writing, renamed or linked to, made as a folder, changed or removed.
    pub written: bool,
    /// Whether it was executed.
    pub executed: bool,
    /// Whether it was written and something was there in the end: told only of a run in a root of its own.
    pub left: bool,
    /// Whether what was left may be executed.
    pub executable: bool,
    /// If it had changed only just before it was first touched, a moment right before that touch which is later than the change, by the
    /// coarse clock, nanoseconds since the epoch: what changes it from then on gives it this time or a later one. Told only of a run on
    /// the files themselves.
    pub settled_ns: Option<i64>,
}

/// How a path is touched.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Touch {
    /// Looked at: what is there, if anything?
    Look,
    /// Its content is read.
    Read,
    /// It is executed.
    Execute,
    /// Its content is replaced, or it goes.
    Replace,
    /// It is changed, and some of what it was stays.
    Change,
}

/// An access whose path may be any bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) path: Vec<u8>,
    pub(super) existed: bool,
    pub(super) read: bool,
    pub(super) written: bool,
    pub(super) executed: bool,
    pub(super) left: bool,
    pub(super) executable: bool,
    pub(super) settled_ns: Option<i64>,
}

/// All that a run touched so far.
#[derive(Debug, Default)]
pub(super) struct Log {
    pub(super) entries: Vec<Entry>,
    places: HashMap<Vec<u8>, usize>,
    /// Folders whose names were listed.
    pub(super) listed: BTreeSet<Vec<u8>>,
    /// The first thing that cannot be accounted for.
    pub(super) doubt: Option<Doubted>,
}

impl Log {
    /// Whether a path was touched before.
    pub(super) fn knows(&self, path: &[u8]) -> bool {
        self.places.contains_key(path)
    }

    /// Takes note of a touch of what `exists` or does not; if it is the first, `settled_ns` is that of [`Access`].
    pub(super) fn touch(&mut self, path: Vec<u8>, touch: Touch, exists: bool, settled_ns: Option<i64>) {
        let at = self.places.get(&path).copied().unwrap_or_else(|| {
            self.entries.push(Entry {
                path: path.clone(),
                existed: exists,
                read: false,
                written: false,
                executed: false,
                left: false,
                executable: false,
                settled_ns,
            });
            self.places.insert(path, self.entries.len() - 1);
            self.entries.len() - 1
        });
        let Some(entry) = self.entries.get_mut(at) else { return };
        if exists && !entry.existed && !entry.written {
            let doubt = Doubted { doubt: Doubt::Appeared, detail: entry.path.clone() };
            self.doubt.get_or_insert(doubt);
        }
        entry.executed |= touch == Touch::Execute;
        entry.read |= matches!(touch, Touch::Read | Touch::Execute | Touch::Change) && !entry.written;
        entry.written |= matches!(touch, Touch::Replace | Touch::Change);
    }

    /// Takes note of something that cannot be accounted for.
    pub(super) fn doubt(&mut self, doubt: Doubt, detail: impl Into<Vec<u8>>) {
        self.doubt.get_or_insert_with(|| Doubted { doubt, detail: detail.into() });
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn log(touches: &[(Touch, bool)]) -> (bool, bool, bool, bool) {
        let mut log = Log::default();
        for (touch, exists) in touches {
            log.touch(b"/a".to_vec(), *touch, *exists, None);
        }
        assert_eq!(log.entries.len(), 1);
        let entry = &log.entries[0];
        (entry.existed, entry.read, entry.written, log.doubt.is_some())
    }

    #[test]
    fn touches_of_one_path_are_merged() {
        use Touch::{Change, Look, Read, Replace};
        assert_eq!(log(&[(Look, true), (Read, true)]), (true, true, false, false));
        assert_eq!(log(&[(Look, false), (Read, false)]), (false, true, false, false));
        assert_eq!(log(&[(Read, true), (Replace, true)]), (true, true, true, false));
        assert_eq!(log(&[(Change, true)]), (true, true, true, false));
    }

    #[test]
    fn what_it_made_itself_it_does_not_read() {
        use Touch::{Change, Look, Read, Replace};
        assert_eq!(log(&[(Look, false), (Replace, false), (Read, true)]), (false, false, true, false));
        assert_eq!(log(&[(Replace, true), (Change, true), (Replace, true)]), (true, false, true, false));
    }

    #[test]
    fn what_somebody_else_made_meanwhile_is_doubted() {
        assert!(log(&[(Touch::Look, false), (Touch::Read, true)]).3);
    }
}
