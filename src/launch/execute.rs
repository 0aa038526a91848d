//! Carrying one launch through: instantiate it on the files as they are now, and have it looked up or executed.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::time::Duration;

use super::decide::{Against, Instantiated, NotReady, decide, ready};
use super::life::{Decision, Runner};
use super::miss::MissReason;
use super::queue::Task;
use crate::base::paths::PathId;
use crate::cache::outcome::Outcome;
use crate::command::normalise::from_template;
use crate::compile::call::Call;
use crate::compile::engine::Engine;
use crate::compile::instance::{Instance, Unready};
use crate::compile::perform::{examine, let_tick_pass, perform};
use crate::compile::predict::Predicted;
use crate::compile::unperformed::Unperformed;
use crate::grid::Grid;
use crate::grid::moment::Moment;
use crate::grid::publish_compile::publish_compile;
use crate::grid::traced::Wanted;
use crate::grid::unobtainable::Unobtainable;
use crate::inputs::snapshot::Snapshot;
use crate::reapi::Cancel;
use crate::recc::wrapper::{NotByRecc, Wrapper};
use crate::settings::Policy;
use crate::traced::observe::Unlearnt;
use crate::traced::observed::Observed;
use crate::traced::work::Work;
use crate::traced::{self, Traced};

/// Where a launch may be carried through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    /// On a core of this machine.
    Here,
    /// On the grid, else here at once: a build waits for it.
    Anywhere,
}

/// Why a launch comes to nothing.
#[derive(Debug, thiserror::Error)]
enum LaunchError {
    /// It cannot be launched on the files that are there.
    #[error("{0}")]
    Refused(String),
    /// No core here can be given to it.
    #[error("no private view of the build tree can be had")]
    NoView,
    /// Its compile came to nothing.
    #[error(transparent)]
    Unperformed(#[from] Unperformed),
    /// Its traced run came to nothing.
    #[error(transparent)]
    Unlearnt(#[from] Unlearnt),
    /// recc's run came to nothing.
    #[error(transparent)]
    NotByRecc(#[from] NotByRecc),
    /// A new round has begun meanwhile.
    #[error("it was given up for another launch")]
    Replaced,
}

/// Carries a claimed launch through.
pub(super) fn execute(engine: &Engine, task: &Task, context: Where) -> Decision {
    // Of one that has gone, the number may be given again at once.
    let place = || {
        let found = fs::metadata(task.candidate.work.directory()).ok()?;
        Some((found.dev(), found.ino(), found.created().ok()))
    };
    let before = place();
    let attempt = || match &task.candidate.work {
        Work::Compile(call) => compile(engine, task, call, context),
        Work::Traced(traced) => trace(engine, task, traced, context == Where::Anywhere),
    };
    let mut executed = attempt();
    // The build has taken its folder away meanwhile, or has made it anew: nothing is wrong with the launch.
    if executed.is_err() && place() != before {
        executed = attempt();
    }
    executed.unwrap_or_else(|why| {
        tracing::debug!("launch of {} in {}: {why}", task.candidate.work.label(), task.context.site.root);
        Decision::Failed(why.to_string())
    })
}

/// Carries a traced command through. A grid may have its result, but only this machine runs it.
fn trace(engine: &Engine, task: &Task, traced: &Traced, asked: bool) -> Result<Decision, LaunchError> {
    match trace_once(engine, task, traced, asked) {
        // The build goes on beside it.
        Err(LaunchError::Unlearnt(Unlearnt::Meanwhile(_))) => trace_once(engine, task, traced, asked),
        launch => launch,
    }
}

fn trace_once(engine: &Engine, task: &Task, traced: &Traced, asked: bool) -> Result<Decision, LaunchError> {
    let &Task { ref candidate, ref context, round, .. } = task;
    let mut snapshot = Snapshot::new(&engine.files);
    let predicted = context.predicted(&mut snapshot);
    let ahead = match ready(engine, &mut snapshot, traced, task.on(&predicted)) {
        Ok(ahead) => ahead,
        Err(NotReady::Wait(file)) => return Ok(Decision::Wait(file)),
        Err(NotReady::Refuse(why)) => return Err(LaunchError::Refused(why)),
        Err(NotReady::Scan(_)) => return Err(LaunchError::Refused(Unready::Changed.to_string())),
    };
    if let Some(decision) = decide(engine, context, &ahead, Against::default()) {
        return Ok(decision);
    }
    let there = || {
        // What needs a core was looked up with others.
        let grid = context.grid.as_ref().filter(|_| !candidate.needs_core())?;
        let wanted = Wanted { key: ahead.key, traced, root: &context.site.root };
        grid.find_traced(&engine.cache, &[wanted]).pop().flatten()
    };
    if let Some(outcome) = there() {
        return Ok(Decision::Ready(ahead.key(), outcome));
    }
    let outputs = candidate.record(|record| record.outputs.clone());
    let outputs: Vec<_> = outputs.iter().map(|path| from_template(path, &context.site.root)).collect();
    let paid = match afford(task, asked) {
        Ok(paid) => paid,
        Err(capped) => return Ok(capped),
    };
    let_tick_pass(ahead.changed_ns);
    candidate.executing(round);
    let set = candidate.reads().set;
    let performed = traced::perform(
        engine,
        traced,
        &context.site,
        (&set, &ahead.overrides),
        &outputs,
        asked,
        &|group| {
            task.run_by(&Runner::Group(group));
        },
    )?;
    context.budget.took(paid, performed.cpu);
    context.budget.left(&performed.observed.outcome);
    if let Some(grid) = &context.grid {
        grid.publish_traced(&engine.cache, &performed.observed.key, &performed.observed.outcome);
    }
    let Observed { key, outcome, reads, .. } = performed.observed;
    if !candidate.learn_run(round, reads, performed.cpu, performed.wall) {
        return Err(LaunchError::Replaced);
    }
    Ok(Decision::Ready(key.exact, outcome))
}

fn compile(engine: &Engine, task: &Task, call: &Call, context: Where) -> Result<Decision, LaunchError> {
    let candidate = &task.candidate;
    let mut snapshot = Snapshot::new(&engine.files);
    let predicted = task.context.predicted(&mut snapshot);
    candidate.predict(task.round, &predicted);
    let instance = match instantiate_or_scan(engine, task, call, &predicted, &mut snapshot) {
        Ok(instance) => instance,
        Err(NotInstantiated::Wait(file)) => return Ok(Decision::Wait(file)),
        Err(NotInstantiated::Refuse(why)) => return Err(LaunchError::Refused(why)),
    };
    if let Some(decision) = decide(engine, &task.context, &instance, Against::default()) {
        return Ok(decision);
    }
    candidate.issued_as(task.round, instance.keys.own);
    if let Some(wrapper) = &task.context.recc {
        return by_recc(engine, task, call, wrapper, &instance);
    }
    let tried = context == Where::Here || candidate.needs_core();
    if let Some(grid) = task.context.grid.as_deref().filter(|_| !tried && !instance.is_for_here()) {
        match on_grid(engine, task, call, grid, &predicted, &instance) {
            Ok(Some(launch)) => return Ok(launch),
            Ok(None) => {}
            Err(error) => grid.complain(&call.compile.source, &error),
        }
    }
    here(engine, task, call, &instance, context == Where::Anywhere, &predicted)
}

/// Why a launch cannot be carried through.
pub(super) enum NotInstantiated {
    /// It waits for this file.
    Wait(PathId),
    /// It is not launched.
    Refuse(String),
}

/// The launch's instance on today's files, scanned again if need be.
pub(super) fn instantiate_or_scan<'f>(
    engine: &'f Engine,
    task: &Task,
    call: &Call,
    predicted: &[Predicted],
    snapshot: &mut Snapshot<'f>,
) -> Result<Instance, NotInstantiated> {
    let Task { candidate, context, round, .. } = task;
    let lacks = match ready(engine, snapshot, call, task.on(predicted)) {
        Ok(instance) => return Ok(instance),
        Err(NotReady::Wait(file)) => return Err(NotInstantiated::Wait(file)),
        Err(NotReady::Refuse(why)) => return Err(NotInstantiated::Refuse(why)),
        Err(NotReady::Scan(lacks)) => lacks,
    };
    let environment = context.site.environment_of(call);
    match (examine(engine, call, context.site.context(predicted), &environment), lacks) {
        (Ok((reads, found)), _) => {
            *snapshot = Snapshot::new(&engine.files);
            candidate.learn(*round, reads);
            candidate.predict(*round, predicted);
            Ok(found)
        }
        (Err(_), Some(file)) => {
            context.need(file);
            Err(NotInstantiated::Wait(file))
        }
        (Err(why), None) => Err(NotInstantiated::Refuse(why.to_string())),
    }
}

/// Looks a launch that a build waits for up on the grid and has it executed there; `None` when it has to be run here.
fn on_grid(
    engine: &Engine,
    task: &Task,
    call: &Call,
    grid: &Grid,
    predicted: &[Predicted],
    instance: &Instance,
) -> Result<Option<Decision>, Unobtainable> {
    let Task { candidate, context, round, .. } = task;
    let moment = Moment::new(engine, instance, predicted);
    let environment = context.site.environment_of(call);
    let job = moment.job(call, &environment);
    let actions = grid.actions(&job)?;
    if let Some(outcome) = grid.find(engine, &job, &actions)? {
        return Ok(Some(Decision::Ready(instance.key(), outcome)));
    }
    if grid.policy(&job, &actions) == Policy::CacheOnly {
        return Ok(None);
    }
    let cancel = Cancel::default();
    candidate.executing(*round);
    task.run_by(&Runner::Grid(cancel.clone()));
    let outcome = grid.execute(engine, &job, &actions, &cancel)?;
    context.budget.left(&outcome);
    Ok((outcome.status == 0).then_some(Decision::Ready(instance.key(), outcome)))
}

/// Pays for a launch and says how much; its state when the session's launches may cost no more. What a build waits for is no
/// speculation.
pub(super) fn afford(task: &Task, asked: bool) -> Result<Duration, Decision> {
    let expected = Duration::from_micros(task.candidate.record(|record| record.cost_us));
    match task.context.budget.begin(expected) {
        Ok(()) => Ok(expected),
        Err(_) if asked => Ok(Duration::ZERO),
        Err(limit) => Err(Decision::LeaveOut(MissReason::Capped.of(limit))),
    }
}

/// Has recc run the launch. Its outputs stay where recc will find them.
fn by_recc(
    engine: &Engine,
    task: &Task,
    call: &Call,
    wrapper: &Wrapper,
    instance: &Instance,
) -> Result<Decision, LaunchError> {
    let Task { candidate, context, round, .. } = task;
    if let Err(capped) = afford(task, false) {
        return Ok(capped);
    }
    candidate.executing(*round);
    wrapper.launch(engine, call, &context.site, &|group| {
        task.run_by(&Runner::Group(group));
    })?;
    Ok(Decision::Ready(instance.key(), Outcome::default()))
}

/// Runs the launch on a core of this machine.
fn here(
    engine: &Engine,
    task: &Task,
    call: &Call,
    instance: &Instance,
    asked: bool,
    predicted: &[Predicted],
) -> Result<Decision, LaunchError> {
    let Task { candidate, context, round, .. } = task;
    if !engine.executor.available() {
        return Err(LaunchError::NoView);
    }
    let paid = match afford(task, asked) {
        Ok(paid) => paid,
        Err(capped) => return Ok(capped),
    };
    let_tick_pass(instance.changed_ns);
    candidate.executing(*round);
    let performed = perform(engine, call, &context.site, &candidate.reads(), asked, predicted, &|group| {
        task.run_by(&Runner::Group(group));
    })?;
    context.budget.took(paid, performed.cpu);
    context.budget.left(&performed.outcome);
    let reads = performed.learnt.reads;
    if !candidate.learn_run(*round, reads.clone(), performed.cpu, performed.wall) {
        return Err(LaunchError::Replaced);
    }
    let key = performed.learnt.kept.map_err(Unperformed::from)?;
    if let Some(grid) = context.grid.as_deref().filter(|grid| grid.takes_results()) {
        let (context, environment) = (context.site.context(predicted), context.site.environment_of(call));
        let left = publish_compile(engine, grid, call, &reads, context, &environment, &key);
        if let Err(why) = left {
            tracing::debug!("launch of {} is not left on the grid: {why}", call.compile.source);
        }
    }
    Ok(Decision::Ready(key, performed.outcome))
}
