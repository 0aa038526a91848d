//! The launcher: looks at recorded commands when a session opens, and issues those that can be.

use std::collections::HashMap;
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;
use std::sync::mpsc::{Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use parking_lot::Mutex;

use super::candidate::{Known, Launch, Runner};
use super::context::SessionContext;
use super::execute::{Where, carry};
use super::instantiate_traced::look_ahead;
use super::lookups::Lookups;
use super::miss::Unserved;
use super::priority::{self, rank};
use super::queue::{Queue, Task};
use super::recheck::Again;
use super::remote::Remote;
use super::work::Work;
use crate::base::paths::PathId;
use crate::base::threads;
use crate::compile::engine::Engine;
use crate::compile::instance::{Unready, instantiate};
use crate::grid::Grid;
use crate::inputs::snapshot::Snapshot;
use crate::sandbox::executor::hurry;
use crate::traced::Traced;

/// Why traced commands are not run ahead.
const NO_TRACE: &str = "neither a tracer nor a private view of the build tree can be had";

/// How long a build that has waited for a launch waits on for those to be issued that go on with its result.
const FOLLOWERS: Duration = Duration::from_millis(20);

/// Issues launches of all sessions.
#[derive(Clone)]
pub struct Launcher {
    /// What the sessions share.
    pub engine: Arc<Engine>,
    here: Lane,
    /// Launches on grids, by the grid's address in memory, which stays the grid's as long as its entry is here.
    grids: Arc<Mutex<HashMap<usize, Arc<Remote>>>>,
    /// Traced launches on their way to a core by way of a grid.
    lookups: Lookups,
    /// Commands to be considered again.
    again: Arc<OnceLock<Sender<Again>>>,
}

/// A queue and the threads that work on it, started with the first task.
#[derive(Clone)]
struct Lane {
    queue: Arc<Queue>,
    width: usize,
    started: Arc<OnceLock<()>>,
}

impl Launcher {
    /// A launcher that runs at most `width` launches at once on this machine beside an idle build.
    pub fn new(engine: Arc<Engine>, width: usize) -> Self {
        let here = Lane { queue: Arc::new(Queue::new(width)), width, started: Arc::default() };
        Self { engine, here, grids: Arc::default(), lookups: Lookups::default(), again: Arc::default() }
    }

    /// Looks at a command and issues it, if that can be done and will do good.
    pub fn consider(&self, known: &Arc<Known>, context: &Arc<SessionContext>, snapshot: &mut Snapshot<'_>) {
        self.look_at(known, context, snapshot);
        context.makers.settled(known);
    }

    fn look_at(&self, known: &Arc<Known>, context: &Arc<SessionContext>, snapshot: &mut Snapshot<'_>) {
        if context.recc.as_ref().is_some_and(|wrapper| !wrapper.executes) {
            return known.set(Launch::Not(Unserved::NotLaunching.of("recc's server executes nothing")));
        }
        let call = match &known.work {
            Work::Compile(call) => call,
            Work::Traced(traced) => return self.consider_traced(known, traced, context, snapshot),
        };
        if context.grid.is_none() && !self.engine.executor.available() {
            return known
                .set(Launch::Not(Unserved::NotLaunching.of("no private view of the build tree can be had")));
        }
        let (reads, spent) = {
            let state = known.state();
            if !matches!(state.launch, Launch::Unseen | Launch::Pending(_)) {
                return;
            }
            (state.reads.clone(), priority::is_spent(&state.record))
        };
        // It is looked at together with others, right before it goes to the grid.
        if context.grid.is_some() {
            return self.issue(known, context);
        }
        let leave_out = || known.leave_out(Unserved::KeptBeingWasted.into());
        let assumed = context.assumed(snapshot);
        known.assume(&assumed);
        match instantiate(&self.engine, snapshot, call, &reads, context.site.context(&assumed)) {
            Err(Unready::Refused(why) | Unready::Untold(why)) => {
                known.set(Launch::Not(Unserved::Refused.of(why)));
            }
            Err(Unready::Missing(id)) if context.is_needed(id) => known.set(Launch::Pending(id)),
            Err(Unready::Absent(id, _)) => {
                context.need(id);
                known.set(Launch::Pending(id));
            }
            Err(Unready::Missing(_) | Unready::Changed) => self.issue(known, context),
            Ok(instance) if instance.keys.are_barred(&self.engine.cache) => {
                known.set(known.leave_out(Unserved::Quarantined.into()));
            }
            Ok(_) if context.recc.is_some() && spent => known.set(leave_out()),
            Ok(_) if context.recc.is_some() => self.issue(known, context),
            Ok(instance) => {
                let built = newer_output(
                    call.outputs().iter().map(|output| call.absolute(output)),
                    instance.newest_ns,
                );
                match instance.keys.find(&self.engine.cache) {
                    Some(_) if built || spent => known.set(Launch::Held(instance.action)),
                    Some(outcome) => {
                        known.state().launched = true;
                        known.set(Launch::Ready(instance.action, outcome));
                    }
                    None if built => known.set(Launch::Not(Unserved::UpToDate.into())),
                    None if spent => known.set(leave_out()),
                    None => self.issue(known, context),
                }
            }
        }
    }

    /// The same for a traced command, once it can be foreseen what it will find.
    fn consider_traced(
        &self,
        known: &Arc<Known>,
        traced: &Traced,
        context: &Arc<SessionContext>,
        snapshot: &mut Snapshot<'_>,
    ) {
        if context.recc.is_some() || context.grid.is_none() && !self.can_trace() {
            return known.set(Launch::Not(Unserved::Refused.of(NO_TRACE)));
        }
        if !matches!(known.state().launch, Launch::Unseen | Launch::Pending(_)) {
            return;
        }
        let found = match look_ahead(&self.engine, snapshot, known, context, traced) {
            Ok((_, found)) => found,
            Err(Unready::Missing(id)) => return self.await_maker(known, id, context),
            Err(why) => return known.set(Launch::Not(Unserved::Refused.of(why))),
        };
        if found.key.is_barred(&self.engine.cache) {
            return known.set(known.leave_out(Unserved::Quarantined.into()));
        }
        let spent = priority::is_spent(&known.state().record);
        let output = traced.output.iter().filter(|_| !traced.probe).map(|output| traced.absolute(output));
        let built = newer_output(output, found.newest_ns);
        match found.key.find_any(&self.engine.cache) {
            Some(_) if built || spent => known.set(Launch::Held(found.key.exact)),
            Some(outcome) => {
                known.state().launched = true;
                known.set(Launch::Ready(found.key.exact, outcome));
            }
            None if built => known.set(Launch::Not(Unserved::UpToDate.into())),
            None if spent => known.set(known.leave_out(Unserved::KeptBeingWasted.into())),
            None => {
                known.state().issued = Some(found.key);
                self.issue(known, context);
            }
        }
    }

    /// Whether traced commands can be run ahead of the build.
    fn can_trace(&self) -> bool {
        self.engine.tracer.is_some() && self.engine.executor.available()
    }

    /// Has a command wait for a file, which another one may be about to make.
    fn await_maker(&self, known: &Arc<Known>, file: PathId, context: &Arc<SessionContext>) {
        known.set(Launch::Pending(file));
        let order = known.state().record.order;
        let maker = context.maker(&self.engine, &self.engine.name(file), order).map(|(_, maker)| maker);
        if let Some(maker) = maker.filter(|maker| maker.is_under_way()) {
            let (launcher, known, to) = (self.clone(), Arc::clone(known), Arc::clone(context));
            context.makers.wait(&maker, move || launcher.look_again(&known, &to));
        }
    }

    /// Has a thread of its own consider a command again: whoever says that a launch has ended has other things to do.
    fn look_again(&self, known: &Arc<Known>, context: &Arc<SessionContext>) {
        let again = Again::new(known, context);
        let sender = self.again.get_or_init(|| {
            let (sender, receiver) = channel::<Again>();
            let launcher = self.clone();
            threads::start(move || {
                for again in receiver {
                    let mut snapshot = Snapshot::new(&launcher.engine.files);
                    launcher.consider(&again.known, &again.context, &mut snapshot);
                }
            });
            sender
        });
        // The thread lives as long as the companion.
        let _ = sender.send(again);
    }

    /// Gives a launch up that was made on another content of the files in `changed`, which the build has just written.
    pub fn revise(
        &self,
        known: &Known,
        context: &SessionContext,
        changed: &[PathId],
        snapshot: &mut Snapshot<'_>,
    ) {
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
                let now = match &known.work {
                    Work::Compile(call) => {
                        let assumed = context.assumed(snapshot);
                        let now =
                            instantiate(&self.engine, snapshot, call, &reads, context.site.context(&assumed));
                        now.map(|now| now.action)
                    }
                    Work::Traced(traced) => {
                        let now = look_ahead(&self.engine, snapshot, known, context, traced);
                        now.map(|(_, now)| now.key.exact)
                    }
                };
                !now.is_ok_and(|now| now == done)
            }
            // It is asked for what it has found there only in the end.
            Launch::Running(_) if known.work.compile().is_none() => false,
            // Whatever it has found there, or will find, is not known.
            Launch::Running(_) => reads.set.iter().any(|path| changed.contains(path) && !foretold(path)),
            Launch::Failed(_) => true,
            Launch::Unseen | Launch::Not(_) | Launch::Pending(_) | Launch::Queued => false,
        };
        if outdated {
            known.give_up();
        }
    }

    fn issue(&self, known: &Arc<Known>, context: &Arc<SessionContext>) {
        {
            let mut state = known.state();
            state.launched = true;
            state.cancelled = false;
            state.left_out = None;
            state.needs_core = false;
        }
        let task = Task::new(known, context);
        match &context.grid {
            None => self.enqueue(task),
            Some(grid) if known.work.compile().is_some() => self.remote(grid).push(task),
            Some(_) => self.look_up(task),
        }
    }

    /// Has a traced launch looked up on the session's grid; it waits for a core only if that has no result.
    fn look_up(&self, task: Task) {
        if !task.set(Launch::Queued) {
            return;
        }
        let launcher = self.clone();
        self.lookups.push(&self.engine, task, move |task| {
            if launcher.can_trace() {
                task.known.state().needs_core = true;
                launcher.enqueue(task);
            } else {
                task.known.state().launched = false;
                task.set(Launch::Not(Unserved::Refused.of(NO_TRACE)));
            }
        });
    }

    /// The launches on a grid.
    fn remote(&self, grid: &Arc<Grid>) -> Arc<Remote> {
        let mut grids = self.grids.lock();
        let remote = grids.entry(Arc::as_ptr(grid).addr()).or_insert_with(|| {
            let launcher = self.clone();
            Remote::new(&self.engine, grid, move |task| {
                task.known.state().needs_core = true;
                launcher.enqueue(task);
            })
        });
        Arc::clone(remote)
    }

    fn remotes(&self) -> Vec<Arc<Remote>> {
        self.grids.lock().values().cloned().collect()
    }

    /// Has a launch wait for a core of this machine.
    fn enqueue(&self, task: Task) {
        self.here.started.get_or_init(|| {
            for _ in 0..self.here.width {
                let launcher = self.clone();
                threads::start(move || launcher.work());
            }
        });
        if !task.set(Launch::Queued) {
            return;
        }
        let order = rank(&task.known);
        self.here.queue.push(order, task);
    }

    fn work(&self) {
        let queue = &self.here.queue;
        while let Some(task) = queue.next() {
            if task.known.claim(task.round) {
                self.run(&task, Where::Here);
            }
            queue.done();
        }
    }

    /// Carries a claimed launch through.
    fn run(&self, task: &Task, context: Where) {
        match carry(&self.engine, task, context) {
            Launch::Pending(file) if task.known.work.compile().is_none() => {
                self.await_maker(&task.known, file, &task.context);
            }
            launch => drop(task.set(launch)),
        }
    }

    /// The build asks for a command whose launch is in flight: waits for it, without a turn in the queue.
    ///
    /// `alive` is asked once a second whether anybody still waits.
    pub fn join(
        &self,
        known: &Arc<Known>,
        context: &Arc<SessionContext>,
        alive: &mut dyn FnMut() -> bool,
    ) -> bool {
        self.busy(true);
        let finished = loop {
            let task = Task::new(known, context);
            if known.claim(task.round) {
                let launcher = self.clone();
                let own = task.clone();
                if !threads::start(move || launcher.run(&own, Where::Anywhere)) {
                    task.set(Launch::Failed("no thread is to be had".into()));
                }
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
        // The build has what this one makes now, and may ask at once for what waits for that.
        context.makers.settled(known);
        context.agains.wait(FOLLOWERS);
        finished
    }

    /// A compile of the build's own begins (`true`) or has ended: launches leave it its core.
    pub fn busy(&self, begun: bool) {
        self.here.queue.busy(begun);
    }

    /// Ends what is in flight of a session.
    pub fn cancel(&self, context: &Arc<SessionContext>, knowns: &[Arc<Known>]) {
        context.close();
        let remote = self.remotes().into_iter().flat_map(|remote| remote.drain(context));
        for task in remote.chain(self.here.queue.drain(context)) {
            if task.known.claim(task.round) {
                task.cancel();
            }
        }
        for known in knowns {
            let mut state = known.state();
            if let Launch::Running(Some(runner)) = &state.launch {
                runner.stop();
                state.cancelled = true;
            }
        }
    }

    /// Lets the workers end.
    pub fn close(&self) {
        self.here.queue.close();
        self.remotes().iter().for_each(|remote| remote.close());
    }
}

/// Whether what a command makes is there and no older than any input, so that a build would not ask for it.
pub(super) fn newer_output(mut outputs: impl Iterator<Item = PathBuf>, newest_ns: i64) -> bool {
    outputs.next().is_some_and(|output| {
        fs::metadata(output).is_ok_and(|meta| meta.mtime() * 1_000_000_000 + meta.mtime_nsec() >= newest_ns)
    })
}
