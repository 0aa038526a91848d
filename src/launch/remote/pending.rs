//! Launches that wait for a grid, configure tests and those that begin the longest chains first, and how many it may have at once.

use std::cmp::Reverse;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Instant;

use parking_lot::{Condvar, Mutex, MutexGuard};

use crate::launch::context::SessionContext;
use crate::launch::queue::Task;
use crate::reapi::round_trip::{RoundTrip, Times};
use crate::reapi::window::{CongestionWindow, PATIENCE};

/// Launches that are prepared together: they share what is uploaded, and the time that the grid takes to answer.
const BATCH: usize = 256;

/// What is to be done next about a launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// It is looked up, and executed if there is room.
    Look,
    /// It was not found, and waits for room.
    Run,
    /// It would hold others up: it has to be scanned, or what it is together with failed.
    Alone,
}

/// What was wasted last time behind all else, then configure tests, then the longest chains first, then by arrival. A launch that somebody has claimed meanwhile stays here, and is passed over.
type Waiting = BTreeMap<(bool, bool, Reverse<u64>, u64), Task>;

/// The launches of all sessions for one grid.
#[derive(Default)]
pub(super) struct PendingQueue {
    inner: Mutex<Inner>,
    wake: Condvar,
}

#[derive(Default)]
struct Inner {
    look: Waiting,
    run: Waiting,
    alone: Waiting,
    arrived: u64,
    in_flight: usize,
    window: CongestionWindow,
    round_trip: RoundTrip,
    closed: bool,
}

impl Inner {
    fn room(&self) -> usize {
        self.window.allowed().saturating_sub(self.in_flight)
    }

    fn next(&mut self) -> Option<(Step, Vec<Task>)> {
        let (step, waiting, most) = match self.room() {
            room if room > 0 && !self.run.is_empty() => (Step::Run, &mut self.run, room.min(BATCH)),
            _ if !self.look.is_empty() => (Step::Look, &mut self.look, BATCH),
            room if room > 0 => (Step::Alone, &mut self.alone, 1),
            _ => return None,
        };
        let (_, first) = waiting.pop_first()?;
        let mut tasks = vec![first];
        // Of one session: others see other files.
        while tasks.len() < most
            && let Some(next) = waiting.first_entry()
            && tasks.first().is_some_and(|first| Arc::ptr_eq(&first.context, &next.get().context))
        {
            tasks.push(next.remove());
        }
        Some((step, tasks))
    }
}

impl PendingQueue {
    /// Puts a launch where its next step is done.
    pub(super) fn push(&self, step: Step, task: Task) {
        let wasted = task.candidate.record(|record| record.wasted_in_row > 0);
        let chain = task.candidate.chain_us();
        let after_configure = !task.candidate.work.is_probe();
        let mut inner = self.lock();
        inner.arrived += 1;
        let rank = (wasted, after_configure, Reverse(chain), inner.arrived);
        let waiting = match step {
            Step::Look => &mut inner.look,
            Step::Run => &mut inner.run,
            Step::Alone => &mut inner.alone,
        };
        waiting.insert(rank, task);
        drop(inner);
        self.wake.notify_one();
    }

    /// What to do next, once there is something; `None` when the queue is closed.
    pub(super) fn next(&self) -> Option<(Step, Vec<Task>)> {
        let mut inner = self.lock();
        loop {
            if inner.closed {
                return None;
            }
            if let Some(next) = inner.next() {
                return Some(next);
            }
            self.wake.wait(&mut inner);
        }
    }

    /// Takes the room for one launch more, if there is any; [`PendingQueue::release`] gives it back.
    pub(super) fn acquire(&self) -> bool {
        let mut inner = self.lock();
        let room = inner.room() > 0;
        inner.in_flight += usize::from(room);
        room
    }

    /// A launch is in flight no more.
    pub(super) fn release(&self) {
        let mut inner = self.lock();
        inner.in_flight = inner.in_flight.saturating_sub(1);
        drop(inner);
        self.wake.notify_one();
    }

    /// The grid took a launch at once.
    pub(super) fn taken(&self) {
        let mut inner = self.lock();
        let in_flight = inner.in_flight;
        inner.window.taken(in_flight);
        drop(inner);
        self.wake.notify_one();
    }

    /// The grid has no room for a launch.
    pub(super) fn pressed(&self) {
        self.lock().window.pressed(Instant::now());
    }

    /// What the end of an execution tells of the grid; `heard` says whether its beginning was told already.
    pub(super) fn learn(&self, took: std::time::Duration, times: Times, heard: bool) {
        self.lock().round_trip.learn(took, times);
        match times.queued {
            _ if heard => {}
            Some(queued) if queued > PATIENCE => self.pressed(),
            _ => self.taken(),
        }
    }

    /// What a trip to the grid costs, if that is known.
    pub(super) fn round_trip(&self) -> Option<std::time::Duration> {
        self.lock().round_trip.cost()
    }

    /// Takes every waiting launch of a session out.
    pub(super) fn drain(&self, context: &Arc<SessionContext>) -> Vec<Task> {
        let mut inner = self.lock();
        let Inner { look, run, alone, .. } = &mut *inner;
        let mut out = Vec::new();
        for waiting in [look, run, alone] {
            let (gone, stay): (Waiting, Waiting) = std::mem::take(waiting)
                .into_iter()
                .partition(|(_, task)| Arc::ptr_eq(&task.context, context));
            *waiting = stay;
            out.extend(gone.into_values());
        }
        out
    }

    pub(super) fn close(&self) {
        self.lock().closed = true;
        self.wake.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::launch::candidate::tests::of_record;
    use crate::store::Record;

    /// A launch of one session that begins a chain of this length, named by that.
    fn task(context: &Arc<SessionContext>, chain_us: u64, wasted_in_row: u32) -> Task {
        let record = Record { wall_us: 1, wasted_in_row, ..Record::default() };
        let candidate = Arc::new(of_record(record));
        candidate.set_chain(chain_us);
        Task::new(&candidate, candidate.round(), context)
    }

    #[test]
    fn the_longest_chains_go_first_and_what_was_wasted_last() {
        let context = Arc::new(SessionContext::new("/r".into(), Vec::new()));
        let queue = PendingQueue::default();
        for (chain_us, wasted) in [(10, 0), (40, 1), (30, 0), (20, 0)] {
            queue.push(Step::Look, task(&context, chain_us, wasted));
        }
        let (_, tasks) = queue.next().expect("there are some");
        let chains: Vec<u64> = tasks.iter().map(|task| task.candidate.chain_us()).collect();
        assert_eq!(chains, [30, 20, 10, 40]);
    }
}
