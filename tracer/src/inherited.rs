//! Open files that a command is given by its parent: what comes from there is seen by no path.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::sys;
use super::tracee::Tracee;

/// A file that is open, whoever opened it.
type Identity = (u64, u64);

/// The descriptors that a command may read from at its start, and what is open there. Standard input counts even where it is
/// closed: then that is what a read of it tells.
#[derive(Debug, Clone)]
pub(super) struct Inherited(Vec<(u32, Option<Identity>)>);

impl Inherited {
    /// Those of this process that the next program will have. Standard output and error are only written to.
    pub(super) fn of_process() -> Option<Self> {
        let mut open = vec![(0, identity("/proc/self/fd/0"))];
        for entry in fs::read_dir("/proc/self/fd").ok()? {
            let name = entry.ok()?.file_name().into_string().ok()?;
            let number = name.parse().ok()?;
            if number > 2 && sys::is_handed_on(number) {
                open.push((number, identity(format!("/proc/self/fd/{number}"))));
            }
        }
        Some(Self(open))
    }

    /// Their numbers.
    pub(super) fn numbers(&self) -> Vec<u32> {
        self.0.iter().map(|(number, _)| *number).collect()
    }

    /// Whether that number is still what it was to a stopped process. Compilers put pipes of their own in the place of standard
    /// input (`-pipe`).
    pub(super) fn holds(&self, tracee: Tracee, number: u64) -> bool {
        let Some((_, was)) = self.0.iter().find(|(known, _)| u64::from(*known) == number) else {
            return false;
        };
        // What was closed may have been closed from the start: our own program has put something there meanwhile.
        identity(tracee.descriptor(number as i32)).is_none_or(|now| Some(now) == *was)
    }
}

fn identity(path: impl AsRef<Path>) -> Option<Identity> {
    fs::metadata(path).ok().map(|file| (file.dev(), file.ino()))
}
