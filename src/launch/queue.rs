//! What waits for a core to be launched on.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::{Condvar, Mutex, MutexGuard};

use super::candidate::Candidate;
use super::context::SessionContext;
use super::decide::On;
use super::life::{Decision, Runner};
use super::priority::Rank;
use super::state::Round;
use crate::compile::predict::Predicted;

/// One launch that waits for a core.
#[derive(Clone)]
pub(crate) struct Task {
    pub(super) candidate: Arc<Candidate>,
    pub(super) context: Arc<SessionContext>,
    /// The launch of the command that it stands for: a later one has a higher number.
    pub(super) round: Round,
    /// When it was to be launched: what was seen of the files before is out of date.
    pub(super) since: Instant,
    again: bool,
}

impl Task {
    /// The launch of that round.
    pub(super) fn new(candidate: &Arc<Candidate>, round: Round, context: &Arc<SessionContext>) -> Self {
        let (candidate, context) = (Arc::clone(candidate), Arc::clone(context));
        Self { candidate, context, round, since: Instant::now(), again: false }
    }

    /// The same, after what a grid had of it has gone.
    pub(super) fn again(self) -> Self {
        Self { since: Instant::now(), again: true, ..self }
    }

    /// Whether [`Task::again`] has not made it.
    pub(super) fn is_first(&self) -> bool {
        !self.again
    }

    /// What its command is instantiated on, beside the files.
    pub(super) fn on<'a>(&'a self, predicted: &'a [Predicted]) -> On<'a> {
        On { candidate: &self.candidate, context: &self.context, predicted }
    }

    /// Takes the launch over, if it still waits for somebody to do so.
    pub(super) fn claim(&self) -> bool {
        self.candidate.claim(self.round)
    }

    /// Has the claimed launch wait again, unless it was given up for another one; false then.
    pub(super) fn requeue(&self) -> bool {
        self.candidate.requeue(self.round, false)
    }

    /// The same, for a core of this machine alone.
    pub(super) fn requeue_for_core(&self) -> bool {
        self.candidate.requeue(self.round, true)
    }

    /// Ends the claimed launch, unless it was given up for another one; false then.
    pub(super) fn end(&self, decision: Decision) -> bool {
        let current = self.candidate.end(self.round, decision);
        self.context.producers.ended(&self.candidate);
        current
    }

    /// Says that the claimed launch is pointless.
    pub(super) fn cancel(&self) {
        self.candidate.cancel(self.round);
        self.context.producers.ended(&self.candidate);
    }

    /// Says who runs the claimed launch, or stops that when the launch was given up meanwhile.
    pub(super) fn run_by(&self, runner: &Runner) {
        if !self.candidate.run_by(self.round, runner.clone()) {
            runner.stop();
        }
    }
}

/// The launches of all sessions.
pub(super) struct Queue {
    inner: Mutex<Inner>,
    wake: Condvar,
    width: usize,
}

#[derive(Default)]
struct Inner {
    /// By [`rank`](super::priority::rank), then by arrival.
    waiting: BTreeMap<(Rank, u64), Task>,
    arrived: u64,
    running: usize,
    busy: usize,
    closed: bool,
}

impl Queue {
    /// A queue of which `width` launches run at once while the build itself compiles nothing.
    pub(super) fn new(width: usize) -> Self {
        Self { inner: Mutex::default(), wake: Condvar::new(), width: width.max(1) }
    }

    pub(super) fn push(&self, rank: Rank, task: Task) {
        let mut inner = self.lock();
        inner.arrived += 1;
        let arrived = inner.arrived;
        inner.waiting.insert((rank, arrived), task);
        drop(inner);
        self.wake.notify_one();
    }

    /// How many turns what comes now has to wait for.
    pub(super) fn turns(&self) -> usize {
        self.lock().waiting.len() / self.width
    }

    /// The next task, once a core is idle; `None` when the queue is closed. Ends with [`Queue::done`].
    pub(super) fn next(&self) -> Option<Task> {
        let mut inner = self.lock();
        loop {
            if inner.closed {
                return None;
            }
            if inner.running + inner.busy < self.width
                && let Some((_, task)) = inner.waiting.pop_first()
            {
                inner.running += 1;
                return Some(task);
            }
            self.wake.wait(&mut inner);
        }
    }

    pub(super) fn done(&self) {
        self.lock().running -= 1;
        self.wake.notify_one();
    }

    /// A compile of the build's own has begun (`true`) or ended on one of the cores.
    pub(super) fn busy(&self, begun: bool) {
        let mut inner = self.lock();
        inner.busy = if begun { inner.busy + 1 } else { inner.busy.saturating_sub(1) };
        drop(inner);
        self.wake.notify_one();
    }

    /// Takes every waiting task of a session out.
    pub(super) fn drain(&self, context: &Arc<SessionContext>) -> Vec<Task> {
        let mut inner = self.lock();
        let (out, stay) = std::mem::take(&mut inner.waiting)
            .into_iter()
            .partition::<BTreeMap<_, _>, _>(|(_, task)| Arc::ptr_eq(&task.context, context));
        inner.waiting = stay;
        out.into_values().collect()
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }
}
