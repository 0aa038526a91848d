//! The launcher: looks at recorded commands when a session opens, and issues those that can be.

use std::collections::{HashMap, HashSet};
use std::fs;
use std::os::unix::fs::MetadataExt;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;
use std::time::Duration;

use super::perform::{examine, perform};
use super::queue::{Queue, Task};
use super::{Call, Context, Engine, Known, Launch, Unready, instantiate};
use crate::backend::{hurry, kill};
use crate::inputs::paths::PathId;
use crate::inputs::snapshot::Snapshot;
use crate::inputs::stamp;

/// Where a session builds: what every launch in it has in common.
#[derive(Debug)]
pub struct Place {
    /// The project root, absolute.
    pub root: String,
    /// The environment of the command that opened the session.
    pub environment: Vec<(String, String)>,
    /// Missing files that a scan could not do without: not generated yet, rather than no longer included.
    needed: Mutex<HashSet<PathId>>,
}

impl Place {
    /// A project root, and the environment that launches start from.
    pub fn new(root: String, environment: Vec<(String, String)>) -> Self {
        Self { root, environment, needed: Mutex::default() }
    }

    fn is_needed(&self, id: PathId) -> bool {
        self.needed.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }

    fn need(&self, id: PathId) {
        self.needed.lock().unwrap_or_else(PoisonError::into_inner).insert(id);
    }

    /// The environment to run a call in: the session's, with the call's own keyed variables.
    pub fn environment_of(&self, call: &Call) -> Vec<(String, String)> {
        let mut environment: HashMap<&str, &str> = self
            .environment
            .iter()
            .filter(|(name, _)| !crate::command::keyed(name) && !name.starts_with("SPEC_CC_"))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        // The jobserver's descriptors are not here.
        environment.retain(|name, _| !matches!(*name, "MAKEFLAGS" | "MFLAGS" | "MAKELEVEL"));
        for (name, value) in &call.environment {
            environment.insert(name, value);
        }
        // The compiler records this spelling of the working directory when it names the same folder.
        environment.insert("PWD", &call.directory);
        environment.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// Where and with what a call of the session runs.
    pub fn context(&self) -> Context<'_> {
        Context { path: self.path() }
    }

    /// The search path for programs.
    pub fn path(&self) -> Option<&str> {
        self.environment.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.as_str())
    }
}

/// Issues launches of all sessions on the embedded backend.
#[derive(Clone)]
pub struct Launcher {
    /// What the sessions share.
    pub engine: Arc<Engine>,
    queue: Arc<Queue>,
    workers: Arc<OnceLock<()>>,
    width: usize,
}

impl Launcher {
    /// A launcher that runs at most `width` launches at once beside an idle build.
    pub fn new(engine: Arc<Engine>, width: usize) -> Self {
        Self { engine, queue: Arc::new(Queue::new(width)), workers: Arc::default(), width }
    }

    /// Looks at a command and issues it, if that can be done and will do good.
    pub fn consider(&self, known: &Arc<Known>, place: &Arc<Place>, snapshot: &mut Snapshot<'_>) {
        if !self.engine.executor.available() {
            return known.set(Launch::Not("no private view of the build tree can be had".into()));
        }
        let reads = {
            let state = known.state();
            if !matches!(state.launch, Launch::Unseen | Launch::Pending(_)) {
                return;
            }
            state.reads.clone()
        };
        match instantiate(&self.engine, snapshot, &known.call, &reads, place.context()) {
            Err(Unready::Refused(why)) => known.set(Launch::Not(why)),
            Err(Unready::Missing(id)) if place.is_needed(id) => known.set(Launch::Pending(id)),
            Err(Unready::Missing(_) | Unready::Changed) => self.issue(known, place),
            Ok(instance) => {
                let built = newer_output(&known.call, instance.newest_ns);
                match self.engine.cache.find(&instance.action) {
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

    fn issue(&self, known: &Arc<Known>, place: &Arc<Place>) {
        self.workers.get_or_init(|| {
            for _ in 0..self.width {
                let (engine, queue) = (Arc::clone(&self.engine), Arc::clone(&self.queue));
                thread::spawn(move || {
                    while let Some(task) = queue.next() {
                        if task.known.claim() {
                            run(&engine, &task, false);
                        }
                        queue.done();
                    }
                });
            }
        });
        let order = {
            let mut state = known.state();
            state.launch = Launch::Queued;
            state.launched = true;
            state.record.order
        };
        self.queue.push(order, Task { known: Arc::clone(known), place: Arc::clone(place) });
    }

    /// The build asks for a command whose launch is in flight: waits for it, without a turn in the queue.
    ///
    /// `alive` is asked once a second whether anybody still waits.
    pub fn join(&self, known: &Arc<Known>, place: &Arc<Place>, alive: &mut dyn FnMut() -> bool) -> bool {
        if known.claim() {
            let (engine, known, place) = (Arc::clone(&self.engine), Arc::clone(known), Arc::clone(place));
            thread::spawn(move || run(&engine, &Task { known, place }, true));
        } else if let Launch::Running(Some(group)) = known.state().launch {
            hurry(group);
        }
        self.queue.busy(true);
        let finished = known.wait(alive);
        self.queue.busy(false);
        finished
    }

    /// A compile of the build's own begins (`true`) or has ended: launches leave it its core.
    pub fn busy(&self, begun: bool) {
        self.queue.busy(begun);
    }

    /// Ends what is in flight of a session; returns how many launches that ended.
    pub fn cancel(&self, place: &Arc<Place>, knowns: &[Arc<Known>]) -> u64 {
        let mut cancelled = 0;
        for task in self.queue.drain(place) {
            if task.known.claim() {
                task.known.set(Launch::Failed("cancelled".into()));
                cancelled += 1;
            }
        }
        for known in knowns {
            if let Launch::Running(Some(group)) = known.state().launch {
                kill(group);
                cancelled += 1;
            }
        }
        cancelled
    }

    /// Lets the workers end.
    pub fn close(&self) {
        self.queue.close();
    }
}

/// Carries a claimed launch through.
fn run(engine: &Engine, task: &Task, asked: bool) {
    let Task { known, place } = task;
    let next = carry(engine, task, asked).unwrap_or_else(|why| {
        tracing::debug!("launch of {} in {}: {why}", known.call.compile.source, place.root);
        Launch::Failed(why)
    });
    known.set(next);
}

fn carry(engine: &Engine, task: &Task, asked: bool) -> Result<Launch, String> {
    let Task { known, place } = task;
    let reads = known.state().reads.clone();
    let mut snapshot = Snapshot::new(&engine.files);
    let mut instance = instantiate(engine, &mut snapshot, &known.call, &reads, place.context());
    if let Err(Unready::Missing(id)) = instance
        && place.is_needed(id)
    {
        return Ok(pending(known, id));
    }
    if matches!(instance, Err(Unready::Changed | Unready::Missing(_))) {
        let environment = place.environment_of(&known.call);
        let (scanned, found) = match (examine(engine, &known.call, place.context(), &environment), instance) {
            (Ok(examined), _) => examined,
            (Err(_), Err(Unready::Missing(id))) => {
                place.need(id);
                return Ok(pending(known, id));
            }
            (Err(why), _) => return Err(why),
        };
        let mut state = known.state();
        state.reads = scanned;
        state.rescanned = true;
        drop(state);
        instance = Ok(found);
    }
    let instance = instance.map_err(|error| error.to_string())?;
    if let Some(outcome) = engine.cache.find(&instance.action) {
        return Ok(Launch::Ready(instance.action, outcome));
    }
    let_tick_pass(instance.changed_ns);
    known.state().executed = true;
    let performed = perform(engine, known, place, asked, &|group| {
        known.set(Launch::Running(Some(group)));
    })?;
    let mut state = known.state();
    state.cpu = performed.cpu;
    state.record.cost_us = performed.cpu.as_micros() as u64;
    state.record.wall_us = performed.wall.as_micros() as u64;
    state.reads = performed.learnt.reads;
    drop(state);
    let action = performed.learnt.kept.map_err(|error| error.to_string())?;
    Ok(Launch::Ready(action, performed.outcome))
}

/// Waits until the clock that stamps files is past an input's last change: a compile that begins in the same tick could
/// not be told from one during which the file changed.
fn let_tick_pass(changed_ns: i64) {
    // A tick takes 10 ms at most. A file from the future is not waited for.
    for _ in 0..10 {
        if stamp::before_any_change_ns() > changed_ns {
            return;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// A command that waits for a file counts as a launch only once it is issued with it.
fn pending(known: &Known, id: PathId) -> Launch {
    known.state().launched = false;
    Launch::Pending(id)
}

/// Whether the command's object is there and no older than any input, so that a build would not ask for it.
fn newer_output(call: &Call, newest_ns: i64) -> bool {
    call.compile.outputs.first().is_some_and(|output| {
        fs::metadata(call.absolute(&output.path))
            .is_ok_and(|meta| meta.mtime() * 1_000_000_000 + meta.mtime_nsec() >= newest_ns)
    })
}

/// The input that a launch waits for, if it does.
pub fn awaited(known: &Known) -> Option<PathId> {
    match known.state().launch {
        Launch::Pending(id) => Some(id),
        _ => None,
    }
}

/// Whether a launch waits for an input or may yet come to.
pub fn is_open(known: &Known) -> bool {
    matches!(known.state().launch, Launch::Unseen | Launch::Pending(_) | Launch::Queued | Launch::Running(_))
}
