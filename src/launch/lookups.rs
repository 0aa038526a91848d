//! Traced launches that are looked up on their grid before they get a core: all that wait, together.

use std::sync::mpsc::{Receiver, SendError, Sender, channel};
use std::sync::{Arc, OnceLock};

use super::context::SessionContext;
use super::life::Decision;
use super::queue::Task;
use crate::base::threads;
use crate::compile::cache_key::CacheKey;
use crate::compile::engine::Engine;
use crate::grid::traced::Wanted;
use crate::traced::work::Work;

/// Lookups in one request each, of which a client has many under way at once.
const TOGETHER: usize = 256;

/// The thread that looks up, started with the first launch.
#[derive(Clone, Default)]
pub(crate) struct Lookups(Arc<OnceLock<Sender<Task>>>);

impl Lookups {
    /// Looks a queued launch up soon; `missed` takes over one that the grid has no result of, claimed.
    pub(crate) fn push(&self, engine: &Arc<Engine>, task: Task, missed: impl Fn(Task) + Send + 'static) {
        let tasks = self.0.get_or_init(|| {
            let (sender, tasks) = channel();
            let engine = Arc::clone(engine);
            threads::start(move || work(&engine, &tasks, &missed));
            sender
        });
        // The thread lives as long as the companion, if one could be had.
        if let Err(SendError(task)) = tasks.send(task)
            && task.claim()
        {
            task.end(Decision::Failed(threads::NONE.into()));
        }
    }
}

fn work(engine: &Engine, tasks: &Receiver<Task>, missed: &dyn Fn(Task)) {
    for first in tasks {
        let mut waiting: Vec<Task> =
            std::iter::once(first).chain(tasks.try_iter().take(TOGETHER - 1)).collect();
        while let Some(context) = waiting.first().map(|task| Arc::clone(&task.context)) {
            let (here, others) = waiting.into_iter().partition(|task| Arc::ptr_eq(&task.context, &context));
            waiting = others;
            look_up(engine, &context, here, missed);
        }
    }
}

fn look_up(engine: &Engine, context: &SessionContext, tasks: Vec<Task>, missed: &dyn Fn(Task)) {
    // What has no key any more was given up for another launch.
    let keyed = tasks.into_iter().filter_map(|task| {
        let key = task.candidate.issued(task.round)?;
        Some((task, key))
    });
    let keyed: Vec<(Task, CacheKey)> = keyed.collect();
    let wanted = keyed.iter().filter_map(|(task, key)| match &task.candidate.work {
        Work::Traced(traced) => Some(Wanted { key: *key, traced, root: &context.site.root }),
        Work::Compile(_) => None,
    });
    let wanted: Vec<_> = wanted.collect();
    let found = match context.grid.as_ref().filter(|_| !context.is_closed()) {
        Some(grid) => grid.find_traced(&engine.cache, &wanted),
        None => keyed.iter().map(|_| None).collect(),
    };
    for ((task, key), found) in keyed.iter().zip(found) {
        // One that the build has asked for meanwhile was not to wait for this.
        if !task.claim() {
            continue;
        }
        match found {
            Some(outcome) => drop(task.end(Decision::Ready(key.exact, outcome))),
            None if context.is_closed() => task.cancel(),
            None => missed(task.clone()),
        }
    }
}
