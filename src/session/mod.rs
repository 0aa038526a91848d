//! A session: one build of one element, from its opening to its close. See `docs/rooms/session.md`.

pub mod accounts;
mod carry_over;
mod changed;
pub mod changes;
pub mod companion;
pub mod counts;
pub mod debounce;
pub mod folders;
pub mod grids;
mod made;
pub mod memory;
mod noted;
pub mod pulse;
pub mod quarantine;
pub mod report;
pub mod revive;
pub mod timeline;
pub mod waits;
pub mod warnings;
pub mod watch;
pub mod whereabouts;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::{Mutex, MutexGuard};
use serde::{Deserialize, Serialize};

use crate::base::digest::Digest;
use crate::base::paths::PathId;
use crate::command::Kind;
use crate::compile::engine::Engine;
use crate::compile::perform::let_tick_pass;
use crate::compile::reads::Reads;
use crate::compile::recorded::templated;
use crate::grid::Grid;
use crate::inputs::stamp;
use crate::launch::candidate::Candidate;
use crate::launch::context::SessionContext;
use crate::session::counts::Accounts;
use crate::settings::Mode;
use crate::store::{Build, Record, RecordId};
use changed::Changed;
use changes::Changes;
use report::{Bypasses, Told};
use revive::revive;
use timeline::{Asked, Asks};
use waits::Waits;
use whereabouts::Whereabouts;

/// What the store keeps of a session that has ended.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct SessionRow {
    /// Number of the session.
    pub id: u64,
    /// Project and element, as `project/element`.
    pub element: String,
    /// Project root.
    pub root: String,
    /// When it was opened, seconds since the epoch.
    pub opened: u64,
    /// How long it lasted, seconds.
    pub lasted_s: f64,
    /// Whether it was a whole build that ended well.
    pub complete: bool,
    /// Its counts.
    pub accounts: Accounts,
    /// Why what it has learnt did not leave for the grid that it has; told when it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub kept_here: Option<String>,
}

/// How long the end of a session waits for each of the two: results, and records, on their way to a grid.
const PUBLISHING: Duration = Duration::from_secs(5);

/// A build must have asked for at least this share of an element's commands to count as complete: an incremental
/// build says nothing about the commands it did not need.
const COMPLETE_SHARE: f64 = 0.5;

/// Who opened a session.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Opening {
    /// A compile: it ends when no more come.
    Compile,
    /// Somebody who will close it.
    Person,
    /// The same, before any build of the element: it launches, and nothing is learnt from what is not asked for.
    Ahead,
}

/// One build of one element.
pub struct Session {
    /// Number, unique in a store.
    pub id: u64,
    /// Element and root.
    pub whereabouts: Whereabouts,
    /// What its launches have in common.
    pub context: Arc<SessionContext>,
    /// What is done for this build.
    pub mode: Mode,
    /// Who opened it.
    pub opening: Opening,
    /// Compiles being answered now.
    pub active: AtomicUsize,
    /// Those of them that have ended and are being learnt from.
    learning: AtomicUsize,
    /// What of it is to be remembered elsewhere.
    pub(super) changes: Changes,
    /// Who waits until its launches have come to rest.
    pub(super) waits: Waits,
    /// The grid on which its records are left.
    records: Option<Arc<Grid>>,
    opened: (Instant, u64),
    /// When it was opened by the clock that stamps files, which ticks coarsely, nanoseconds: what was made later shows more. In
    /// the same tick somebody may have edited a file before.
    opened_ns: i64,
    closed: AtomicBool,
    looked: AtomicBool,
    inner: Mutex<Inner>,
}

/// What changes while the session lasts.
#[derive(Default)]
pub struct Inner {
    /// Recorded commands in play.
    pub candidates: HashMap<RecordId, Arc<Candidate>>,
    /// Commands the build has asked for.
    pub seen: HashMap<RecordId, u32>,
    /// Commands that were given the name of what they make before they had a record, by that name: the names that they would have else.
    first: HashMap<RecordId, RecordId>,
    /// How its commands have changed.
    changed: Changed,
    /// How compiles were served so far, and what that saved. [`Session::accounts`] adds what became of launches.
    pub accounts: Accounts,
    /// How the commands that the build has asked for were served, each the last time.
    pub(super) told: HashMap<RecordId, Told>,
    /// What the build has asked for that was bypassed.
    pub(super) bypasses: Bypasses,
    /// All that the build has asked for, and when.
    asks: Asks,
    /// Files that were made since it opened and that its commands read, with what is in them.
    generated: HashMap<PathId, noted::Noted>,
    /// What was in files that builds make before they were made.
    before: HashMap<PathId, Vec<Digest>>,
    /// When a compile last came or went.
    pub last: Option<Instant>,
}

impl Session {
    /// A session with the element's records on the paths of `whereabouts`.
    pub fn new(
        id: u64,
        whereabouts: Whereabouts,
        context: Arc<SessionContext>,
        mode: Mode,
        opening: Opening,
        candidates: HashMap<RecordId, Arc<Candidate>>,
    ) -> Self {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        let inner = Inner { candidates, last: Some(Instant::now()), ..Inner::default() };
        let session = Self {
            id,
            whereabouts,
            context,
            mode,
            opening,
            active: AtomicUsize::new(0),
            learning: AtomicUsize::new(0),
            changes: Changes::default(),
            waits: Waits::default(),
            records: None,
            opened: (Instant::now(), now),
            opened_ns: stamp::before_any_change_ns(),
            closed: AtomicBool::new(false),
            looked: AtomicBool::new(mode != Mode::Spec),
            inner: Mutex::new(inner),
        };
        if mode != Mode::Spec {
            session.waits.end();
        }
        session
    }

    /// The same, with the grid on which its records are left.
    #[must_use]
    pub fn leaving(self, records: Option<Arc<Grid>>) -> Self {
        Self { records, ..self }
    }

    /// Why what it learns does not leave for the grid that it has, as far as that is known by now.
    pub fn why_kept_here(&self) -> Option<String> {
        self.records.as_ref()?.why_unpublished()
    }

    /// What it is at now.
    pub fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }

    /// Counts a command that the build asked for at `begun` as being answered, until the guard goes.
    pub fn begin(self: &Arc<Self>, kind: Kind, begun: Instant) -> Active {
        self.active.fetch_add(1, Ordering::SeqCst);
        Active { session: Arc::clone(self), kind, begun, ended: OnceLock::new() }
    }

    /// Counts a compile as having ended and being learnt from, until the guard goes.
    pub fn begin_learning(self: &Arc<Self>) -> Learning {
        self.learning.fetch_add(1, Ordering::SeqCst);
        Learning(Arc::clone(self))
    }

    /// Whether a compile that has ended is being learnt from.
    pub fn is_learning(&self) -> bool {
        self.learning.load(Ordering::SeqCst) > 0
    }

    /// Whether no compile has come or gone for this long.
    pub fn idle_for(&self, time: Duration) -> bool {
        self.active.load(Ordering::SeqCst) == 0 && self.inner().last.is_none_or(|last| last.elapsed() > time)
    }

    /// The record's name of a command that `is` tells by its record. What it makes may be made more than once in a build, by
    /// different commands: the first has the name `id`, the others have names of their own.
    pub fn name(
        &self,
        id: RecordId,
        is: impl Fn(&Record) -> bool,
        further: impl FnOnce() -> RecordId,
    ) -> RecordId {
        let candidate = self.inner().candidates.get(&id).cloned();
        if candidate.is_some_and(|candidate| candidate.record(&is)) {
            return id;
        }
        let further = further();
        let mut inner = self.inner();
        // The first may not be recorded yet.
        if inner.first.get(&id) == Some(&further) {
            return id;
        }
        if inner.seen.contains_key(&id) || inner.candidates.contains_key(&further) {
            return further;
        }
        inner.first.insert(id, further);
        id
    }

    /// A command's position in the build's order: that of its first time.
    pub fn see(&self, id: RecordId) -> u32 {
        let mut inner = self.inner();
        let next = inner.seen.len() as u32;
        *inner.seen.entry(id).or_insert(next)
    }

    /// Whether a compile is being answered or learnt from.
    pub fn is_active(&self) -> bool {
        self.active.load(Ordering::SeqCst) > 0
    }

    /// Whether it has been closed.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    /// Whether all records have been looked at for launching.
    pub fn is_looked(&self) -> bool {
        self.looked.load(Ordering::SeqCst)
    }

    /// Says that all records have been looked at.
    pub fn set_looked(&self) {
        self.looked.store(true, Ordering::SeqCst);
    }

    /// Marks it as closed.
    pub fn set_closed(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.context.bell.ring();
    }

    /// Waits, once it is closed, until all that it leaves on its grid is there; not for long.
    pub fn finish_publishing(&self) {
        if let Some(grid) = &self.context.grid {
            grid.finish_uploads(PUBLISHING);
        }
        self.changes.wait_until_done(PUBLISHING);
    }

    /// Waits until all that can be launched on the files of now has been, no longer than `patience`; whether it is so. What is
    /// written afterwards is told from what was there when the session opened.
    pub fn wait(&self, patience: Duration) -> bool {
        let_tick_pass(self.opened_ns);
        self.waits.wait(|| self.context.bell.ring(), patience)
    }

    /// Names the session for compiles, for as long as this companion lives: a later one may use its number again.
    pub fn ticket(&self) -> String {
        format!("{}:{}", std::process::id(), self.id)
    }

    /// A dependency set as the store keeps it: paths below the root are relative to it.
    pub fn inputs(&self, engine: &Engine, reads: &Reads) -> Vec<String> {
        reads.set.iter().map(|&path| templated(&engine.name(path), &self.context.site.root)).collect()
    }

    /// What it has added by now to what is remembered of its element; `complete` if it counts against what it did not ask for.
    pub fn build(&self, engine: &Engine, complete: bool) -> Build {
        let (candidates, seen) = {
            let inner = self.inner();
            let candidates: Vec<_> = inner.candidates.values().cloned().collect();
            (candidates, inner.seen.keys().copied().collect::<HashSet<_>>())
        };
        let displaced = self.displaced();
        let in_place = candidates.iter().filter(|candidate| !displaced.contains(&candidate.id()));
        let rescanned = in_place.filter_map(|candidate| {
            let (record, reads) = candidate.rescanned()?;
            Some((Record { shape: reads.shape.0, ..record }, self.inputs(engine, &reads)))
        });
        Build {
            rescanned: rescanned.collect(),
            uses: candidates.iter().filter_map(|candidate| candidate.used(&seen, complete)).collect(),
            made: self.made(engine),
            seen,
            complete,
        }
    }

    /// Whether the build has asked for so much of its element by now that what it did not ask for counts.
    pub fn is_complete(&self) -> bool {
        let inner = self.inner();
        let in_place = |candidate: &&Arc<Candidate>| !candidate.record(|record| record.superseded);
        let commands = inner.candidates.values().filter(in_place).count();
        !inner.seen.is_empty() && inner.seen.len() as f64 >= COMPLETE_SHARE * commands as f64
    }

    /// When it was opened, by the clock that stamps files, nanoseconds since the epoch.
    pub fn opened_ns(&self) -> i64 {
        self.opened_ns
    }

    /// The row that the store keeps.
    pub fn row(&self, complete: bool) -> SessionRow {
        SessionRow {
            id: self.id,
            element: self.whereabouts.key.to_string(),
            root: self.context.site.root.clone(),
            opened: self.opened.1,
            lasted_s: self.opened.0.elapsed().as_secs_f64(),
            complete,
            accounts: self.accounts(),
            kept_here: None,
        }
    }
}

/// A command that is being answered.
pub struct Active {
    session: Arc<Session>,
    kind: Kind,
    begun: Instant,
    ended: OnceLock<Instant>,
}

impl Active {
    /// Says that the build has what it asked for; what is learnt from it may take longer.
    pub(crate) fn end(&self) {
        self.ended.get_or_init(Instant::now);
    }

    /// What its session's timeline shows.
    pub(crate) fn asked(&self) -> Asked {
        Asked { ended: self.ended.get().copied(), ..Asked::since(self.kind, self.begun) }
    }
}

impl Drop for Active {
    fn drop(&mut self) {
        self.session.inner().last = Some(Instant::now());
        self.session.active.fetch_sub(1, Ordering::SeqCst);
    }
}

/// A compile that is being learnt from.
pub struct Learning(Arc<Session>);

impl Drop for Learning {
    fn drop(&mut self) {
        self.0.learning.fetch_sub(1, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_command_has_one_name_from_its_first_time_on() {
        let key = crate::store::ElementKey::new("tests", "small");
        let whereabouts = Whereabouts { key, root: "/r".into() };
        let context = Arc::new(SessionContext::new("/r".to_owned(), Vec::new()));
        let session = Session::new(1, whereabouts, context, Mode::Spec, Opening::Person, HashMap::new());
        let made = RecordId::of("/r", "main.o");
        let name = |command: &str| {
            let id = session.name(made, |_| false, || made.further([command.to_owned()]));
            session.see(id);
            id
        };
        assert_eq!(name("-O1"), made);
        let other = name("-O2");
        assert_ne!(other, made, "it makes the same file in another way");
        assert_eq!((name("-O1"), name("-O2")), (made, other), "nothing of them is recorded yet");
    }
}
