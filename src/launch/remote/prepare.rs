//! Preparing: launches become tickets, on the files of one moment, many at a time.

use std::sync::Arc;
use std::time::Duration;

use super::Sight;
use super::pending::Step;
use super::ticket::Ticket;
use crate::compile::call::Call;
use crate::compile::engine::Engine;
use crate::compile::instance::{Instance, Unready, instantiate};
use crate::compile::predict::Assumed;
use crate::grid::Grid;
use crate::grid::moment::Moment;
use crate::grid::unobtainable::Unobtainable;
use crate::grid::upload_batch::Cargo;
use crate::inputs::snapshot::Snapshot;
use crate::launch::candidate::{Known, Launch};
use crate::launch::execute::settle;
use crate::launch::launcher::newer_output;
use crate::launch::miss::Unserved;
use crate::launch::priority;
use crate::launch::queue::Task;
use crate::reapi::Cancel;
use crate::settings::Policy;

/// What a launch has come to by being looked at.
pub(super) enum Prepared {
    /// It can be looked up and executed.
    Ticket(Box<Ticket>),
    /// It has ended so.
    Ended(Launch),
    /// It does not go to the grid: it needs a core here.
    NeedsCore,
    /// It has to be looked at by itself.
    Alone,
}

/// Looks at a claimed launch; what its action needs on the server goes into `cargo`. Nobody is asked anything yet, except
/// by a scan when it is looked at alone.
pub(super) fn prepare<'f>(
    (engine, grid): (&'f Engine, &Grid),
    (step, task, cancel): (Step, &Task, Cancel),
    sight: &mut Sight<'f>,
    cargo: &mut Cargo,
) -> Prepared {
    let known = &task.known;
    // Nothing else goes to a grid.
    let Some(call) = known.work.compile() else { return Prepared::NeedsCore };
    let snapshot = &mut sight.snapshot;
    let assumed = task.context.assumed(snapshot);
    known.assume(&assumed);
    let settled = match step {
        Step::Alone => settle(engine, task, call, &assumed, snapshot),
        Step::Look | Step::Run => match at_once(engine, task, call, &assumed, snapshot) {
            Some(settled) => settled,
            None => return Prepared::Alone,
        },
    };
    let instance = match settled {
        Ok(Ok(instance)) => instance,
        Ok(Err(id)) => return unlaunched(known, Launch::Pending(id)),
        Err(why) => return unlaunched(known, Launch::Not(Unserved::Refused.of(why))),
    };
    if let Some(launch) = at_hand(engine, known, call, &instance) {
        return launch;
    }
    known.state().issued = Some(instance.keys.own);
    if instance.incbin {
        return Prepared::NeedsCore;
    }
    match ticket((engine, grid), (task, call, cancel), (&assumed, &instance), sight, cargo) {
        Ok(ticket) => Prepared::Ticket(Box::new(ticket)),
        Err(error) => {
            grid.complain(known.work.label(), &error);
            Prepared::NeedsCore
        }
    }
}

/// The instance, or the input to wait for, if no scan is needed to tell.
fn at_once(
    engine: &Engine,
    task: &Task,
    call: &Call,
    assumed: &[Assumed],
    snapshot: &mut Snapshot<'_>,
) -> Option<Result<Result<Instance, crate::base::paths::PathId>, String>> {
    let Task { known, context, .. } = task;
    let reads = known.state().reads.clone();
    match instantiate(engine, snapshot, call, &reads, context.site.context(assumed)) {
        Ok(instance) => Some(Ok(Ok(instance))),
        Err(Unready::Refused(why) | Unready::Untold(why)) => Some(Err(why)),
        Err(Unready::Missing(id)) if context.is_needed(id) => Some(Ok(Err(id))),
        Err(Unready::Absent(id, _)) => {
            context.need(id);
            Some(Ok(Err(id)))
        }
        Err(Unready::Missing(_) | Unready::Changed) => None,
    }
}

/// What is here already: the result, or the output in the tree.
fn at_hand(engine: &Engine, known: &Known, call: &Call, instance: &Instance) -> Option<Prepared> {
    let built = newer_output(call.outputs().iter().map(|output| call.absolute(output)), instance.newest_ns);
    let spent = priority::is_spent(&known.state().record);
    if instance.keys.are_barred(&engine.cache) {
        return Some(Prepared::Ended(known.leave_out(Unserved::Quarantined.into())));
    }
    match instance.keys.find(&engine.cache) {
        Some(_) if built || spent => Some(unlaunched(known, Launch::Held(instance.action))),
        Some(outcome) => Some(Prepared::Ended(Launch::Ready(instance.action, outcome))),
        None if built => Some(unlaunched(known, Launch::Not(Unserved::UpToDate.into()))),
        None if spent => Some(Prepared::Ended(known.leave_out(Unserved::KeptBeingWasted.into()))),
        None => None,
    }
}

/// An end that does not count as a launch.
fn unlaunched(known: &Known, launch: Launch) -> Prepared {
    known.state().launched = false;
    Prepared::Ended(launch)
}

fn ticket(
    (engine, grid): (&Engine, &Grid),
    (task, call, cancel): (&Task, &Call, Cancel),
    (assumed, instance): (&[Assumed], &Instance),
    sight: &Sight<'_>,
    cargo: &mut Cargo,
) -> Result<Ticket, Unobtainable> {
    let Task { known, context, .. } = task;
    let wall = Duration::from_micros(known.state().record.wall_us);
    let moment = Moment::new(engine, instance, assumed);
    let environment = context.site.environment_of(call);
    let job = moment.job(call, &environment);
    let wire = grid.wire_at(&job, &sight.links)?;
    let executes = grid.policy(&job, &wire) != Policy::CacheOnly;
    let outline = wire.outline();
    let further = if grid.settings().uploads() { wire.further_messages().to_vec() } else { Vec::new() };
    let needs = cargo.add(engine, &job, wire.into_executable());
    Ok(Ticket {
        task: task.clone(),
        cancel,
        outline,
        needs,
        further,
        keys: job.keys,
        toolchain: Arc::clone(&instance.toolchain),
        executes,
        wall,
    })
}
