//! Where a session builds: what every launch in it has in common.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use super::bell::Bell;
use super::budget::Budget;
use super::candidate::Known;
use super::producers::{Makers, product};
use super::recheck::Agains;
use crate::base::paths::PathId;
use crate::command::{self, normalise};
use crate::compile::call::{Call, lexical};
use crate::compile::engine::Engine;
use crate::compile::instance::Context;
use crate::compile::predict::{Assumed, Predictions};
use crate::grid::Grid;
use crate::inputs::snapshot::Snapshot;
use crate::recc::wrapper::Wrapper;

/// Where a session builds: what every launch in it has in common.
pub struct Place {
    /// The project root, absolute.
    pub root: String,
    /// The environment of the command that opened the session.
    pub environment: Vec<(String, String)>,
    /// The grid that it uses, if it uses one.
    pub grid: Option<Arc<Grid>>,
    /// The recc that runs its commands, if it is to.
    pub recc: Option<Arc<Wrapper>>,
    /// What its build is expected to make.
    pub predictions: Predictions,
    /// Which of its commands makes what.
    pub makers: Makers,
    /// What its launches may cost.
    pub budget: Budget,
    /// Rings when another file is awaited, and when the session ends.
    pub bell: Bell,
    /// Its commands that are to be looked at again.
    pub(super) agains: Agains,
    /// Whether the session has ended.
    closed: AtomicBool,
    /// Missing files that a scan could not do without: not generated yet, rather than no longer included.
    needed: Mutex<HashSet<PathId>>,
}

impl Place {
    /// A project root, and the environment that launches start from.
    pub fn new(root: String, environment: Vec<(String, String)>) -> Self {
        Self {
            root,
            environment,
            grid: None,
            recc: None,
            predictions: Predictions::default(),
            makers: Makers::default(),
            budget: Budget::default(),
            bell: Bell::default(),
            agains: Agains::default(),
            closed: AtomicBool::new(false),
            needed: Mutex::default(),
        }
    }

    /// Says that the session has ended: nothing more is to be begun for it.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.makers.let_go();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    pub(super) fn is_needed(&self, id: PathId) -> bool {
        self.needed.lock().unwrap_or_else(PoisonError::into_inner).contains(&id)
    }

    pub(super) fn need(&self, id: PathId) {
        if self.needed.lock().unwrap_or_else(PoisonError::into_inner).insert(id) {
            self.bell.ring();
        }
    }

    /// Whether there is nothing to do for the launches of `knowns` unless files change.
    pub fn is_at_rest(&self, knowns: &[Arc<Known>]) -> bool {
        self.agains.none_while(|| knowns.iter().all(|known| known.is_at_rest()) && !self.makers.wake())
    }

    /// The files that the build is expected to make, or that launches wait for, whether they are there or not.
    pub fn awaited(&self) -> Vec<PathId> {
        let mut files: HashSet<PathId> =
            self.needed.lock().unwrap_or_else(PoisonError::into_inner).iter().copied().collect();
        files.extend(self.predictions.paths());
        files.into_iter().collect()
    }

    /// Takes note of what a command makes.
    pub fn makes(&self, engine: &Engine, known: &Arc<Known>) {
        let outputs = known.state().record.outputs.clone();
        let paths = outputs.iter().map(|path| normalise::from_template(path, &self.root));
        self.makers.add(known, paths.map(|path| product(engine, known, &path)));
    }

    /// The command that makes the file at a path as one at position `before` in the build finds it, and that file.
    pub fn maker(&self, engine: &Engine, path: &str, before: u32) -> Option<(PathId, Arc<Known>)> {
        let file = engine.paths().intern(&lexical(Path::new(path)).to_string_lossy());
        self.makers.of(file, before).map(|maker| (file, maker))
    }

    /// The environment to run a call in: the session's, with the call's own variables in place of those that count.
    pub fn environment_of(&self, call: &Call) -> Vec<(String, String)> {
        self.environment_for(&call.environment, command::keyed, &call.directory)
    }

    /// The session's environment, with `own` in place of the variables that are `keyed`, for a run in `directory`.
    pub fn environment_for(
        &self,
        own: &[(String, String)],
        keyed: fn(&str) -> bool,
        directory: &str,
    ) -> Vec<(String, String)> {
        let mut environment: HashMap<&str, &str> = self
            .environment
            .iter()
            .filter(|(name, _)| !keyed(name) && !name.starts_with("SPEC_CC_"))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        // The jobserver's descriptors are not here.
        environment.retain(|name, _| !matches!(*name, "MAKEFLAGS" | "MFLAGS" | "MAKELEVEL"));
        for (name, value) in own {
            environment.insert(name, value);
        }
        // The compiler records this spelling of the working directory when it names the same folder.
        environment.insert("PWD", directory);
        environment.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// A record's variables as its command will have them in this session, sorted by name: those of the day and the terminal are the
    /// session's where that has them, that of the language is not.
    pub fn recorded(&self, record: &[(String, String)], keyed: fn(&str) -> bool) -> Vec<(String, String)> {
        let back =
            |(name, value): &(String, String)| (name.clone(), normalise::from_template(value, &self.root));
        let is_todays = |name: &str| keyed(name) && command::is_of_the_session(name);
        let today = self.environment.iter().filter(|(name, _)| is_todays(name));
        let mut variables: BTreeMap<String, String> = record.iter().map(back).collect();
        variables.extend(today.cloned());
        variables.into_iter().collect()
    }

    /// Where and with what a call of the session runs once the build has made what it is expected to.
    pub fn context<'a>(&'a self, assumed: &'a [Assumed]) -> Context<'a> {
        Context { path: self.path(), root: &self.root, assumed }
    }

    /// What has to be assumed to launch something now. recc reads the tree itself, so for it nothing can be.
    pub fn assumed(&self, snapshot: &mut Snapshot<'_>) -> Arc<[Assumed]> {
        if self.recc.is_some() { Arc::default() } else { self.predictions.missing(snapshot) }
    }

    /// The search path for programs.
    pub fn path(&self) -> Option<&str> {
        self.environment.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.as_str())
    }
}
