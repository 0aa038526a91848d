//! Processes of this machine, as `/proc` has them.
use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use std::fmt::{self, Display};
use std::fs;
use std::path::PathBuf;
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long what is waited for may take: only a defect takes so long.
const PATIENCE: Duration = Duration::from_mins(2);

/// One that ran when it was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Process {
    id: u32,
    parent: u32,
    /// The program's name, as far as the kernel keeps it.
    pub(crate) name: String,
    /// When it was started: another process may get its number.
    started: String,
}

impl Process {
    /// The process with this number; `None` when it has ended.
    pub(crate) fn of(id: u32) -> Option<Self> {
        let stat = fs::read_to_string(format!("/proc/{id}/stat")).ok()?;
        // The name is in parentheses and may have some itself (proc_pid_stat(5)).
        let (head, rest) = stat.rsplit_once(')')?;
        let fields: Vec<&str> = rest.split_whitespace().collect();
        let name = head.split_once('(')?.1.to_owned();
        let ended = matches!(*fields.first()?, "Z" | "X");
        let parent = fields.get(1)?.parse().ok()?;
        let started = (*fields.get(19)?).to_owned();
        (!ended).then_some(Self { id, parent, name, started })
    }

    /// What it has started, and what these have, as far as it runs.
    pub(crate) fn descendants(&self) -> Vec<Self> {
        let all: Vec<Self> = all().collect();
        let mut found: Vec<Self> = Vec::new();
        let mut above = vec![self.id];
        while let Some(parent) = above.pop() {
            for process in all.iter().filter(|process| process.parent == parent) {
                above.push(process.id);
                found.push(process.clone());
            }
        }
        found
    }

    /// Whether it is still there.
    pub(crate) fn is_there(&self) -> bool {
        Self::of(self.id).is_some_and(|now| now.started == self.started)
    }

    /// Whether it is in a sandbox, and so ends with it: it sees other process numbers than we do.
    pub(crate) fn is_confined(&self) -> bool {
        let space = |process: &str| fs::read_link(PathBuf::from(format!("/proc/{process}/ns/pid"))).ok();
        space(&self.id.to_string()).is_some_and(|its| Some(its) != space("self"))
    }

    /// Sends it a signal, unless it has ended.
    pub(crate) fn signal(&self, signal: Signal) {
        if self.is_there() {
            let _ = kill(Pid::from_raw(self.id.cast_signed()), signal);
        }
    }
}

fn all() -> impl Iterator<Item = Process> {
    let names = fs::read_dir("/proc").unwrap().filter_map(|entry| entry.ok()?.file_name().into_string().ok());
    names.filter_map(|name| Process::of(name.parse().ok()?))
}

/// Those of some processes that have not ended yet.
pub(crate) struct Left<'p>(pub(crate) &'p [Process]);

impl Display for Left<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let left = self.0.iter().filter(|process| process.is_there());
        f.debug_list().entries(left).finish()
    }
}

/// What `look` gives as soon as it gives something; panics when that takes too long.
pub(crate) fn wait_for<T>(what: impl Display, mut look: impl FnMut() -> Option<T>) -> T {
    let late = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < late, "waited in vain for {what}");
        sleep(Duration::from_millis(5));
    }
}
