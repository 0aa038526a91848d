//! Opens a session's launches, and looks again at those that wait for a generated file.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

use super::session::Session;
use crate::inputs::paths::PathId;
use crate::inputs::snapshot::Snapshot;
use crate::inputs::stamp::Stamp;
use crate::launch::{Engine, Known, Launcher, Place, awaited, is_open, rank};
use crate::store::Generated;

/// How often files that are awaited are looked for. A build system takes longer than this from writing a file to
/// compiling what reads it.
const PERIOD: Duration = Duration::from_millis(25);

/// Threads that issue at most: each looks at the files by itself, so that more of them bring less and less.
const MOST_THREADS: usize = 4;

/// So many commands are worth a thread.
const FEW: usize = 64;

/// Considers every record of a session for launching, in the background, until none waits for an input any more.
pub(super) fn start(
    engine: Arc<Engine>,
    launcher: Launcher,
    session: Arc<Session>,
    generated: BTreeMap<String, Generated>,
) {
    thread::spawn(move || {
        session.predict(&engine, &generated);
        let mut knowns: Vec<_> = session.inner().knowns.values().cloned().collect();
        knowns.sort_by_key(|known| rank(&known.state().record));
        issue(&launcher, &session.place, &knowns);
        session.set_looked();
        wait(&engine, &launcher, &session, knowns);
    });
}

/// Considers all of `knowns` for launching, in about their order, on a few threads.
pub fn issue(launcher: &Launcher, place: &Arc<Place>, knowns: &[Arc<Known>]) {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut snapshot = Snapshot::new(&launcher.engine.files);
        // In turn rather than in halves, so that what the build asks for first is issued first.
        while let Some(known) = knowns.get(next.fetch_add(1, Ordering::Relaxed)) {
            launcher.consider(known, place, &mut snapshot);
        }
    };
    let further = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS) - 1;
    thread::scope(|scope| {
        for _ in 0..further.min(knowns.len() / FEW) {
            scope.spawn(work);
        }
        work();
    });
}

fn wait(engine: &Engine, launcher: &Launcher, session: &Arc<Session>, mut pending: Vec<Arc<Known>>) {
    let mut appeared: HashMap<PathId, Stamp> = HashMap::new();
    while !pending.is_empty() && !session.is_closed() {
        thread::sleep(PERIOD);
        pending.retain(|known| is_open(known));
        let missing: HashSet<PathId> = pending.iter().flat_map(|known| awaited(known)).collect();
        // A file counts once it looks the same twice: it may be half written at first.
        let settled: HashSet<PathId> = missing
            .into_iter()
            .filter(|&id| match engine.files.stat(id) {
                Ok(stamp) => appeared.insert(id, stamp) == Some(stamp) || stamp.is_dir(),
                Err(_) => false,
            })
            .collect();
        if settled.is_empty() {
            continue;
        }
        let mut snapshot = Snapshot::new(&engine.files);
        for known in &pending {
            if awaited(known).iter().any(|id| settled.contains(id)) {
                let _ = known.refute(&mut snapshot);
                launcher.consider(known, &session.place, &mut snapshot);
            }
        }
    }
}
