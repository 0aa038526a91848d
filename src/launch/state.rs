//! The states of a launch, and what leads from one to another. docs/design.md draws them ("A launch's states").
//!
//! Nothing here locks or waits: a [`Candidate`](super::candidate::Candidate) does that around it.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::life::{Decision, Fate, Launch, Ran, Runner, Tally};
use super::miss::{Miss, MissReason};
use crate::compile::cache_key::CacheKey;
use crate::compile::predict::Predicted;
use crate::compile::reads::Reads;
use crate::store::{Given, Record, RecordId};

/// The number of a command's launch. It rises when a launch is given up or overtaken: who still acts for the one before
/// then has no say.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Hash)]
pub struct Round(u32);

/// What is said of a launch that has become pointless.
const CANCELLED: &str = "cancelled";

/// Who ran a launch that has been ended, if somebody did.
#[must_use = "who runs it goes on else"]
pub(super) struct Ended(Option<Runner>);

impl Ended {
    pub(super) fn stop(self) {
        if let Some(runner) = self.0 {
            runner.stop();
        }
    }
}

/// What changes about a recorded command while its session lasts.
#[derive(Debug)]
pub(super) struct State {
    record: Record,
    reads: Reads,
    /// The files of its build that a traced command read last time, on today's paths.
    given: Arc<[Given]>,
    /// Whether `reads`, or the record, is newer than what the store has.
    rescanned: bool,
    /// Whether it is a guess at how a recorded command has changed, which no build has asked for yet.
    guessed: bool,
    launch: Launch,
    round: Round,
    /// Whether its session has ended: nothing is begun any more.
    closed: bool,
    tally: Tally,
    /// When the last launch that was issued ran.
    ran: Option<Ran>,
    /// How often the build has asked for it.
    asked: u32,
    /// Its position in this build.
    order: Option<u32>,
    /// What its launch takes to be in files that are not there yet.
    predicted: Arc<[Predicted]>,
    /// The key of its launch in flight, once that is known.
    issued: Option<CacheKey>,
    /// Whether the grid would not run it.
    needs_core: bool,
    /// How long the longest chain of commands takes that begins with it, microseconds.
    chain_us: u64,
}

/// What it is at.
impl State {
    pub(super) fn new(record: Record, reads: Reads, given: Vec<Given>) -> Self {
        let superseded = record.superseded.then(|| Launch::Not(MissReason::Superseded.into()));
        Self {
            chain_us: record.wall_us,
            record,
            reads,
            given: given.into(),
            rescanned: false,
            guessed: false,
            launch: superseded.unwrap_or(Launch::Unseen),
            round: Round::default(),
            closed: false,
            tally: Tally::default(),
            ran: None,
            asked: 0,
            order: None,
            predicted: Arc::default(),
            issued: None,
            needs_core: false,
        }
    }

    /// The record is a guess at how a recorded command has changed.
    pub(super) fn guessed(self) -> Self {
        Self { guessed: true, ..self }
    }

    /// The record of a command that the build itself has just run. `tally` is what the record before it had come to, and `ran`
    /// when that was launched.
    pub(super) fn of_build(self, tally: Tally, ran: Option<Ran>) -> Self {
        Self { tally, ran, launch: Launch::Not(MissReason::NewCommand.into()), ..self }
    }

    pub(super) fn record(&self) -> &Record {
        &self.record
    }

    pub(super) fn reads(&self) -> &Reads {
        &self.reads
    }

    pub(super) fn given(&self) -> &Arc<[Given]> {
        &self.given
    }

    pub(super) fn is_rescanned(&self) -> bool {
        self.rescanned && !self.is_guessed()
    }

    /// Whether nobody knows yet that there is such a command.
    pub(super) fn is_guessed(&self) -> bool {
        self.guessed && self.asked == 0
    }

    pub(super) fn launch(&self) -> &Launch {
        &self.launch
    }

    pub(super) fn round(&self) -> Round {
        self.round
    }

    pub(super) fn tally(&self) -> Tally {
        self.tally
    }

    pub(super) fn ran(&self) -> Option<Ran> {
        self.ran
    }

    pub(super) fn asked(&self) -> u32 {
        self.asked
    }

    pub(super) fn order(&self) -> Option<u32> {
        self.order
    }

    pub(super) fn predicted(&self) -> &Arc<[Predicted]> {
        &self.predicted
    }

    pub(super) fn needs_core(&self) -> bool {
        self.needs_core
    }

    pub(super) fn chain_us(&self) -> u64 {
        self.chain_us
    }

    /// The key of the launch of this round, once that is known.
    pub(super) fn issued(&self, round: Round) -> Option<CacheKey> {
        self.issued.filter(|_| self.round == round)
    }

    /// What has come of the launch of a session that is `closed` or not; `None` when it was not launched.
    pub(super) fn fate(&self, closed: bool) -> Option<Fate> {
        let over = closed || matches!(self.launch, Launch::Not(_) | Launch::Failed(_));
        let fate = match (self.tally.useful, self.tally.cancelled) {
            (true, _) => Fate::Useful,
            (false, true) => Fate::Cancelled,
            (false, false) if over => Fate::Wasted,
            (false, false) => Fate::Pending,
        };
        self.tally.launched.then_some(fate)
    }

    /// Whether nobody has issued the launch, and somebody may.
    pub(super) fn is_open(&self) -> bool {
        matches!(self.launch, Launch::Unseen | Launch::Pending(_))
    }

    pub(super) fn is_running(&self) -> bool {
        matches!(self.launch, Launch::Running(_))
    }

    pub(super) fn is_queued(&self) -> bool {
        matches!(self.launch, Launch::Queued)
    }

    fn is_running_in(&self, round: Round) -> bool {
        self.round == round && self.is_running()
    }
}

/// What leads from one state to another. Each says whether it has: what comes too late, or from another state, changes nothing.
impl State {
    /// A look at the command begins; what comes of it has a say in this round alone. `None` when there is nothing to decide.
    pub(super) fn look(&self) -> Option<Round> {
        (self.is_open() && !self.closed).then_some(self.round)
    }

    /// A look ends without a launch.
    pub(super) fn decide(&mut self, round: Round, decision: Decision) -> bool {
        let current = self.round == round && self.is_open();
        if current {
            if matches!(decision, Decision::Ready(..)) {
                self.tally.launched = true;
                self.ran = Some(Ran::found());
            }
            self.take(decision);
        }
        current
    }

    /// A look ends with a launch, which waits for its turn now. `key` is its key, if that is known.
    pub(super) fn issue(&mut self, round: Round, key: Option<CacheKey>) -> bool {
        let current = self.round == round && self.is_open() && !self.closed;
        if current {
            self.launch = Launch::Queued;
            self.ran = Some(Ran::issue());
            self.issued = key;
            self.needs_core = false;
            self.tally.launched = true;
            self.tally.cancelled = false;
            self.tally.left_out = None;
        }
        current
    }

    /// Somebody takes the queued launch over.
    pub(super) fn claim(&mut self, round: Round) -> bool {
        let queued = self.round == round && self.is_queued();
        if queued {
            self.launch = Launch::Running(None);
            self.when(|ran| ran.begun = Some(Instant::now()));
        }
        queued
    }

    /// Who has claimed the launch says who runs it.
    pub(super) fn run_by(&mut self, round: Round, runner: Runner) -> bool {
        let running = self.is_running_in(round) && !self.closed;
        if running {
            let on_grid = matches!(runner, Runner::Grid(_));
            self.when(|ran| ran.on_grid = on_grid);
            self.launch = Launch::Running(Some(runner));
        }
        running
    }

    /// Who has claimed the launch lets it wait again, for a core of this machine if it needs one.
    pub(super) fn requeue(&mut self, round: Round, needs_core: bool) -> bool {
        if self.closed {
            self.cancel(round);
        }
        let running = self.is_running_in(round);
        if running {
            self.needs_core |= needs_core;
            self.launch = Launch::Queued;
        }
        running
    }

    /// Who has claimed the launch says what has come of it.
    pub(super) fn end(&mut self, round: Round, decision: Decision) -> bool {
        let running = self.is_running_in(round);
        if running {
            self.tally.launched &= matches!(decision, Decision::Ready(..) | Decision::Failed(_));
            self.when(|ran| ran.ended = Some(Instant::now()));
            self.take(decision);
        }
        running
    }

    /// Who has claimed the launch says that it is pointless.
    pub(super) fn cancel(&mut self, round: Round) -> bool {
        self.tally.cancelled |= self.is_running_in(round);
        self.end(round, Decision::Failed(CANCELLED.into()))
    }

    /// The session has ended: who runs the launch is to stop, what waits is not run, and nothing is issued any more.
    pub(super) fn close(&mut self) -> Ended {
        self.closed = true;
        self.tally.cancelled |= self.is_running();
        match &self.launch {
            Launch::Running(runner) => Ended(runner.clone()),
            Launch::Queued => self.end_round(Launch::Failed(CANCELLED.into())),
            _ => Ended(None),
        }
    }

    /// The build was faster than the launch, which nobody has issued.
    pub(super) fn overtake(&mut self, why: Miss) -> bool {
        let open = self.is_open();
        if open {
            self.end_round(Launch::Not(why)).stop();
        }
        open
    }

    /// The launch of that round stands for something that is no more: it is to be looked at anew.
    pub(super) fn give_up(&mut self, round: Round) -> Option<Ended> {
        (self.round == round).then(|| {
            self.predicted = Arc::default();
            self.tally.mispredicted |= self.tally.launched;
            self.end_round(Launch::Unseen)
        })
    }

    /// The build asks for the command by this key: a launch in flight under another one is of no use to it.
    pub(super) fn invalidate(&mut self, key: &CacheKey) -> Option<Ended> {
        let other = self.is_running() && self.issued.is_some_and(|issued| issued.silent != key.silent);
        other.then(|| self.end_round(Launch::Not(MissReason::ChangedInput.into())))
    }

    /// It is never launched again.
    pub(super) fn quarantine(&mut self) -> Ended {
        if !self.tally.launched {
            self.tally.left_out = Some(MissReason::Quarantined);
        }
        self.end_round(Launch::Not(MissReason::Quarantined.into()))
    }

    /// Another command takes its place under its name; it has the name `id` from now on, and is not launched.
    pub(super) fn supersede(&mut self, id: RecordId) -> Ended {
        let first = self.record.first.unwrap_or(self.record.id);
        self.record.first = (first != id).then_some(first);
        (self.record.id, self.record.superseded, self.rescanned) = (id, true, true);
        match self.launch {
            // What is here may be asked for all the same.
            Launch::Ready(..) | Launch::Held(_) => Ended(None),
            _ => self.end_round(Launch::Not(MissReason::Superseded.into())),
        }
    }

    /// It has its place back, and the name `id`.
    pub(super) fn reinstate(&mut self, id: RecordId) {
        (self.record.id, self.record.superseded) = (id, false);
        self.record.first = self.record.first.filter(|first| *first != id);
        if matches!(&self.launch, Launch::Not(why) if why.why == MissReason::Superseded) {
            self.end_round(Launch::Unseen).stop();
        }
    }

    /// Ends the round: who acts for it has no say any more.
    fn end_round(&mut self, launch: Launch) -> Ended {
        self.issued = None;
        self.round.0 += 1;
        if self.is_queued() || self.is_running() {
            self.tally.cancelled = true;
            self.when(|ran| ran.ended = Some(Instant::now()));
        }
        match std::mem::replace(&mut self.launch, launch) {
            Launch::Running(runner) => Ended(runner),
            _ => Ended(None),
        }
    }

    fn when(&mut self, note: impl FnOnce(&mut Ran)) {
        if let Some(ran) = &mut self.ran {
            note(ran);
        }
    }

    fn take(&mut self, decision: Decision) {
        if let Decision::LeaveOut(why) = &decision {
            self.tally.left_out = Some(why.why);
            self.tally.launched = false;
        }
        self.launch = match decision {
            Decision::Ready(key, outcome) => Launch::Ready(key, outcome),
            Decision::Held(key) => Launch::Held(key),
            Decision::Wait(file) => Launch::Pending(file),
            Decision::Not(why) | Decision::LeaveOut(why) => Launch::Not(why),
            Decision::Failed(why) => Launch::Failed(why),
        };
    }
}

/// What is noted without a change of state.
impl State {
    /// The build has asked for the command, as the one at this position.
    pub(super) fn ask(&mut self, order: u32) {
        self.asked += 1;
        self.order = Some(order);
    }

    /// The build has asked for what was launched.
    pub(super) fn credit(&mut self) {
        (self.tally.launched, self.tally.useful) = (true, true);
    }

    pub(super) fn set_chain(&mut self, chain_us: u64) {
        self.chain_us = chain_us;
    }

    /// What the launch of that round assumes, as far as its command reads it.
    pub(super) fn predict(&mut self, round: Round, predicted: &[Predicted]) {
        if self.round == round {
            let set = &self.reads.set;
            self.predicted = predicted.iter().filter(|one| set.contains(&one.path)).copied().collect();
        }
    }

    /// The key of the launch in flight.
    pub(super) fn issued_as(&mut self, round: Round, key: CacheKey) {
        if self.is_running_in(round) {
            self.issued = Some(key);
        }
    }

    /// The launch in flight is executed.
    pub(super) fn executing(&mut self, round: Round) {
        self.tally.executed |= self.is_running_in(round);
    }

    /// The launch in flight does not go where it could have.
    pub(super) fn left_out(&mut self, round: Round, why: MissReason) {
        if self.is_running_in(round) {
            self.tally.left_out = Some(why);
        }
    }

    /// What the command reads now, as its launch of that round has found out; false when that was given up for another one.
    pub(super) fn learn(&mut self, round: Round, reads: Reads) -> bool {
        let current = self.round == round;
        if current {
            self.rescanned |= self.reads != reads;
            self.reads = reads;
        }
        current
    }

    /// The same, by a launch that was executed and took this long.
    pub(super) fn learn_run(&mut self, round: Round, reads: Reads, cpu: Duration, wall: Duration) -> bool {
        let current = self.learn(round, reads);
        if current {
            self.tally.cpu = cpu;
            self.record.cost_us = cpu.as_micros() as u64;
            self.record.wall_us = wall.as_micros() as u64;
        }
        current
    }
}
