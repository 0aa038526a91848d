//! Primes a plan: runs what is recorded of its elements in sandboxes staged as theirs will be, before bst builds them.
//!
//! Nothing here decides what a build gets. What a sandbox launches it leaves in the action cache, as any session does; the
//! element's own sandbox finds what it asks for there, or does not.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, Sender};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use super::brought::brought;
use super::built_from::BuiltFrom;
use super::forecast::{Forecast, Root};
use super::plan::{Plan, Sandbox, Told};
use super::row::{Launched, Primed, Row};
use super::sandbox_run::{RunError, SandboxRun};
use super::trees::Found;
use crate::reapi::{Client, Endpoint, Endpoints, GridError};

/// The notes on what artifacts were built from, in BuildStream's cache folder: they go with it.
const NOTES: &str = "spec-cc/built-from";

/// What happens to a plan.
#[derive(Debug)]
pub enum Event {
    /// The hook told something.
    Told(Told),
    /// The sandbox of an element has ended.
    Ended(usize, Result<Launched, RunError>, Duration),
    /// Nothing more is told.
    Over,
}

/// How to prime.
#[derive(Debug, Clone, Copy)]
pub struct Options {
    /// Sandboxes that run at once.
    pub sandboxes: usize,
    /// Launches that run at once on this machine, in each.
    pub jobs: usize,
}

/// A plan that is being primed.
pub struct Primer {
    forecast: Forecast,
    built_from: BuiltFrom,
    casd: Client,
    options: Options,
    events: Sender<Event>,
    elements: Vec<State>,
    made: Instant,
    /// The same, seconds since the epoch.
    made_at: u64,
}

/// An element's state.
struct State {
    row: Row,
    /// How far it is from the targets: what is deepest is built first.
    depth: usize,
    /// What is staged for it.
    on: BTreeSet<usize>,
    /// What it was primed on, and what its commands read of that.
    basis: Option<(Root, Vec<String>)>,
    /// Results that were in the action cache before anything was launched.
    found_before: Option<u64>,
    /// Ends its sandbox.
    stop: Option<Arc<AtomicBool>>,
    /// Whether bst builds it, or has.
    begun: bool,
    pulling: bool,
}

impl Primer {
    /// Prepares to prime `plan`; `events` is where the ends of sandboxes are told. Fails when its casd cannot be used.
    pub fn new(plan: Plan, options: Options, events: Sender<Event>) -> Result<Self, GridError> {
        let casd = Endpoint { instance: plan.instance.clone(), ..Endpoint::new(&plan.casd) };
        let casd = Client::new(&Endpoints { cas: casd.clone(), action_cache: casd, execution: None })?;
        let built_from = BuiltFrom::read(&plan.cache.join(NOTES));
        let mut forecast = Forecast::new(plan, &built_from);
        let depths = depths(&forecast.plan);
        let elements = (0..depths.len()).map(|element| State::new(&mut forecast, element, depths[element]));
        let elements = elements.collect();
        let made = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
        Ok(Self {
            forecast,
            built_from,
            casd,
            options,
            events,
            elements,
            made: Instant::now(),
            made_at: made,
        })
    }

    /// What has come of the elements that have to be built by commands, those that are built first before the others.
    pub fn rows(&self) -> Vec<Row> {
        let built = self.elements.iter().zip(&self.forecast.plan.elements);
        let built = built.filter(|(_, element)| element.needed && element.sandbox.is_some());
        let mut needed: Vec<&State> = built.map(|(state, _)| state).collect();
        needed.sort_by_key(|state| std::cmp::Reverse(state.depth));
        needed.into_iter().map(|state| state.row.clone()).collect()
    }

    /// Looks at what could be primed now, and begins with nothing.
    pub fn look(&mut self) {
        for element in 0..self.elements.len() {
            let plan = &self.forecast.plan.elements[element];
            let Some(sandbox) = plan.sandbox.clone() else { continue };
            if let Primed::Waiting { .. } = self.elements[element].row.primed
                && let Err(primed) = self.staged(element, &sandbox)
            {
                self.elements[element].row.primed = primed;
            }
        }
    }

    /// Begins with what can be primed now.
    pub fn begin(&mut self) {
        let mut order: Vec<usize> = (0..self.elements.len()).collect();
        order.sort_by_key(|&element| std::cmp::Reverse(self.elements[element].depth));
        for element in order {
            if self.running() >= self.options.sandboxes {
                return;
            }
            if matches!(self.elements[element].row.primed, Primed::Waiting { .. }) {
                self.start(element);
            }
        }
    }

    /// Whether nothing runs, and nothing could.
    pub fn is_at_rest(&self) -> bool {
        self.running() == 0
    }

    fn running(&self) -> usize {
        self.elements.iter().filter(|state| state.stop.is_some()).count()
    }

    /// Takes note of what has happened, and begins with what can be primed by it.
    pub fn handle(&mut self, event: Event) {
        match event {
            // Only what the plan has can be told of.
            Event::Told(told) if told.element().is_some_and(|element| element < self.elements.len()) => {
                self.told(&told);
            }
            Event::Ended(element, result, took) => self.ended(element, result, took),
            Event::Told(_) | Event::Over => {}
        }
        self.begin();
    }

    fn told(&mut self, told: &Told) {
        let now = Some(self.made.elapsed().as_secs_f64());
        match *told {
            Told::Fetched { element, sources } => self.forecast.fetched(element, sources),
            Told::Building { element } => {
                let state = &mut self.elements[element];
                state.begun = true;
                state.row.begun_s = now;
                state.give_up();
                // From here on its own session launches what it needs.
                state.stop();
            }
            Told::Built { element, files: Some(files) } => {
                let state = &mut self.elements[element];
                if state.begun {
                    self.account(element);
                } else {
                    state.row.primed = Primed::Cached;
                    state.stop();
                }
                let state = &mut self.elements[element];
                state.begun = true;
                state.row.built_s = now;
                self.forecast.built(element, files);
                if let Some(sources) = self.forecast.sources(element)
                    && let Err(error) = self.built_from.note(files, sources)
                {
                    tracing::warn!("what the artifact was built from is not noted: {error}");
                }
                self.outdate(element);
            }
            Told::Built { element, files: None } => self.elements[element].pulling = false,
            Told::Plan(_) | Told::Ending | Told::Failed(_) => {}
        }
    }

    /// Says what it has brought that an element was primed, now that it is built.
    fn account(&mut self, element: usize) {
        let sandbox = self.forecast.plan.elements[element].sandbox.as_ref();
        let Some(brought) = sandbox.and_then(|sandbox| brought(&self.casd, sandbox, self.made_at)) else {
            return;
        };
        let state = &mut self.elements[element];
        let launched = state.row.launched + brought.launched;
        // What was there before has served, too.
        let useful = brought.served.saturating_sub(state.found_before.unwrap_or_default()).min(launched);
        state.row.useful = Some(useful);
        state.row.wasted = Some(launched - useful);
        state.row.launched_there = Some(brought.launched);
        state.row.saved_s = Some(brought.saved_s);
    }

    /// Has those primed anew that were primed on something else than there is now that `built` is there.
    fn outdate(&mut self, built: usize) {
        for element in 0..self.elements.len() {
            let state = &self.elements[element];
            if state.row.primed == Primed::Done && !state.begun && state.on.contains(&built) {
                self.compare(element);
            }
        }
    }

    /// Has an element primed anew if what its commands read is not what they were launched on.
    fn compare(&mut self, element: usize) {
        let Some(sandbox) = self.forecast.plan.elements[element].sandbox.clone() else { return };
        let Ok(now) = self.forecast.root(element, &sandbox) else { return };
        let Some((then, outside)) = &self.elements[element].basis else { return };
        let trees = &mut self.forecast.trees;
        let mut content = |root: &Root, path: &str| match trees.find(&root.tree, path) {
            Ok(Some(Found::File(file))) => file.digest,
            _ => None,
        };
        let same = then.digests == now.digests
            && (then.tree == now.tree
                || outside.iter().all(|path| content(then, path) == content(&now, path)));
        if !same {
            self.elements[element].row.primed = Primed::Waiting { why: "what it reads has changed".into() };
        }
    }

    fn ended(&mut self, element: usize, result: Result<Launched, RunError>, took: Duration) {
        let state = &mut self.elements[element];
        state.stop = None;
        state.row.seconds += took.as_secs_f64();
        match result {
            Ok(launched) => {
                state.row.primed_s.get_or_insert(self.made.elapsed().as_secs_f64());
                state.row.commands = launched.commands;
                state.row.launched += launched.launched;
                state.row.found = launched.found;
                state.found_before.get_or_insert(launched.found);
                state.row.primed = match launched.kept_here {
                    Some(why) => Primed::Left { why },
                    None if launched.commands == 0 => {
                        Primed::Left { why: "nothing is recorded of it".into() }
                    }
                    None => Primed::Done,
                };
                if let Some((_, outside)) = &mut state.basis {
                    *outside = launched.outside;
                }
                if !state.begun && state.row.primed == Primed::Done {
                    self.compare(element);
                }
            }
            Err(RunError::Stopped) if state.row.primed_s.is_some() => state.row.primed = Primed::Done,
            Err(RunError::Stopped) => state.row.primed = Primed::Overtaken,
            Err(error) => state.row.primed = Primed::Left { why: error.to_string() },
        }
    }

    /// Starts an element's sandbox, or notes what it waits for.
    fn start(&mut self, element: usize) {
        let Some(sandbox) = self.forecast.plan.elements[element].sandbox.clone() else { return };
        match self.run(element, &sandbox) {
            Ok(()) => {
                self.elements[element].row.primed = Primed::Running;
                self.elements[element].row.times += 1;
            }
            Err(primed) => self.elements[element].row.primed = primed,
        }
    }

    fn run(&mut self, element: usize, sandbox: &Sandbox) -> Result<(), Primed> {
        let left = |why: String| Primed::Left { why };
        let root = self.staged(element, sandbox)?;
        let mut variables = self.elements[element].row.digests.clone();
        variables.insert("SPEC_CC_JOBS".into(), self.options.jobs.to_string());
        let integration: Vec<_> = sandbox.layout.get("/").map_or(Vec::new(), |elements| {
            let staged = self.forecast.plan.run_closure(elements).into_iter();
            staged.filter_map(|other| self.forecast.plan.elements[other].integration.clone()).collect()
        });
        let integration: Vec<_> = integration.iter().collect();
        let blobs = self.forecast.trees.made_of(&root.tree);
        let run = SandboxRun::new(
            &self.forecast.plan,
            &self.casd,
            sandbox,
            (root.tree, &blobs),
            &variables,
            &integration,
            &["specctl", "bst", "launch"],
        );
        let run = run.map_err(|error| left(error.to_string()))?;
        let stop = Arc::new(AtomicBool::new(false));
        self.elements[element].basis = Some((root, Vec::new()));
        self.elements[element].stop = Some(Arc::clone(&stop));
        let events = self.events.clone();
        let started = crate::base::threads::start(move || {
            let begun = Instant::now();
            let result = run.run(&stop).and_then(|written| {
                serde_json::from_slice(&written).map_err(|error| RunError::Failed(error.to_string()))
            });
            let _ = events.send(Event::Ended(element, result, begun.elapsed()));
        });
        if !started {
            self.elements[element].stop = None;
            return Err(left("no thread can be had".into()));
        }
        Ok(())
    }

    /// What an element's sandbox is to be staged, or why it is not to be primed now.
    fn staged(&mut self, element: usize, sandbox: &Sandbox) -> Result<Root, Primed> {
        let waiting = |why: String| Primed::Waiting { why };
        if self.elements[element].pulling {
            return Err(waiting("it may be pulled".into()));
        }
        let root = self.forecast.root(element, sandbox).map_err(|why| waiting(why.to_string()))?;
        let digests = root.digests.iter().map(|(name, digest)| (name.clone(), digest.to_string()));
        self.elements[element].row.digests = digests.collect();
        if !self.has_specctl(&root, sandbox) {
            return Err(Primed::Left { why: "spec-cc is not in its sandbox".into() });
        }
        Ok(root)
    }

    /// Whether the sandbox's PATH leads to specctl.
    fn has_specctl(&mut self, root: &Root, sandbox: &Sandbox) -> bool {
        let path = sandbox.environment.get("PATH").map_or("/usr/bin:/bin", String::as_str);
        path.split(':').any(|folder| {
            matches!(
                self.forecast.trees.find(&root.tree, &format!("{folder}/specctl")),
                Ok(Some(Found::File(_)))
            )
        })
    }

    /// Ends all sandboxes, and waits until they have.
    pub fn end(&mut self, events: &Receiver<Event>) {
        for state in &mut self.elements {
            state.give_up();
            state.stop();
        }
        while self.running() > 0 {
            match events.recv() {
                Ok(Event::Ended(element, result, took)) => self.ended(element, result, took),
                Ok(_) => {}
                Err(_) => return,
            }
        }
    }
}

impl State {
    fn new(forecast: &mut Forecast, number: usize, depth: usize) -> Self {
        let element = &forecast.plan.elements[number];
        let left = |why: &str| Primed::Left { why: why.to_owned() };
        let primed = match &element.sandbox {
            None => Primed::Cached,
            Some(_) if !element.needed => Primed::Cached,
            Some(sandbox) if sandbox.workspace => left("it is a workspace, where earlier builds leave files"),
            Some(sandbox) if !sandbox.platform.contains_key("remoteApisSocketPath") => {
                left("its sandbox has no remote-apis-socket")
            }
            Some(sandbox) => match sandbox.environment.get("SPEC_CC_MODE").map(String::as_str) {
                None | Some("spec" | "") => Primed::Waiting { why: "its turn has not come".into() },
                Some(mode) => Primed::Left { why: format!("its mode is {mode}") },
            },
        };
        let on = element.sandbox.as_ref().map(|sandbox| forecast.staged_for(sandbox)).unwrap_or_default();
        let row = Row::new(element.name.clone(), primed);
        Self {
            row,
            depth,
            on,
            basis: None,
            found_before: None,
            stop: None,
            begun: false,
            pulling: element.pulling,
        }
    }

    /// Waits no more.
    fn give_up(&mut self) {
        if let Primed::Waiting { .. } = self.row.primed {
            let primed = self.row.primed_s.is_some();
            self.row.primed = if primed { Primed::Done } else { Primed::Overtaken };
        }
    }

    fn stop(&self) {
        if let Some(stop) = &self.stop {
            stop.store(true, Ordering::Relaxed);
        }
    }
}

/// For each element, the longest way from it to one that nothing is built on.
fn depths(plan: &Plan) -> Vec<usize> {
    let mut depths = vec![0; plan.elements.len()];
    // What an element needs comes before it in the plan.
    for (number, element) in plan.elements.iter().enumerate().rev() {
        let staged = element.sandbox.iter().flat_map(|sandbox| {
            sandbox.layout.values().chain(sandbox.digest_environment.values()).flatten().copied()
        });
        for other in element.run.iter().copied().chain(staged) {
            depths[other] = depths[other].max(depths[number] + 1);
        }
    }
    depths
}
