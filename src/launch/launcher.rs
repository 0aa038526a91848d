//! The launcher: looks at recorded commands when a session opens, and issues those that can be.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, OnceLock};
use std::thread;

use super::carry::{Carried, Where, carry};
use super::queue::{Queue, Task};
use super::{Call, Engine, Known, Launch, Place, Runner, Unready, Unserved, instantiate, merit, rank};
use crate::backend::hurry;
use crate::inputs::paths::PathId;
use crate::inputs::snapshot::Snapshot;

/// Launches in flight on grids at most: enough to keep a few hundred workers busy with compiles of a second, and few enough
/// for one thread each.
const GRID_WIDTH: usize = 64;

/// Issues launches of all sessions.
#[derive(Clone)]
pub struct Launcher {
    /// What the sessions share.
    pub engine: Arc<Engine>,
    here: Lane,
    grid: Lane,
}

/// A queue and the threads that work on it, started with the first task.
#[derive(Clone)]
struct Lane {
    queue: Arc<Queue>,
    width: usize,
    started: Arc<OnceLock<()>>,
}

impl Lane {
    fn new(width: usize) -> Self {
        Self { queue: Arc::new(Queue::new(width)), width, started: Arc::default() }
    }
}

impl Launcher {
    /// A launcher that runs at most `width` launches at once on this machine beside an idle build.
    pub fn new(engine: Arc<Engine>, width: usize) -> Self {
        Self { engine, here: Lane::new(width), grid: Lane::new(GRID_WIDTH) }
    }

    /// Looks at a command and issues it, if that can be done and will do good.
    pub fn consider(&self, known: &Arc<Known>, place: &Arc<Place>, snapshot: &mut Snapshot<'_>) {
        if place.recc.as_ref().is_some_and(|wrapper| !wrapper.executes) {
            return known.set(Launch::Not(Unserved::NotLaunching.of("recc's server executes nothing")));
        }
        if place.grid.is_none() && !self.engine.executor.available() {
            return known
                .set(Launch::Not(Unserved::NotLaunching.of("no private view of the build tree can be had")));
        }
        let (reads, spent) = {
            let state = known.state();
            if !matches!(state.launch, Launch::Unseen | Launch::Pending(_)) {
                return;
            }
            (state.reads.clone(), merit::is_spent(&state.record))
        };
        let leave_out = || known.leave_out(Unserved::KeptBeingWasted.into());
        let assumed = place.assumed(snapshot);
        known.assume(&assumed);
        match instantiate(&self.engine, snapshot, &known.call, &reads, place.context(&assumed)) {
            Err(Unready::Refused(why)) => known.set(Launch::Not(Unserved::Refused.of(why))),
            Err(Unready::Missing(id)) if place.is_needed(id) => known.set(Launch::Pending(id)),
            Err(Unready::Missing(_) | Unready::Changed) => self.issue(known, place),
            Ok(_) if place.recc.is_some() && spent => known.set(leave_out()),
            Ok(_) if place.recc.is_some() => self.issue(known, place),
            Ok(instance) => {
                let built = newer_output(&known.call, instance.newest_ns);
                match instance.keys.find(&self.engine.cache) {
                    Some(_) if built || spent => known.set(Launch::Held(instance.action)),
                    Some(outcome) => {
                        known.state().launched = true;
                        known.set(Launch::Ready(instance.action, outcome));
                    }
                    None if built => known.set(Launch::Not(Unserved::UpToDate.into())),
                    None if spent => known.set(leave_out()),
                    None => self.issue(known, place),
                }
            }
        }
    }

    /// Gives a launch up that was made on another content of the files in `changed`, which the build has just written.
    pub fn revise(&self, known: &Known, place: &Place, changed: &[PathId], snapshot: &mut Snapshot<'_>) {
        if known.refute(snapshot).is_some() {
            return;
        }
        let (launch, reads, assumed) = {
            let state = known.state();
            (state.launch.clone(), state.reads.clone(), Arc::clone(&state.assumed))
        };
        let foretold = |path: &PathId| assumed.iter().any(|one| one.path == *path);
        let outdated = match launch {
            Launch::Ready(done, _) | Launch::Held(done) => {
                let assumed = place.assumed(snapshot);
                let now = instantiate(&self.engine, snapshot, &known.call, &reads, place.context(&assumed));
                !now.is_ok_and(|now| now.action == done)
            }
            // Whatever it has found there, or will find, is not known.
            Launch::Running(_) => reads.set.iter().any(|path| changed.contains(path) && !foretold(path)),
            Launch::Failed(_) => true,
            Launch::Unseen | Launch::Not(_) | Launch::Pending(_) | Launch::Queued => false,
        };
        if outdated {
            known.give_up();
        }
    }

    fn issue(&self, known: &Arc<Known>, place: &Arc<Place>) {
        {
            let mut state = known.state();
            state.launched = true;
            state.left_out = None;
            state.needs_core = false;
        }
        let to = if place.grid.is_some() { Where::Grid } else { Where::Here };
        self.enqueue(Task::new(known, place), to);
    }

    fn enqueue(&self, task: Task, to: Where) {
        let lane = if to == Where::Grid { &self.grid } else { &self.here };
        lane.started.get_or_init(|| {
            for _ in 0..lane.width {
                let (launcher, queue) = (self.clone(), Arc::clone(&lane.queue));
                thread::spawn(move || launcher.work(&queue, to));
            }
        });
        if !task.set(Launch::Queued) {
            return;
        }
        let order = rank(&task.known.state().record);
        lane.queue.push(order, task);
    }

    fn work(&self, queue: &Queue, place: Where) {
        while let Some(task) = queue.next() {
            if task.known.claim(task.round) {
                self.run(&task, place);
            }
            queue.done();
        }
    }

    fn run(&self, task: &Task, place: Where) {
        match carry(&self.engine, task, place) {
            Carried::Ended(launch) => drop(task.set(launch)),
            Carried::NeedsCore => {
                task.known.state().needs_core = true;
                self.enqueue(task.clone(), Where::Here);
            }
        }
    }

    /// The build asks for a command whose launch is in flight: waits for it, without a turn in the queue.
    ///
    /// `alive` is asked once a second whether anybody still waits.
    pub fn join(&self, known: &Arc<Known>, place: &Arc<Place>, alive: &mut dyn FnMut() -> bool) -> bool {
        self.busy(true);
        let finished = loop {
            let task = Task::new(known, place);
            if known.claim(task.round) {
                let launcher = self.clone();
                thread::spawn(move || launcher.run(&task, Where::Anywhere));
            } else if let Launch::Running(Some(Runner::Group(group))) = known.state().launch {
                hurry(group);
            }
            if !known.wait(alive) {
                break false;
            }
            // A grid that will not run it leaves it queued for a core, which the one who waits here keeps busy.
            if !known.is_queued() {
                break true;
            }
        };
        self.busy(false);
        finished
    }

    /// A compile of the build's own begins (`true`) or has ended: launches leave it its core.
    pub fn busy(&self, begun: bool) {
        self.here.queue.busy(begun);
    }

    /// Ends what is in flight of a session; returns how many launches that ended.
    pub fn cancel(&self, place: &Arc<Place>, knowns: &[Arc<Known>]) -> u64 {
        let mut cancelled = 0;
        let waiting = [&self.grid, &self.here].map(|lane| lane.queue.drain(place));
        for task in waiting.into_iter().flatten() {
            if task.known.claim(task.round) {
                task.set(Launch::Failed("cancelled".into()));
                cancelled += 1;
            }
        }
        for known in knowns {
            if let Launch::Running(Some(runner)) = &known.state().launch {
                runner.stop();
                cancelled += 1;
            }
        }
        cancelled
    }

    /// Lets the workers end.
    pub fn close(&self) {
        self.here.queue.close();
        self.grid.queue.close();
    }
}

/// Whether the command's object is there and no older than any input, so that a build would not ask for it.
fn newer_output(call: &Call, newest_ns: i64) -> bool {
    call.compile.outputs.first().is_some_and(|output| {
        fs::metadata(call.absolute(&output.path))
            .is_ok_and(|meta| meta.mtime() * 1_000_000_000 + meta.mtime_nsec() >= newest_ns)
    })
}
