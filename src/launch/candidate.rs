//! A recorded command on the files of one session, and what became of its launch.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};
use serde::{Deserialize, Serialize};

use super::miss::{Miss, Unserved};
use super::priority;
use super::work::Work;
use crate::base::digest::Digest;
use crate::base::paths::PathId;
use crate::cache::outcome::Outcome;
use crate::compile::engine::Engine;
use crate::compile::predict::{Assumed, refuted};
use crate::compile::reads::Reads;
use crate::compile::result_key::ResultKey;
use crate::inputs::snapshot::Snapshot;
use crate::reapi::Cancel;
use crate::sandbox::executor::kill;
use crate::store::{Given, Record, RecordId, Use};

/// A record that is in play in a session.
#[derive(Debug)]
pub struct Known {
    /// The command.
    pub work: Work,
    state: Mutex<State>,
    changed: Condvar,
}

/// What changes about it while the session lasts.
#[derive(Debug)]
pub struct State {
    /// As the store keeps it.
    pub record: Record,
    /// What the command reads.
    pub reads: Reads,
    /// The files of its build that a traced command read last time, on today's paths.
    pub given: Arc<[Given]>,
    /// Whether `reads` is newer than the record.
    pub rescanned: bool,
    /// What became of issuing it ahead.
    pub launch: Launch,
    /// Why it was not launched although it could have been.
    pub left_out: Option<Unserved>,
    /// How often the build has asked for it.
    pub asked: u32,
    /// Its position in this build.
    pub order: Option<u32>,
    /// Whether it counts as a launch.
    pub launched: bool,
    /// Whether the launch had to be executed.
    pub executed: bool,
    /// Whether the build has asked for the launched action.
    pub useful: bool,
    /// Whether the launch was ended, or never begun, because it had become pointless.
    pub cancelled: bool,
    /// What its launch takes to be in files that are not there yet.
    pub assumed: Arc<[Assumed]>,
    /// How many launches of it were given up for others.
    pub(super) round: u32,
    /// Whether it was launched on a content that the build then made otherwise.
    pub mispredicted: bool,
    /// The key of its launch in flight, once that is known.
    pub issued: Option<ResultKey>,
    /// Whether the grid would not run it.
    pub needs_core: bool,
    /// CPU time the launch took.
    pub cpu: Duration,
    /// How long the longest chain of commands takes that begins with it, microseconds.
    pub chain_us: u64,
}

/// The life of a launch.
#[derive(Debug, Clone)]
pub enum Launch {
    /// Not looked at yet.
    Unseen,
    /// Not issued, and why.
    Not(Miss),
    /// This input, or the working directory, is not there yet.
    Pending(PathId),
    /// The build has the output already and will hardly ask; its result is at hand should it do so.
    Held(Digest),
    /// Issued; waits for a core.
    Queued,
    /// Being looked up, scanned or executed, by this runner once there is one.
    Running(Option<Runner>),
    /// Its outputs are here.
    Ready(Digest, Outcome),
    /// It came to nothing, and why.
    Failed(String),
}

/// What has come of a launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The build has asked for its action.
    Useful,
    /// It came to nothing, or the build has ended without it.
    Wasted,
    /// It was ended, or never begun, because it had become pointless.
    Cancelled,
    /// The build may yet ask for it.
    Pending,
}

/// Who runs a launch.
#[derive(Debug, Clone)]
pub enum Runner {
    /// A process group of this machine.
    Group(i32),
    /// A grid, which stops when told so.
    Grid(Cancel),
}

impl Runner {
    /// Ends the run.
    pub fn stop(&self) {
        match self {
            Self::Group(group) => kill(*group),
            Self::Grid(cancel) => cancel.fire(),
        }
    }
}

impl State {
    /// What has come of the launch of a session that is `closed` or not; `None` when it was not launched.
    pub fn fate(&self, closed: bool) -> Option<Fate> {
        let over = closed || matches!(self.launch, Launch::Not(_) | Launch::Failed(_));
        let fate = match (self.useful, self.cancelled) {
            (true, _) => Fate::Useful,
            (false, true) => Fate::Cancelled,
            (false, false) if over => Fate::Wasted,
            (false, false) => Fate::Pending,
        };
        self.launched.then_some(fate)
    }
}

impl Known {
    /// A record that has not been launched yet.
    pub fn new(work: Work, record: Record, reads: Reads, given: Vec<Given>) -> Self {
        let state = State {
            chain_us: record.wall_us,
            record,
            reads,
            given: given.into(),
            rescanned: false,
            launch: Launch::Unseen,
            left_out: None,
            asked: 0,
            order: None,
            launched: false,
            executed: false,
            useful: false,
            cancelled: false,
            assumed: Arc::default(),
            round: 0,
            mispredicted: false,
            issued: None,
            needs_core: false,
            cpu: Duration::ZERO,
        };
        Self { work, state: Mutex::new(state), changed: Condvar::new() }
    }

    /// Takes over what a launch of the same record's earlier form cost, so that the accounts keep it.
    pub fn inherit(&self, before: &Self) {
        let before = before.state();
        let mut state = self.state();
        state.launched = before.launched;
        state.executed = before.executed;
        state.useful = before.useful;
        state.cancelled = before.cancelled;
        state.mispredicted = before.mispredicted;
        state.cpu = before.cpu;
        state.left_out = before.left_out;
    }

    /// The record's name.
    pub fn id(&self) -> RecordId {
        self.state().record.id
    }

    /// Takes note that the build has asked for the launched action.
    pub fn credit(&self) {
        let mut state = self.state();
        (state.launched, state.useful) = (true, true);
    }

    /// Has it never be launched: what came of it was not what its compiler gives.
    pub fn quarantine(&self) {
        let mut state = self.state();
        if !state.launched {
            state.left_out = Some(Unserved::Quarantined);
        }
        self.end(state, Launch::Not(Unserved::Quarantined.into()));
    }

    /// Says that it is not launched although it could be, and why; gives the launch's state.
    pub(super) fn leave_out(&self, why: Miss) -> Launch {
        let mut state = self.state();
        state.left_out = Some(why.why);
        state.launched = false;
        Launch::Not(why)
    }

    /// What this session adds to the record, a build that asked for the commands in `seen`, `complete` or not; `None` when
    /// nothing happened to it.
    pub fn used(&self, seen: &HashSet<RecordId>, complete: bool) -> Option<(RecordId, Use)> {
        let state = self.state();
        let asked = seen.contains(&state.record.id);
        let launched = u32::from(state.launched);
        let useful = u32::from(state.useful);
        let used = Use {
            asked: state.asked,
            launched,
            useful,
            wasted: launched.saturating_sub(useful),
            mispredicted: state.mispredicted.into(),
            wasted_in_row: Some(priority::wasted_in_row(
                state.record.wasted_in_row,
                state.launched.then_some(state.useful),
                asked,
                complete,
            )),
            order: state.order,
            cost_us: Some(state.record.cost_us),
            wall_us: Some(state.record.wall_us),
        };
        (launched > 0 || asked).then_some((state.record.id, used))
    }

    /// What it is at now.
    pub fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock()
    }

    /// Moves the launch on, and wakes who waits for it.
    pub fn set(&self, launch: Launch) {
        self.state().launch = launch;
        self.changed.notify_all();
    }

    /// Says of the launch of that number, if it is still the one, that it is pointless.
    pub(super) fn cancel(&self, round: u32) {
        let mut state = self.state();
        state.cancelled |= state.round == round;
        drop(state);
        self.set_in(round, Launch::Failed("cancelled".into()));
    }

    /// Moves a launch on if it is still the one of that number.
    pub(super) fn set_in(&self, round: u32, launch: Launch) -> bool {
        let mut state = self.state();
        let current = state.round == round;
        if current {
            state.launch = launch;
        }
        drop(state);
        self.changed.notify_all();
        current
    }

    /// Takes the launch off the list of those to look at or to wait for: the build has been faster, maybe because a guess has
    /// just been `refuted`. False when it was on neither.
    pub fn forestall(&self, engine: &Engine, refuted: Option<PathId>) -> bool {
        let mut state = self.state();
        let why = match (&state.launch, refuted) {
            (Launch::Unseen, Some(path)) => Unserved::Mispredicted.of(engine.name(path)),
            (Launch::Unseen, None) if state.mispredicted => Unserved::Mispredicted.into(),
            (Launch::Unseen, None) => Unserved::NotLookedAt.into(),
            (Launch::Pending(path), _) => Unserved::LateInput.of(engine.name(*path)),
            _ => return false,
        };
        state.launch = Launch::Not(why);
        true
    }

    /// Keeps what its launch assumes, as far as its command reads it.
    pub(super) fn assume(&self, assumed: &[Assumed]) {
        let mut state = self.state();
        let reads = state.reads.set.clone();
        state.assumed = assumed.iter().filter(|one| reads.contains(&one.path)).copied().collect();
    }

    /// Compares what its launch assumes with what the build has made meanwhile. Gives the launch up if a file differs, and
    /// says which.
    pub fn refute(&self, snapshot: &mut Snapshot<'_>) -> Option<PathId> {
        let assumed = Arc::clone(&self.state().assumed);
        let path = refuted(&assumed, snapshot)?;
        self.give_up();
        Some(path)
    }

    /// Ends a launch in flight that stands for another command or other files than this key.
    pub fn outdate(&self, key: &ResultKey) {
        let state = self.state();
        let outdated = matches!(state.launch, Launch::Running(_))
            && state.issued.is_some_and(|issued| issued.silent != key.silent);
        if outdated {
            self.end(state, Launch::Not(Unserved::ChangedInput.into()));
        }
    }

    pub(super) fn give_up(&self) {
        let mut state = self.state();
        state.assumed = Arc::default();
        state.mispredicted |= state.launched;
        self.end(state, Launch::Unseen);
    }

    /// Ends the launch, whose runner has no say any more.
    fn end(&self, mut state: MutexGuard<'_, State>, launch: Launch) {
        state.issued = None;
        state.round += 1;
        state.cancelled |= matches!(state.launch, Launch::Queued | Launch::Running(_));
        let before = std::mem::replace(&mut state.launch, launch);
        drop(state);
        self.changed.notify_all();
        if let Launch::Running(Some(runner)) = before {
            runner.stop();
        }
    }

    /// Takes the queued launch of this number over for running; false when it is not queued (any more).
    pub(super) fn claim(&self, round: u32) -> bool {
        let mut state = self.state();
        let queued = state.round == round && matches!(state.launch, Launch::Queued);
        if queued {
            state.launch = Launch::Running(None);
        }
        queued
    }

    /// Whether it is still open what becomes of the launch.
    pub(super) fn is_under_way(&self) -> bool {
        let launch = &self.state().launch;
        matches!(launch, Launch::Unseen | Launch::Pending(_) | Launch::Queued | Launch::Running(_))
    }

    /// Whether nothing will become of the launch unless a file changes, or the build has asked for it.
    pub(super) fn is_at_rest(&self) -> bool {
        let state = self.state();
        state.asked > 0 || !matches!(state.launch, Launch::Unseen | Launch::Queued | Launch::Running(_))
    }

    /// The file that the launch waits for.
    pub fn waits_for(&self) -> Option<PathId> {
        match self.state().launch {
            Launch::Pending(path) => Some(path),
            _ => None,
        }
    }

    /// Whether the command reads one of these files.
    pub fn reads_any(&self, files: &[PathId]) -> bool {
        let set = Arc::clone(&self.state().reads.set);
        !files.is_empty() && set.iter().any(|path| files.contains(path))
    }

    /// Whether the launch waits for somebody to claim it.
    pub fn is_queued(&self) -> bool {
        matches!(self.state().launch, Launch::Queued)
    }

    /// Waits while the launch is running; `alive` is asked once a second whether to go on waiting.
    pub fn wait(&self, alive: &mut dyn FnMut() -> bool) -> bool {
        let mut state = self.state();
        while matches!(state.launch, Launch::Running(_)) {
            let waited = self.changed.wait_for(&mut state, Duration::from_secs(1));
            if waited.timed_out() && !MutexGuard::unlocked(&mut state, &mut *alive) {
                return false;
            }
        }
        true
    }
}
