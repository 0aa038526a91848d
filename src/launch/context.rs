//! Where a session builds: what every launch in it has in common.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use parking_lot::Mutex;

use super::bell::Bell;
use super::budget::Budget;
use super::candidate::Candidate;
use super::producers::{Producers, product};
use super::recheck::Rechecks;
use crate::base::lexical::lexical;
use crate::base::paths::PathId;
use crate::base::variable::Variable;
use crate::command::normalise;
use crate::compile::engine::Engine;
use crate::compile::predict::{Predicted, Predictions};
use crate::compile::site::Site;
use crate::grid::Grid;
use crate::inputs::snapshot::Snapshot;
use crate::recc::wrapper::Wrapper;

/// Where a session builds: what every launch in it has in common.
pub struct SessionContext {
    /// Its root and its environment.
    pub site: Site,
    /// The grid that it uses, if it uses one.
    pub grid: Option<Arc<Grid>>,
    /// The recc that runs its commands, if it is to.
    pub recc: Option<Arc<Wrapper>>,
    /// What its build is expected to make.
    pub predictions: Predictions,
    /// Which of its commands makes what.
    pub producers: Producers,
    /// What its launches may cost.
    pub budget: Budget,
    /// Rings when another file is awaited, and when the session ends.
    pub bell: Bell,
    /// Its commands that are to be looked at again.
    pub(super) rechecks: Arc<Rechecks>,
    /// Whether the session has ended.
    closed: AtomicBool,
    /// Missing files that a scan could not do without: not generated yet, rather than no longer included.
    needed: Mutex<HashSet<PathId>>,
}

impl SessionContext {
    /// A project root, and the environment that launches start from.
    pub fn new(root: String, environment: Vec<Variable>) -> Self {
        Self {
            site: Site { root, environment },
            grid: None,
            recc: None,
            predictions: Predictions::default(),
            producers: Producers::default(),
            budget: Budget::default(),
            bell: Bell::default(),
            rechecks: Arc::default(),
            closed: AtomicBool::new(false),
            needed: Mutex::default(),
        }
    }

    /// Says that the session has ended: nothing more is to be begun for it.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::SeqCst);
        self.producers.let_go();
    }

    pub(super) fn is_closed(&self) -> bool {
        self.closed.load(Ordering::SeqCst)
    }

    pub(super) fn is_needed(&self, id: PathId) -> bool {
        self.needed.lock().contains(&id)
    }

    pub(super) fn need(&self, id: PathId) {
        if self.needed.lock().insert(id) {
            self.bell.ring();
        }
    }

    /// Whether there is nothing to do for the launches of `candidates` unless files change.
    pub fn is_at_rest(&self, candidates: &[Arc<Candidate>]) -> bool {
        self.rechecks.none_while(|| {
            candidates.iter().all(|candidate| candidate.is_at_rest()) && !self.producers.wake()
        })
    }

    /// The files that the build is expected to make, or that launches wait for, whether they are there or not.
    pub fn awaited(&self) -> Vec<PathId> {
        let mut files: HashSet<PathId> = self.needed.lock().iter().copied().collect();
        files.extend(self.predictions.paths());
        files.into_iter().collect()
    }

    /// Takes note of what a command makes.
    pub fn makes(&self, engine: &Engine, candidate: &Arc<Candidate>) {
        let outputs = candidate.record(|record| record.outputs.clone());
        let paths = outputs.iter().map(|path| normalise::from_template(path, &self.site.root));
        self.producers.add(candidate, paths.map(|path| product(engine, candidate, &path)));
    }

    /// The command that makes the file at a path as one at position `before` in the build finds it, and that file.
    pub fn producer(&self, engine: &Engine, path: &str, before: u32) -> Option<(PathId, Arc<Candidate>)> {
        let file = engine.paths().intern(&lexical(Path::new(path)).to_string_lossy());
        self.producers.of(file, before).map(|producer| (file, producer))
    }

    /// What has to be predicted to launch something now. recc reads the tree itself, so for it nothing can be.
    pub fn predicted(&self, snapshot: &mut Snapshot<'_>) -> Arc<[Predicted]> {
        if self.recc.is_some() { Arc::default() } else { self.predictions.yet_to_come(snapshot) }
    }
}
