//! The launcher: looks at recorded commands when a session opens, and issues those that can be.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::{Arc, OnceLock};
use std::thread;

use super::carry::{Carried, Where, carry};
use super::queue::{Queue, Task};
use super::{Engine, Known, Launch, Place, Runner, Traced, Unready, Work, instantiate, traced};
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
        self.look_at(known, place, snapshot);
        self.pass_on(known, place);
    }

    /// Looks again at the commands that have waited for what becomes of this one, once that is certain.
    fn pass_on(&self, known: &Known, place: &Arc<Place>) {
        if known.is_under_way() {
            return;
        }
        for waiting in place.makers.take_waiting(known) {
            self.consider(&waiting, place, &mut Snapshot::new(&self.engine.files));
        }
    }

    fn look_at(&self, known: &Arc<Known>, place: &Arc<Place>, snapshot: &mut Snapshot<'_>) {
        if place.recc.as_ref().is_some_and(|wrapper| !wrapper.executes) {
            return known.set(Launch::Not("recc's server executes nothing".into()));
        }
        let call = match &known.work {
            Work::Compile(call) => call,
            Work::Traced(traced) => return self.consider_traced(known, traced, place, snapshot),
        };
        if place.grid.is_none() && !self.engine.executor.available() {
            return known.set(Launch::Not("no private view of the build tree can be had".into()));
        }
        let reads = {
            let state = known.state();
            if !matches!(state.launch, Launch::Unseen | Launch::Pending(_)) {
                return;
            }
            state.reads.clone()
        };
        let assumed = place.assumed(snapshot);
        known.assume(&assumed);
        match instantiate(&self.engine, snapshot, call, &reads, place.context(&assumed)) {
            Err(Unready::Refused(why)) => known.set(Launch::Not(why)),
            Err(Unready::Missing(id)) if place.is_needed(id) => known.set(Launch::Pending(id)),
            Err(Unready::Missing(_) | Unready::Changed) => self.issue(known, place),
            Ok(_) if place.recc.is_some() => self.issue(known, place),
            Ok(instance) => {
                let built = newer_output(
                    call.outputs().iter().map(|output| call.absolute(output)),
                    instance.newest_ns,
                );
                match instance.keys.find(&self.engine.cache) {
                    Some(_) if built => known.set(Launch::Held(instance.action)),
                    Some(outcome) => {
                        known.state().launched = true;
                        known.set(Launch::Ready(instance.action, outcome));
                    }
                    None if built => known.set(Launch::Not("its output is up to date".into())),
                    None => self.issue(known, place),
                }
            }
        }
    }

    /// The same for a traced command, once it can be foreseen what it will find.
    fn consider_traced(
        &self,
        known: &Arc<Known>,
        traced: &Traced,
        place: &Arc<Place>,
        snapshot: &mut Snapshot<'_>,
    ) {
        if self.engine.tracer.is_none() || !self.engine.executor.available() || place.recc.is_some() {
            return known
                .set(Launch::Not("neither a tracer nor a private view of the build tree can be had".into()));
        }
        if !matches!(known.state().launch, Launch::Unseen | Launch::Pending(_)) {
            return;
        }
        let found = match traced::look_ahead(&self.engine, snapshot, known, place, traced) {
            Ok((_, found)) => found,
            Err(Unready::Missing(id)) => return self.await_maker(known, id, place),
            Err(why) => return known.set(Launch::Not(why.to_string())),
        };
        let output = traced.output.iter().filter(|_| !traced.probe).map(|output| traced.absolute(output));
        let built = newer_output(output, found.newest_ns);
        match self.engine.cache.find_any(&found.key) {
            Some(_) if built => known.set(Launch::Held(found.key)),
            Some(outcome) => {
                known.state().launched = true;
                known.set(Launch::Ready(found.key, outcome));
            }
            None if built => known.set(Launch::Not("its output is up to date".into())),
            None => self.issue(known, place),
        }
    }

    /// Has a command wait for a file, which another one may be about to make.
    fn await_maker(&self, known: &Arc<Known>, file: PathId, place: &Arc<Place>) {
        known.set(Launch::Pending(file));
        let maker = place.maker(&self.engine, &self.engine.name(file)).map(|(_, maker)| maker);
        if let Some(maker) = maker.filter(|maker| maker.is_under_way()) {
            place.makers.wait(&maker, known);
            // It may have ended before anybody waited.
            self.pass_on(&maker, place);
        }
    }

    fn issue(&self, known: &Arc<Known>, place: &Arc<Place>) {
        {
            let mut state = known.state();
            state.launched = true;
            state.needs_core = false;
        }
        let remote = place.grid.is_some() && known.work.compile().is_some();
        let to = if remote { Where::Grid } else { Where::Here };
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
        let order = task.known.state().record.order;
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
            Carried::Ended(Launch::Pending(file)) if task.known.work.compile().is_none() => {
                self.await_maker(&task.known, file, &task.place);
            }
            Carried::Ended(launch) => {
                task.set(launch);
                self.pass_on(&task.known, &task.place);
            }
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

/// Whether what a command makes is there and no older than any input, so that a build would not ask for it.
fn newer_output(mut outputs: impl Iterator<Item = PathBuf>, newest_ns: i64) -> bool {
    outputs.next().is_some_and(|output| {
        fs::metadata(output).is_ok_and(|meta| meta.mtime() * 1_000_000_000 + meta.mtime_nsec() >= newest_ns)
    })
}

/// The files whose coming decides on a launch: the input that it waits for, or those that it assumes.
pub fn awaited(known: &Known) -> Vec<PathId> {
    let state = known.state();
    let assumed = state.assumed.iter().map(|one| one.path);
    match state.launch {
        Launch::Pending(id) => vec![id],
        _ => assumed.collect(),
    }
}

/// Whether a file that comes may yet decide on a launch.
pub fn is_open(known: &Known) -> bool {
    let state = known.state();
    match state.launch {
        Launch::Unseen | Launch::Pending(_) | Launch::Queued | Launch::Running(_) => true,
        Launch::Ready(..) | Launch::Held(_) | Launch::Failed(_) => {
            !state.assumed.is_empty() && state.asked == 0
        }
        Launch::Not(_) => false,
    }
}
