//! A recorded command on the files of one session, and what became of its launch.

use std::collections::HashSet;
use std::sync::Arc;
use std::time::Duration;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::life::{Decision, Fate, Launch, Ran, Runner, Tally};
use super::miss::MissReason;
use super::state::{Ended, Round, State};
use super::suppression::wasted_in_row;
use crate::base::paths::PathId;
use crate::compile::cache_key::CacheKey;
use crate::compile::engine::Engine;
use crate::compile::predict::{Predicted, Predictions};
use crate::compile::reads::Reads;
use crate::inputs::snapshot::Snapshot;
use crate::store::{Given, Record, RecordId, Use};
use crate::traced::work::Work;

/// A record that is in play in a session. Its launch moves from state to state by the methods here alone, each under one lock.
#[derive(Debug)]
pub struct Candidate {
    /// The command.
    pub work: Work,
    state: Mutex<State>,
    changed: Condvar,
}

impl Candidate {
    /// A record that has not been launched yet.
    pub fn new(work: Work, record: Record, reads: Reads, given: Vec<Given>) -> Self {
        Self { work, state: Mutex::new(State::new(record, reads, given)), changed: Condvar::new() }
    }

    /// A record of a command that is guessed from how others have changed: it counts once a build asks for it.
    #[must_use]
    pub fn guessed(self) -> Self {
        Self { state: Mutex::new(self.state.into_inner().guessed()), ..self }
    }

    /// The same for a command that the build itself has just run. What the launches of its earlier form came to stays in the
    /// accounts.
    #[must_use]
    pub fn of_build(self, before: Option<&Self>) -> Self {
        let tally = before.map(Self::tally).unwrap_or_default();
        let ran = before.and_then(Self::ran);
        Self { state: Mutex::new(self.state.into_inner().of_build(tally, ran)), ..self }
    }

    fn read<T>(&self, read: impl FnOnce(&State) -> T) -> T {
        read(&self.state.lock())
    }

    /// Changes something, and wakes who waits for that.
    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let changed = change(&mut self.state.lock());
        self.changed.notify_all();
        changed
    }
}

/// What it is at now.
impl Candidate {
    /// The record's name.
    pub fn id(&self) -> RecordId {
        self.record(|record| record.id)
    }

    /// Looks at the command as the store keeps it.
    pub fn record<T>(&self, read: impl FnOnce(&Record) -> T) -> T {
        self.read(|state| read(state.record()))
    }

    /// What the command reads.
    pub fn reads(&self) -> Reads {
        self.read(|state| state.reads().clone())
    }

    /// The record and what the command reads, if the store has not seen that yet.
    pub fn rescanned(&self) -> Option<(Record, Reads)> {
        self.read(|state| state.is_rescanned().then(|| (state.record().clone(), state.reads().clone())))
    }

    /// The files of its build that a traced command read last time, on today's paths.
    pub fn given(&self) -> Arc<[Given]> {
        self.read(|state| Arc::clone(state.given()))
    }

    /// What became of issuing it ahead.
    pub fn launch(&self) -> Launch {
        self.read(|state| state.launch().clone())
    }

    /// What its launches have come to, and that of a session that is `closed` or not; no fate when it was not launched.
    pub fn account(&self, closed: bool) -> (Tally, Option<Fate>) {
        self.read(|state| (state.tally(), state.fate(closed)))
    }

    /// What its launches have come to.
    pub fn tally(&self) -> Tally {
        self.read(State::tally)
    }

    /// When its last launch ran, if it was launched.
    pub fn ran(&self) -> Option<Ran> {
        self.read(|state| state.ran().filter(|_| state.tally().launched))
    }

    /// What its launch takes to be in files that are not there yet.
    pub fn predicted(&self) -> Arc<[Predicted]> {
        self.read(|state| Arc::clone(state.predicted()))
    }

    /// How long the longest chain of commands takes that begins with it, microseconds.
    pub(super) fn chain_us(&self) -> u64 {
        self.read(State::chain_us)
    }

    pub(super) fn round(&self) -> Round {
        self.read(State::round)
    }

    /// The key of the launch of that round, once that is known.
    pub(super) fn issued(&self, round: Round) -> Option<CacheKey> {
        self.read(|state| state.issued(round))
    }

    /// Whether the grid would not run it.
    pub(super) fn needs_core(&self) -> bool {
        self.read(State::needs_core)
    }

    /// Who runs the launch.
    pub(super) fn runner(&self) -> Option<Runner> {
        self.read(|state| match state.launch() {
            Launch::Running(runner) => runner.clone(),
            _ => None,
        })
    }

    /// Whether the build has asked for it.
    pub fn is_asked(&self) -> bool {
        self.read(|state| state.asked() > 0)
    }

    /// Whether it is only a guess at how a recorded command has changed.
    pub fn is_guessed(&self) -> bool {
        self.read(State::is_guessed)
    }

    /// Whether the launch was issued and has not ended.
    pub fn is_in_flight(&self) -> bool {
        self.read(|state| state.is_queued() || state.is_running())
    }

    /// Whether it is still open what becomes of the launch.
    pub fn is_under_way(&self) -> bool {
        self.read(|state| state.is_open() || state.is_queued() || state.is_running())
    }

    /// Whether nothing will become of the launch unless a file changes, or the build has asked for it.
    pub(super) fn is_at_rest(&self) -> bool {
        self.read(|state| {
            let moves = matches!(state.launch(), Launch::Unseen | Launch::Queued | Launch::Running(_));
            state.asked() > 0 || !moves
        })
    }

    /// Whether the launch waits for somebody to claim it.
    pub fn is_queued(&self) -> bool {
        self.read(State::is_queued)
    }

    /// Whether it is certain that the command is not launched, as far as is known.
    pub fn is_declined(&self) -> bool {
        self.read(|state| matches!(state.launch(), Launch::Not(_)))
    }

    /// The file that the launch waits for.
    pub fn waits_for(&self) -> Option<PathId> {
        self.read(|state| match state.launch() {
            Launch::Pending(path) => Some(*path),
            _ => None,
        })
    }

    /// Whether the command reads one of these files.
    pub fn reads_any(&self, files: &[PathId]) -> bool {
        let set = self.reads().set;
        !files.is_empty() && set.iter().any(|path| files.contains(path))
    }

    /// What this session adds to the record, a build that asked for the commands in `seen`, `complete` or not; `None` when
    /// nothing happened to it.
    pub fn used(&self, seen: &HashSet<RecordId>, complete: bool) -> Option<(RecordId, Use)> {
        self.read(|state| {
            let (record, tally) = (state.record(), state.tally());
            let asked = seen.contains(&record.id);
            let launched = u32::from(tally.launched);
            let useful = u32::from(tally.useful);
            let row =
                wasted_in_row(record.wasted_in_row, tally.launched.then_some(tally.useful), asked, complete);
            let used = Use {
                asked: state.asked(),
                launched,
                useful,
                wasted: launched.saturating_sub(useful),
                mispredicted: tally.mispredicted.into(),
                wasted_in_row: Some(row),
                order: state.order(),
                cost_us: Some(record.cost_us),
                wall_us: Some(record.wall_us),
            };
            (launched > 0 && !state.is_guessed() || asked).then_some((record.id, used))
        })
    }

    /// Waits while the launch is running; `alive` is asked once a second whether to go on waiting.
    pub fn wait(&self, alive: &mut dyn FnMut() -> bool) -> bool {
        let mut state = self.state.lock();
        while state.is_running() {
            let waited = self.changed.wait_for(&mut state, Duration::from_secs(1));
            if waited.timed_out() && !MutexGuard::unlocked(&mut state, &mut *alive) {
                return false;
            }
        }
        true
    }
}

/// What becomes of its launch: see [`State`].
impl Candidate {
    /// Begins a look at a command that nobody has issued. The round is the look's: it has no say in a later one.
    pub fn look(&self) -> Option<Round> {
        self.read(State::look)
    }

    /// Ends a look without a launch.
    pub fn decide(&self, round: Round, decision: Decision) -> bool {
        self.change(|state| state.decide(round, decision))
    }

    /// Ends a look with a launch, which waits for somebody to claim it; its key, if that is known.
    pub fn issue(&self, round: Round, key: Option<CacheKey>) -> bool {
        self.change(|state| state.issue(round, key))
    }

    /// Takes the queued launch of this number over for running; false when it is not queued (any more).
    pub fn claim(&self, round: Round) -> bool {
        self.change(|state| state.claim(round))
    }

    /// Takes the launch over for running, if there is one that is queued.
    pub fn claim_now(&self) -> Option<Round> {
        self.change(|state| {
            let round = state.round();
            state.claim(round).then_some(round)
        })
    }

    /// Says who runs a claimed launch; false when it was given up or its session has ended, and is to be stopped.
    pub fn run_by(&self, round: Round, runner: Runner) -> bool {
        self.change(|state| state.run_by(round, runner))
    }

    /// Has a claimed launch wait again, for a core of this machine alone or not; false when it was given up or its session has ended.
    pub fn requeue(&self, round: Round, needs_core: bool) -> bool {
        self.change(|state| state.requeue(round, needs_core))
    }

    /// Ends a claimed launch.
    pub fn end(&self, round: Round, decision: Decision) -> bool {
        self.change(|state| state.end(round, decision))
    }

    /// Ends a claimed launch that has become pointless.
    pub fn cancel(&self, round: Round) -> bool {
        self.change(|state| state.cancel(round))
    }

    /// Ends the launch, or has none be issued any more: the session has ended.
    pub(super) fn close(&self) {
        self.change(State::close).stop();
    }

    /// Takes the launch off the list of those to look at or to wait for: the build has been faster, maybe because a guess has
    /// just been `mispredicted`. False when it was on neither.
    pub fn mark_overtaken(&self, engine: &Engine, mispredicted: Option<PathId>) -> bool {
        self.change(|state| {
            let why = match (state.launch(), mispredicted) {
                (Launch::Pending(path), _) => MissReason::LateInput.of(engine.name(*path)),
                (_, Some(path)) => MissReason::Mispredicted.of(engine.name(path)),
                (_, None) if state.tally().mispredicted => MissReason::Mispredicted.into(),
                (_, None) => MissReason::NotLookedAt.into(),
            };
            state.overtake(why)
        })
    }

    /// Compares what its launch assumes with what the build has made meanwhile. Gives the launch up if a file differs, and
    /// says which.
    pub fn check_prediction(&self, predictions: &Predictions, snapshot: &mut Snapshot<'_>) -> Option<PathId> {
        let (round, predicted) = self.read(|state| (state.round(), Arc::clone(state.predicted())));
        let path = predictions.wrong(&predicted, snapshot)?;
        self.give_up(round);
        Some(path)
    }

    /// Ends a launch in flight that stands for another command or other files than this key; false when there is none.
    pub fn invalidate(&self, key: &CacheKey) -> bool {
        self.change(|state| state.invalidate(key)).map(Ended::stop).is_some()
    }

    /// Gives the launch of that round up, so that it is looked at anew; false when it was by now.
    pub fn give_up(&self, round: Round) -> bool {
        self.change(|state| state.give_up(round)).map(Ended::stop).is_some()
    }

    /// Has another command take its place under its name; it has the name `id` from now on, and is not launched.
    pub fn supersede(&self, id: RecordId) {
        self.change(|state| state.supersede(id)).stop();
    }

    /// Has it take its place again, and the name `id`.
    pub fn reinstate(&self, id: RecordId) {
        self.change(|state| state.reinstate(id));
    }

    /// Has it never be launched: what came of it was not what its compiler gives.
    pub fn quarantine(&self) {
        self.change(State::quarantine).stop();
    }
}

/// What is noted of it.
impl Candidate {
    /// Takes note that the build asks for it, as the command at this position.
    pub fn ask(&self, order: u32) {
        self.change(|state| state.ask(order));
    }

    /// Takes note that the build has asked for what was launched.
    pub fn credit(&self) {
        self.change(State::credit);
    }

    pub(super) fn set_chain(&self, chain_us: u64) {
        self.change(|state| state.set_chain(chain_us));
    }

    /// Keeps what its launch of that round assumes, as far as its command reads it.
    pub(super) fn predict(&self, round: Round, predicted: &[Predicted]) {
        self.change(|state| state.predict(round, predicted));
    }

    /// Keeps the key of its launch in flight.
    pub(super) fn issued_as(&self, round: Round, key: CacheKey) {
        self.change(|state| state.issued_as(round, key));
    }

    /// Takes note that its launch in flight has to be executed.
    pub(super) fn executing(&self, round: Round) {
        self.change(|state| state.executing(round));
    }

    /// Takes note of why its launch in flight does not go where it could have.
    pub(super) fn left_out(&self, round: Round, why: MissReason) {
        self.change(|state| state.left_out(round, why));
    }

    /// Keeps what its launch has found the command to read; false when it was given up for another one.
    pub(super) fn learn(&self, round: Round, reads: Reads) -> bool {
        self.change(|state| state.learn(round, reads))
    }

    /// The same, by a launch that was executed and took this long.
    pub(super) fn learn_run(&self, round: Round, reads: Reads, cpu: Duration, wall: Duration) -> bool {
        self.change(|state| state.learn_run(round, reads, cpu, wall))
    }
}

#[cfg(test)]
pub(super) mod tests;
