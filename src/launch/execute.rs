//! Carrying one launch through: instantiate it on the files as they are now, and have it looked up or executed.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use super::candidate::{Known, Launch, Runner};
use super::instantiate_traced::look_ahead;
use super::miss::Unserved;
use super::queue::Task;
use super::work::Work;
use crate::base::paths::PathId;
use crate::cache::outcome::Outcome;
use crate::command::normalise::from_template;
use crate::compile::call::Call;
use crate::compile::engine::Engine;
use crate::compile::instance::{Instance, Unready, instantiate};
use crate::compile::perform::{examine, let_tick_pass, perform};
use crate::compile::predict::Assumed;
use crate::compile::reads::Reads;
use crate::grid::moment::Moment;
use crate::grid::publish_compile::leave;
use crate::grid::traced::Wanted;
use crate::grid::unobtainable::Unobtainable;
use crate::grid::{Executed, Grid};
use crate::inputs::snapshot::Snapshot;
use crate::reapi::Cancel;
use crate::recc::wrapper::Wrapper;
use crate::settings::Policy;
use crate::traced::observe::Unlearnt;
use crate::traced::{self, Traced};

/// Where a launch may be carried through.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    /// On a core of this machine.
    Here,
    /// On the grid, else here at once: a build waits for it.
    Anywhere,
}

/// Carries a claimed launch through.
pub(super) fn carry(engine: &Engine, task: &Task, context: Where) -> Launch {
    let is_there = || Path::new(task.known.work.directory()).is_dir();
    let before = is_there();
    let mut carried = try_carry(engine, task, context);
    // The build has taken its folder away meanwhile, to make it anew: nothing is wrong with the launch.
    if carried.is_err() && is_there() != before {
        carried = try_carry(engine, task, context);
    }
    carried.unwrap_or_else(|why| {
        tracing::debug!("launch of {} in {}: {why}", task.known.work.label(), task.context.site.root);
        Launch::Failed(why)
    })
}

fn try_carry(engine: &Engine, task: &Task, context: Where) -> Result<Launch, String> {
    match &task.known.work {
        Work::Compile(call) => compile(engine, task, call, context),
        Work::Traced(traced) => trace(engine, task, traced, context == Where::Anywhere),
    }
}

/// Carries a traced command through. A grid may have its result, but only this machine runs it.
fn trace(engine: &Engine, task: &Task, traced: &Traced, asked: bool) -> Result<Launch, String> {
    let launch = match trace_once(engine, task, traced, asked) {
        // The build goes on beside it.
        Err(Unlearnt::Meanwhile(_)) => trace_once(engine, task, traced, asked),
        launch => launch,
    };
    launch.map_err(|why| why.to_string())
}

fn trace_once(engine: &Engine, task: &Task, traced: &Traced, asked: bool) -> Result<Launch, Unlearnt> {
    let Task { known, context, .. } = task;
    let mut snapshot = Snapshot::new(&engine.files);
    let (foreseen, found) = match look_ahead(engine, &mut snapshot, known, context, traced) {
        Ok(ahead) => ahead,
        Err(Unready::Missing(id)) => {
            known.state().launched = false;
            return Ok(Launch::Pending(id));
        }
        Err(why) => return Err(why.to_string().into()),
    };
    if found.key.is_barred(&engine.cache) {
        return Ok(known.leave_out(Unserved::Quarantined.into()));
    }
    let there = || {
        // What needs a core was looked up with others.
        let grid = context.grid.as_ref().filter(|_| !known.state().needs_core)?;
        let wanted = Wanted { key: found.key, traced, root: &context.site.root };
        grid.find_traced(&engine.cache, &[wanted]).pop().flatten()
    };
    if let Some(outcome) = found.key.find_any(&engine.cache).or_else(there) {
        return Ok(Launch::Ready(found.key.exact, outcome));
    }
    let outputs = known
        .state()
        .record
        .outputs
        .iter()
        .map(|path| from_template(path, &context.site.root))
        .collect::<Vec<_>>();
    let paid = match afford(task, asked) {
        Ok(paid) => paid,
        Err(capped) => return Ok(capped),
    };
    let_tick_pass(found.changed_ns);
    known.state().executed = true;
    let set = Arc::clone(&known.state().reads.set);
    let performed =
        traced::perform(engine, traced, &context.site, (&set, &foreseen), &outputs, asked, &|group| {
            task.run_by(&Runner::Group(group));
        })?;
    context.budget.took(paid, performed.cpu);
    context.budget.left(&performed.observed.outcome);
    if let Some(grid) = &context.grid {
        grid.keep_traced(&engine.cache, &performed.observed.key, &performed.observed.outcome);
    }
    let mut state = known.state();
    if state.round != task.round {
        return Err("it was given up for another launch".to_owned().into());
    }
    state.cpu = performed.cpu;
    state.record.cost_us = performed.cpu.as_micros() as u64;
    state.record.wall_us = performed.wall.as_micros() as u64;
    state.rescanned |= state.reads != performed.observed.reads;
    state.reads = performed.observed.reads;
    Ok(Launch::Ready(performed.observed.key.exact, performed.observed.outcome))
}

fn compile(engine: &Engine, task: &Task, call: &Call, context: Where) -> Result<Launch, String> {
    let known = &task.known;
    let mut snapshot = Snapshot::new(&engine.files);
    let assumed = task.context.assumed(&mut snapshot);
    known.assume(&assumed);
    let instance = match settle(engine, task, call, &assumed, &mut snapshot)? {
        Ok(instance) => instance,
        Err(id) => {
            // What waits for a file counts as a launch only once it is issued with it.
            known.state().launched = false;
            return Ok(Launch::Pending(id));
        }
    };
    if instance.keys.are_barred(&engine.cache) {
        return Ok(known.leave_out(Unserved::Quarantined.into()));
    }
    known.state().issued = Some(instance.keys.own);
    if let Some(wrapper) = &task.context.recc {
        return by_recc(engine, task, call, wrapper, &instance);
    }
    if let Some(outcome) = instance.keys.find(&engine.cache) {
        return Ok(Launch::Ready(instance.action, outcome));
    }
    let tried = context == Where::Here || known.state().needs_core;
    if let Some(grid) = task.context.grid.as_deref().filter(|_| !tried && !instance.incbin) {
        match on_grid(engine, task, call, grid, &assumed, &instance) {
            Ok(Some(launch)) => return Ok(launch),
            Ok(None) => {}
            Err(error) => grid.complain(&call.compile.source, &error),
        }
    }
    here(engine, task, call, &instance, context == Where::Anywhere, &assumed)
}

/// The launch's instance on today's files, scanned again if need be; or the input it has to wait for.
pub(super) fn settle<'f>(
    engine: &'f Engine,
    task: &Task,
    call: &Call,
    assumed: &[Assumed],
    snapshot: &mut Snapshot<'f>,
) -> Result<Result<Instance, PathId>, String> {
    let Task { known, context, .. } = task;
    let reads = known.state().reads.clone();
    let instance = instantiate(engine, snapshot, call, &reads, context.site.context(assumed));
    match instance {
        Ok(instance) => Ok(Ok(instance)),
        Err(Unready::Refused(why) | Unready::Untold(why)) => Err(why),
        Err(Unready::Missing(id)) if context.is_needed(id) => Ok(Err(id)),
        Err(Unready::Absent(id, _)) => {
            context.need(id);
            Ok(Err(id))
        }
        Err(unready) => {
            let environment = context.site.environment_of(call);
            match (examine(engine, call, context.site.context(assumed), &environment), unready) {
                (Ok((reads, found)), _) => {
                    *snapshot = Snapshot::new(&engine.files);
                    rescanned(known, reads);
                    known.assume(assumed);
                    Ok(Ok(found))
                }
                (Err(_), Unready::Missing(id)) => {
                    context.need(id);
                    Ok(Err(id))
                }
                (Err(why), _) => Err(why),
            }
        }
    }
}

fn rescanned(known: &Known, reads: Reads) {
    let mut state = known.state();
    state.reads = reads;
    state.rescanned = true;
}

/// Looks a launch that a build waits for up on the grid and has it executed there; `None` when it has to be run here.
fn on_grid(
    engine: &Engine,
    task: &Task,
    call: &Call,
    grid: &Grid,
    assumed: &[Assumed],
    instance: &Instance,
) -> Result<Option<Launch>, Unobtainable> {
    let Task { known, context, .. } = task;
    let moment = Moment::new(engine, instance, assumed);
    let environment = context.site.environment_of(call);
    let job = moment.job(call, &environment);
    let wire = grid.wire(&job)?;
    if let Some(outcome) = grid.find(engine, &job, &wire)? {
        return Ok(Some(Launch::Ready(instance.action, outcome)));
    }
    if grid.policy(&job, &wire) == Policy::CacheOnly {
        return Ok(None);
    }
    let cancel = Cancel::default();
    known.state().executed = true;
    task.run_by(&Runner::Grid(cancel.clone()));
    Ok(match grid.execute(engine, &job, &wire, &cancel)? {
        Executed::Done(outcome) => {
            context.budget.left(&outcome);
            Some(Launch::Ready(instance.action, outcome))
        }
        Executed::Failed { .. } => None,
    })
}

/// Pays for a launch and says how much; its state when the session's launches may cost no more. What a build waits for is no
/// speculation.
pub(super) fn afford(task: &Task, asked: bool) -> Result<Duration, Launch> {
    let expected = Duration::from_micros(task.known.state().record.cost_us);
    match task.context.budget.begin(expected) {
        Ok(()) => Ok(expected),
        Err(_) if asked => Ok(Duration::ZERO),
        Err(limit) => Err(task.known.leave_out(Unserved::Capped.of(limit))),
    }
}

/// Has recc run the launch. Its outputs stay where recc will find them.
fn by_recc(
    engine: &Engine,
    task: &Task,
    call: &Call,
    wrapper: &Wrapper,
    instance: &Instance,
) -> Result<Launch, String> {
    let Task { known, context, .. } = task;
    if let Err(capped) = afford(task, false) {
        return Ok(capped);
    }
    known.state().executed = true;
    wrapper.launch(engine, call, &context.site, &|group| {
        task.run_by(&Runner::Group(group));
    })?;
    Ok(Launch::Ready(instance.action, Outcome::default()))
}

/// Runs the launch on a core of this machine.
fn here(
    engine: &Engine,
    task: &Task,
    call: &Call,
    instance: &Instance,
    asked: bool,
    assumed: &[Assumed],
) -> Result<Launch, String> {
    let Task { known, context, .. } = task;
    if !engine.executor.available() {
        return Err("no private view of the build tree can be had".into());
    }
    let paid = match afford(task, asked) {
        Ok(paid) => paid,
        Err(capped) => return Ok(capped),
    };
    let_tick_pass(instance.changed_ns);
    known.state().executed = true;
    let reads = known.state().reads.clone();
    let performed = perform(engine, call, &context.site, &reads, asked, assumed, &|group| {
        task.run_by(&Runner::Group(group));
    })?;
    context.budget.took(paid, performed.cpu);
    context.budget.left(&performed.outcome);
    let mut state = known.state();
    if state.round != task.round {
        return Err("it was given up for another launch".into());
    }
    state.cpu = performed.cpu;
    state.record.cost_us = performed.cpu.as_micros() as u64;
    state.record.wall_us = performed.wall.as_micros() as u64;
    state.reads = performed.learnt.reads.clone();
    drop(state);
    let action = performed.learnt.kept.map_err(|error| error.to_string())?;
    if let Some(grid) = context.grid.as_deref().filter(|grid| grid.takes_results()) {
        let (context, environment) = (context.site.context(assumed), context.site.environment_of(call));
        let left = leave(engine, grid, call, &performed.learnt.reads, context, &environment, &action);
        if let Err(why) = left {
            tracing::debug!("launch of {} is not left on the grid: {why}", call.compile.source);
        }
    }
    Ok(Launch::Ready(action, performed.outcome))
}
