//! The launcher: looks at recorded commands when a session opens, and issues those that can be.

use std::collections::HashMap;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;

use super::candidate::Candidate;
use super::context::SessionContext;
use super::execute::{Where, execute};
use super::life::{Decision, Runner};
use super::look::{Looked, NO_TRACE, can_trace, look_at};
use super::lookups::Lookups;
use super::miss::MissReason;
use super::priority::rank;
use super::queue::{Queue, Task};
use super::recheck::Recheck;
use super::remote::Remote;
use super::state::Round;
use crate::base::paths::PathId;
use crate::base::threads;
use crate::compile::cache_key::CacheKey;
use crate::compile::engine::Engine;
use crate::grid::Grid;
use crate::inputs::snapshot::Snapshot;
use crate::sandbox::executor::hurry;

/// How long a build that has waited for a launch waits on for those to be issued that go on with its result.
const FOLLOWERS: Duration = Duration::from_millis(20);

/// Issues launches of all sessions.
#[derive(Clone)]
pub struct Launcher {
    /// What the sessions share.
    pub engine: Arc<Engine>,
    /// What waits for a core of this machine.
    queue: Arc<Queue>,
    width: usize,
    /// Whether the threads that work on it have been started: with the first task.
    started: Arc<OnceLock<()>>,
    /// Launches on grids, by the grid's address in memory, which stays the grid's as long as its entry is here.
    grids: Arc<Mutex<HashMap<usize, Arc<Remote>>>>,
    /// Traced launches on their way to a core by way of a grid.
    lookups: Lookups,
    /// Commands to be considered again.
    again: Arc<OnceLock<Sender<Recheck>>>,
}

impl Launcher {
    /// A launcher that runs at most `width` launches at once on this machine beside an idle build.
    pub fn new(engine: Arc<Engine>, width: usize) -> Self {
        Self {
            engine,
            queue: Arc::new(Queue::new(width)),
            width,
            started: Arc::default(),
            grids: Arc::default(),
            lookups: Lookups::default(),
            again: Arc::default(),
        }
    }

    /// Looks at a command and issues it, if that can be done and will do good.
    pub fn consider(
        &self,
        candidate: &Arc<Candidate>,
        context: &Arc<SessionContext>,
        snapshot: &mut Snapshot<'_>,
    ) {
        if let Some(round) = candidate.look() {
            let looked = look_at(&self.engine, candidate, round, context, snapshot);
            self.follow(candidate, round, context, looked);
        }
        context.producers.ended(candidate);
    }

    /// Does what a look has come to, unless the build was faster.
    fn follow(
        &self,
        candidate: &Arc<Candidate>,
        round: Round,
        context: &Arc<SessionContext>,
        looked: Looked,
    ) {
        match looked {
            Looked::Issue(key) => self.issue(candidate, round, context, key),
            Looked::Decided(Decision::Wait(file)) => {
                if candidate.decide(round, Decision::Wait(file)) && candidate.work.compile().is_none() {
                    self.await_producer(candidate, file, context);
                }
            }
            Looked::Decided(decision) => drop(candidate.decide(round, decision)),
        }
    }

    /// Has a command that waits for a file looked at again once it is certain what another one makes of that.
    fn await_producer(&self, candidate: &Arc<Candidate>, file: PathId, context: &Arc<SessionContext>) {
        let order = candidate.record(|record| record.order);
        let producer =
            context.producer(&self.engine, &self.engine.name(file), order).map(|(_, producer)| producer);
        if let Some(producer) = producer.filter(|producer| producer.is_under_way()) {
            let (launcher, candidate, to) = (self.clone(), Arc::clone(candidate), Arc::clone(context));
            context.producers.wait(&producer, move || launcher.look_again(&candidate, &to));
        }
    }

    /// Has a thread of its own consider a command again: whoever says that a launch has ended has other things to do.
    fn look_again(&self, candidate: &Arc<Candidate>, context: &Arc<SessionContext>) {
        let again = Recheck::new(candidate, context);
        let sender = self.again.get_or_init(|| {
            let (sender, receiver) = channel::<Recheck>();
            let launcher = self.clone();
            threads::start(move || {
                for again in receiver {
                    let mut snapshot = Snapshot::new(&launcher.engine.files);
                    launcher.consider(&again.candidate, &again.context, &mut snapshot);
                }
            });
            sender
        });
        // The thread lives as long as the companion.
        let _ = sender.send(again);
    }

    /// Issues a launch that a look has come to, unless the build was faster.
    fn issue(
        &self,
        candidate: &Arc<Candidate>,
        round: Round,
        context: &Arc<SessionContext>,
        key: Option<CacheKey>,
    ) {
        if !candidate.issue(round, key) {
            return;
        }
        let task = Task::new(candidate, round, context);
        match &context.grid {
            None => self.enqueue(task),
            Some(grid) if candidate.work.compile().is_some() => self.remote(grid).push(task),
            Some(_) => self.look_up(task),
        }
    }

    /// Has a traced launch looked up on the session's grid; it waits for a core only if that has no result.
    fn look_up(&self, task: Task) {
        let launcher = self.clone();
        self.lookups.push(&self.engine, task, move |task| launcher.run_traced(task));
    }

    /// Has a claimed traced launch run by its session's grid, or wait for a core of this machine.
    fn run_traced(&self, task: Task) {
        let grid =
            task.context.grid.clone().filter(|grid| self.engine.tracer.is_some() && grid.runs_traced());
        match grid {
            Some(grid) => self.remote(&grid).take_over(task),
            None if can_trace(&self.engine) => self.leave_to_core(task),
            None => drop(task.end(Decision::Not(MissReason::Refused.of(NO_TRACE)))),
        }
    }

    /// The launches on a grid.
    fn remote(&self, grid: &Arc<Grid>) -> Arc<Remote> {
        let mut grids = self.grids.lock();
        let remote = grids.entry(Arc::as_ptr(grid).addr()).or_insert_with(|| {
            let launcher = self.clone();
            let queue = Arc::clone(&self.queue);
            Remote::new(&self.engine, grid, move |task| launcher.leave_to_core(task), move || queue.turns())
        });
        Arc::clone(remote)
    }

    fn remotes(&self) -> Vec<Arc<Remote>> {
        self.grids.lock().values().cloned().collect()
    }

    /// Has a claimed launch wait for a core of this machine: the grid does not run it.
    fn leave_to_core(&self, task: Task) {
        if task.requeue_for_core() {
            self.enqueue(task);
        }
    }

    /// Has a queued launch wait for a core of this machine.
    fn enqueue(&self, task: Task) {
        self.started.get_or_init(|| {
            for _ in 0..self.width {
                let launcher = self.clone();
                threads::start(move || launcher.work());
            }
        });
        let order = rank(&task.candidate);
        self.queue.push(order, task);
    }

    fn work(&self) {
        let queue = &self.queue;
        while let Some(task) = queue.next() {
            if task.claim() {
                self.run(&task, Where::Here);
            }
            queue.done();
        }
    }

    /// Carries a claimed launch through.
    fn run(&self, task: &Task, context: Where) {
        match execute(&self.engine, task, context) {
            Decision::Wait(file) if task.candidate.work.compile().is_none() => {
                if task.end(Decision::Wait(file)) {
                    self.await_producer(&task.candidate, file, &task.context);
                }
            }
            decision => drop(task.end(decision)),
        }
    }

    /// The build asks for a command whose launch is in flight: waits for it, without a turn in the queue.
    ///
    /// `alive` is asked once a second whether anybody still waits.
    pub fn join(
        &self,
        candidate: &Arc<Candidate>,
        context: &Arc<SessionContext>,
        alive: &mut dyn FnMut() -> bool,
    ) -> bool {
        self.busy(true);
        let finished = loop {
            if let Some(round) = candidate.claim_now() {
                let task = Task::new(candidate, round, context);
                let launcher = self.clone();
                let own = task.clone();
                if !threads::start(move || launcher.run(&own, Where::Anywhere)) {
                    task.end(Decision::Failed(threads::NONE.into()));
                }
            } else if let Some(Runner::Group(group)) = candidate.runner() {
                hurry(group);
            }
            if !candidate.wait(alive) {
                break false;
            }
            // A grid that will not run it leaves it queued for a core, which the one who waits here keeps busy.
            if !candidate.is_queued() {
                break true;
            }
        };
        self.busy(false);
        // The build has what this one makes now, and may ask at once for what waits for that.
        context.producers.ended(candidate);
        context.rechecks.wait(FOLLOWERS);
        finished
    }

    /// A compile of the build's own begins (`true`) or has ended: launches leave it its core.
    pub fn busy(&self, begun: bool) {
        self.queue.busy(begun);
    }

    /// Ends what is in flight of a session.
    pub fn cancel(&self, context: &Arc<SessionContext>, candidates: &[Arc<Candidate>]) {
        context.close();
        // A launch that is issued later is none: what is queued behind this finds nothing to claim.
        for candidate in candidates {
            candidate.close();
        }
        let remote = self.remotes().into_iter().flat_map(|remote| remote.drain(context));
        for task in remote.chain(self.queue.drain(context)) {
            if task.claim() {
                task.cancel();
            }
        }
    }

    /// Lets the workers end.
    pub fn close(&self) {
        self.queue.close();
        self.remotes().iter().for_each(|remote| remote.close());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::candidate::tests::of_record;
    use crate::store::Record;

    fn candidate() -> Arc<Candidate> {
        Arc::new(of_record(Record::default()))
    }

    #[test]
    fn what_the_build_asks_for_while_it_is_looked_at_is_not_launched_as_well() {
        let cache = tempfile::tempdir().expect("a folder");
        // Of no width: nobody takes what is queued.
        let launcher = Launcher::new(Arc::new(Engine::new(cache.path(), 0)), 0);
        let context = Arc::new(SessionContext::new("/r".into(), Vec::new()));
        let issue = |asks: &dyn Fn(&Candidate)| {
            let candidate = candidate();
            let round = candidate.look().expect("nobody has looked at it");
            asks(&candidate);
            launcher.follow(&candidate, round, &context, Looked::Issue(None));
            (candidate.tally().launched, launcher.queue.drain(&context).len())
        };
        assert_eq!(issue(&|_| {}), (true, 1));
        let asks = |candidate: &Candidate| assert!(candidate.mark_overtaken(&launcher.engine, None));
        assert_eq!(issue(&asks), (false, 0), "the build runs it already");
    }
}
