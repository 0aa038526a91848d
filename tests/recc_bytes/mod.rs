//! Real recc and spec-cc give the same command the same action, byte for byte.

mod lines;
mod linked;
mod options;
mod ours;
mod project;
mod real;
mod table;

use std::sync::atomic::{AtomicUsize, Ordering};

use crate::support::peers::Peers;
use lines::Line;

/// How many recc runs go on at once: one a core.
const AT_ONCE: usize = 2;

/// What became of a command, and how, for people.
pub(crate) struct Told {
    pub(crate) fate: Fate,
    pub(crate) how: String,
}

/// What became of a command.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Fate {
    /// Sent, as the action of this digest.
    Sent(String),
    /// Run locally.
    Local,
    /// recc gave up.
    Failed(String),
}

#[test]
fn actions_are_those_of_recc() {
    let Some(peers) = Peers::get() else { return };
    let project = project::Project::new();
    let lines = lines::lines(&project.root);
    let next = AtomicUsize::new(0);
    let worker = || {
        let mut done = Vec::new();
        while let Some(line) = lines.get(next.fetch_add(1, Ordering::Relaxed)) {
            let (theirs, dependency_run) = real::ask(&peers, line);
            // What recc runs locally has no action of its.
            let ours = (theirs.fate != Fate::Local).then(|| ours::ask(line, dependency_run.as_deref()));
            done.push((line, theirs, ours));
        }
        done
    };
    let done: Vec<(&Line, Told, Option<Told>)> = std::thread::scope(|scope| {
        let workers: Vec<_> = (0..AT_ONCE).map(|_| scope.spawn(worker)).collect();
        workers.into_iter().flat_map(|worker| worker.join().expect("a worker")).collect()
    });
    table::judge(&done, &project.root);
}
