//! Doubts: what a run may do that no list of paths accounts for.

use std::fmt;

/// Why a trace does not tell all that a run depended on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Doubt {
    /// It spoke to another process, or tried to.
    Socket,
    /// It read of the kernel or of a device what may be different the next time.
    Place,
    /// A path is not UTF-8.
    NotUtf8,
    /// It made calls of another machine's.
    Architecture,
    /// It changed what paths mean to it (mounts, roots, namespaces).
    Root,
    /// It did what cannot be seen by its calls (`io_uring`, tracing, shared memory, file handles).
    Unseen,
    /// It read extended attributes.
    Attributes,
    /// A path could not be learnt.
    Unreadable,
    /// A file came into being beside it.
    Appeared,
    /// It read from a file that it was given open, as standard input is.
    Inherited,
    /// It left a process running.
    LeftRunning,
    /// It left a file in a temporary folder that goes with it.
    LeftBehind,
    /// It used a file of the machine's that it ran on, rather than of the root that it was given.
    Outside,
    /// A signal ended one of its processes: somebody's, or the kernel's for want of memory.
    Killed,
}

/// A doubt, and the path or call that it is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Doubted {
    pub(super) doubt: Doubt,
    pub(super) detail: Vec<u8>,
}

/// Every doubt with its letter in a file and what is said of it.
const DOUBTS: [(Doubt, u8, &str); 14] = [
    (Doubt::Socket, b's', "it used a socket"),
    (Doubt::Place, b'p', "it read a place of the kernel's"),
    (Doubt::NotUtf8, b'8', "it touched a path that is not UTF-8"),
    (Doubt::Architecture, b'm', "it made calls of another machine's"),
    (Doubt::Root, b'r', "it changed what paths mean"),
    (Doubt::Unseen, b'u', "it made a call whose effects are not seen"),
    (Doubt::Attributes, b'x', "it read extended attributes"),
    (Doubt::Unreadable, b'?', "it touched a path that could not be learnt"),
    (Doubt::Appeared, b'a', "a file appeared while it ran"),
    (Doubt::Inherited, b'i', "it read from what it was given open"),
    (Doubt::LeftRunning, b'l', "it left a process running"),
    (Doubt::LeftBehind, b't', "it left a file in the temporary folder"),
    (Doubt::Outside, b'o', "it used a file that is not of the root that it was given"),
    (Doubt::Killed, b'k', "a signal ended a process of its"),
];

impl Doubt {
    /// The letter that stands for it in a file.
    pub(super) fn letter(self) -> u8 {
        DOUBTS.iter().find(|(doubt, ..)| *doubt == self).map_or(b'?', |(_, letter, _)| *letter)
    }

    /// The doubt that a letter stands for.
    pub(super) fn of_letter(letter: u8) -> Option<Self> {
        DOUBTS.iter().find(|(_, known, _)| *known == letter).map(|(doubt, ..)| *doubt)
    }
}

impl fmt::Display for Doubt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(DOUBTS.iter().find(|(doubt, ..)| doubt == self).map_or("", |(.., words)| words))
    }
}
