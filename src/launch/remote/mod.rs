//! Launches on a grid: a few threads prepare them and ask the grid about many at once; one thread waits for all that it runs.

pub mod flight;
pub mod pending;
pub mod prepare;
pub mod sight;
pub mod ticket;
pub mod traced;

use std::num::NonZero;
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::Instant;

use tokio::sync::mpsc::UnboundedSender;

use super::context::SessionContext;
use super::execute::afford;
use super::life::{Decision, Runner};
use super::miss::MissReason;
use super::queue::Task;
use crate::base::threads;
use crate::compile::engine::Engine;
use crate::grid::Grid;
use crate::grid::unobtainable::Unobtainable;
use crate::grid::upload_batch::UploadBatch;
use crate::reapi::Cancel;
use crate::reapi::round_trip::{Trials, is_sooner_here};
use pending::{PendingQueue, Step};
use prepare::{Prepared, prepare};

use sight::Sight;
use ticket::Ticket;

/// Threads that prepare, at most; each has a view of all files for itself.
const PREPARERS: usize = 4;

/// The launches on one grid.
pub(super) struct Remote {
    engine: Arc<Engine>,
    grid: Arc<Grid>,
    queue: PendingQueue,
    /// Has a launch run here that the grid will not run.
    here: Box<dyn Fn(Task) + Send + Sync>,
    /// How many turns it would have to wait for there.
    turns: Box<dyn Fn() -> usize + Send + Sync>,
    trials: Trials,
    flights: OnceLock<UnboundedSender<Box<Ticket>>>,
}

impl Remote {
    /// No launches yet, and no threads.
    pub(super) fn new(
        engine: &Arc<Engine>,
        grid: &Arc<Grid>,
        here: impl Fn(Task) + Send + Sync + 'static,
        turns: impl Fn() -> usize + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            engine: Arc::clone(engine),
            grid: Arc::clone(grid),
            queue: PendingQueue::default(),
            here: Box::new(here),
            turns: Box::new(turns),
            trials: Trials::default(),
            flights: OnceLock::new(),
        })
    }

    /// Looks at a queued launch when its turn comes.
    pub(super) fn push(self: &Arc<Self>, task: Task) {
        self.start();
        self.queue.push(Step::Look, task);
    }

    /// The same for a claimed launch.
    pub(super) fn take_over(self: &Arc<Self>, task: Task) {
        self.start();
        self.put(Step::Look, task);
    }

    fn start(self: &Arc<Self>) {
        self.flights.get_or_init(|| {
            // One more than work at a time: some of their time is the grid's, whose answers they wait for.
            let cores = thread::available_parallelism().map_or(1, NonZero::get);
            for _ in 0..PREPARERS.min(cores + 1) {
                let remote = Arc::clone(self);
                threads::start(move || remote.work());
            }
            flight::start(self)
        });
    }

    /// Takes every waiting launch of a session out.
    pub(super) fn drain(&self, context: &Arc<SessionContext>) -> Vec<Task> {
        self.queue.drain(context)
    }

    /// Lets the threads end.
    pub(super) fn close(&self) {
        self.queue.close();
    }

    /// Has a claimed launch wait for another step.
    fn put(&self, step: Step, task: Task) {
        if task.requeue() {
            self.queue.push(step, task);
        }
    }

    fn work(&self) {
        let mut last: Option<Sight<'_>> = None;
        while let Some((step, tasks)) = self.queue.next() {
            let Some(first) = tasks.first() else { continue };
            let newest = tasks.iter().map(|task| task.since).max().unwrap_or(first.since);
            let mut sight = last
                .take()
                .filter(|sight| sight.shows(&first.context, newest))
                .unwrap_or_else(|| Sight::new((&self.engine, &self.grid), &first.context));
            self.advance(step, tasks, &mut sight);
            last = Some(sight);
        }
    }

    /// Carries launches as far as they come without a wait for their execution.
    fn advance<'f>(&'f self, step: Step, tasks: Vec<Task>, sight: &mut Sight<'f>) {
        let mut batch = UploadBatch::default();
        let mut tickets = Vec::with_capacity(tasks.len());
        for task in tasks {
            let cancel = Cancel::new();
            if !task.claim() {
                continue;
            }
            task.run_by(&Runner::Grid(cancel.clone()));
            let with = (&*self.engine, &*self.grid);
            match prepare(with, (step, &task, cancel), sight, &mut batch) {
                Prepared::Ticket(ticket) => tickets.push(*ticket),
                Prepared::Ended(decision) => drop(task.end(decision)),
                Prepared::NeedsCore => (self.here)(task),
                Prepared::Alone => self.put(Step::Alone, task),
            }
        }
        if step != Step::Run {
            tickets = self.look_up(tickets);
        }
        let tickets = tickets.into_iter().filter_map(|ticket| self.admit(ticket)).collect();
        self.send(step, &batch, tickets);
    }

    /// Looks tickets up; returns those that have to be executed.
    fn look_up(&self, tickets: Vec<Ticket>) -> Vec<Ticket> {
        let (tickets, mut unasked): (Vec<_>, _) = tickets.into_iter().partition(Ticket::is_looked_up);
        let all_ids: Vec<_> = tickets.iter().map(|ticket| &ticket.ids).collect();
        let found = self.grid.look_up(&all_ids);
        self.grid.fetch(&self.engine, found.iter().filter_map(|found| found.as_ref().ok()?.as_ref()));
        let missed = tickets.into_iter().zip(found).filter_map(|(ticket, found)| {
            let taken = match found {
                Ok(None) => return Some(ticket),
                Ok(Some(result)) => ticket.found(&self.engine, &self.grid, &result),
                Err(error) => Err(error.into()),
            };
            match taken {
                Ok(Some(decision)) => drop(ticket.task.end(decision)),
                Ok(None) => return Some(ticket),
                Err(error) => self.refused(ticket, &error),
            }
            None
        });
        unasked.extend(missed);
        unasked
    }

    /// Lets a ticket fly that is worth it and has room; it waits for room, or for a core here, otherwise.
    fn admit(&self, ticket: Ticket) -> Option<Ticket> {
        if ticket.cancel.is_fired() {
            ticket.task.cancel();
            return None;
        }
        if !ticket.executes {
            (self.here)(ticket.task);
            return None;
        }
        let cost = self.queue.round_trip();
        if cost.is_some_and(|cost| is_sooner_here(ticket.wall, self.turns_before(&ticket), cost)) {
            self.leave_out(ticket.task);
            return None;
        }
        if cost.is_none() && !ticket.is_looked_up() && self.grid.is_near() && !self.trials.begin() {
            (self.here)(ticket.task);
            return None;
        }
        if !self.queue.acquire() {
            self.put(Step::Run, ticket.task);
            return None;
        }
        if let Err(capped) = afford(&ticket.task, false) {
            self.queue.release();
            ticket.task.end(capped);
            return None;
        }
        Some(ticket)
    }

    /// How many turns a launch would wait for here. Where a grid may be on these very cores, that is no reason to give it more.
    fn turns_before(&self, ticket: &Ticket) -> usize {
        if ticket.is_looked_up() || self.grid.is_near() { 0 } else { (self.turns)() }
    }

    /// It is done sooner than it gets to the grid and back.
    fn leave_out(&self, task: Task) {
        if self.engine.executor.available() {
            task.candidate.left_out(task.round, MissReason::TooCheap);
            (self.here)(task);
        } else {
            task.end(Decision::LeaveOut(MissReason::TooCheap.into()));
        }
    }

    /// Sends what the server needs for tickets that have boarded, and lets them fly.
    fn send(&self, step: Step, batch: &UploadBatch, tickets: Vec<Ticket>) {
        let Some(first) = tickets.first() else { return };
        let sent = self.grid.ship(batch, tickets.iter().map(|ticket| &ticket.needs));
        // All are of one session.
        first.task.context.budget.sent(sent.as_ref().map_or(0, |bytes| *bytes));
        for ticket in tickets {
            match &sent {
                Ok(_) => self.fly(ticket),
                // One file that has changed meanwhile holds all others up.
                Err(_) if step != Step::Alone => {
                    self.queue.release();
                    let mut task = ticket.task;
                    task.since = Instant::now();
                    self.put(Step::Alone, task);
                }
                Err(error) => {
                    self.queue.release();
                    self.refused(ticket, &error.clone().into());
                }
            }
        }
    }

    fn fly(&self, mut ticket: Ticket) {
        ticket.needs = Vec::new();
        ticket.task.candidate.executing(ticket.task.round);
        if let Some(Err(refused)) = self.flights.get().map(|flights| flights.send(Box::new(ticket))) {
            // The thread that waits has ended with the companion.
            self.queue.release();
            refused.0.task.cancel();
        }
    }

    /// The grid does not do as asked.
    fn refused(&self, ticket: Ticket, error: &Unobtainable) {
        if ticket.cancel.is_fired() {
            ticket.task.cancel();
            return;
        }
        if ticket.is_looked_up() {
            self.grid.complain(ticket.task.candidate.work.label(), error);
        } else {
            tracing::debug!("{} is run here: {error}", ticket.task.candidate.work.label());
            if !error.is_of_files() {
                self.grid.has_traced(false);
            }
        }
        (self.here)(ticket.task);
    }
}
