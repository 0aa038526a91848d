//! Preparing: launches become tickets, on the files of one moment, many at a time.

use std::sync::Arc;
use std::time::Duration;

use super::pending::Step;
use super::sight::Sight;
use super::ticket::{Errand, Ticket};
use super::traced::prepare_traced;
use crate::compile::call::Call;
use crate::compile::engine::Engine;
use crate::compile::instance::Instance;
use crate::compile::predict::Predicted;
use crate::grid::Grid;
use crate::grid::moment::Moment;
use crate::grid::unobtainable::Unobtainable;
use crate::grid::upload_batch::UploadBatch;
use crate::inputs::snapshot::Snapshot;
use crate::launch::decide::{Against, NotReady, decide, ready};
use crate::launch::execute::{NotInstantiated, instantiate_or_scan};
use crate::launch::life::Decision;
use crate::launch::miss::MissReason;
use crate::launch::queue::Task;
use crate::reapi::Cancel;
use crate::settings::Policy;
use crate::traced::work::Work;

/// What a launch has come to by being looked at.
pub(super) enum Prepared {
    /// It can be looked up and executed.
    Ticket(Box<Ticket>),
    /// It has ended so.
    Ended(Decision),
    /// It does not go to the grid: it needs a core here.
    NeedsCore,
    /// It has to be looked at by itself.
    Alone,
}

/// Looks at a claimed launch; what its action needs on the server goes into `batch`. Nobody is asked anything yet, except
/// by a scan when it is looked at alone.
pub(super) fn prepare<'f>(
    (engine, grid): (&'f Engine, &'f Grid),
    (step, task, cancel): (Step, &Task, Cancel),
    sight: &mut Sight<'f>,
    batch: &mut UploadBatch,
) -> Prepared {
    let candidate = &task.candidate;
    let call = match &candidate.work {
        Work::Compile(call) => &**call,
        Work::Traced(traced) => return prepare_traced((engine, grid), (task, traced, cancel), sight, batch),
    };
    let snapshot = &mut sight.snapshot;
    let predicted = task.context.predicted(snapshot);
    candidate.predict(task.round, &predicted);
    let instance = match instance(engine, step, task, call, &predicted, snapshot) {
        Ok(instance) => instance,
        Err(unready) => return unready,
    };
    let against = Against::issuing(call, task.on(&predicted), &instance);
    if let Some(decision) = decide(engine, &task.context, &instance, against) {
        return Prepared::Ended(decision);
    }
    candidate.issued_as(task.round, instance.keys.own);
    if instance.is_for_here() {
        return Prepared::NeedsCore;
    }
    match ticket((engine, grid), (task, call, cancel), (&predicted, &instance), sight, batch) {
        Ok(ticket) => Prepared::Ticket(Box::new(ticket)),
        Err(error) => {
            grid.complain(candidate.work.label(), &error);
            Prepared::NeedsCore
        }
    }
}

/// The launch's instance. It is scanned only when it is looked at alone.
fn instance<'f>(
    engine: &'f Engine,
    step: Step,
    task: &Task,
    call: &Call,
    predicted: &[Predicted],
    snapshot: &mut Snapshot<'f>,
) -> Result<Instance, Prepared> {
    let instance = if step == Step::Alone {
        instantiate_or_scan(engine, task, call, predicted, snapshot)
    } else {
        match ready(engine, snapshot, call, task.on(predicted)) {
            Ok(instance) => Ok(instance),
            Err(NotReady::Scan(_)) => return Err(Prepared::Alone),
            Err(NotReady::Wait(file)) => Err(NotInstantiated::Wait(file)),
            Err(NotReady::Refuse(why)) => Err(NotInstantiated::Refuse(why)),
        }
    };
    instance.map_err(|why| {
        Prepared::Ended(match why {
            NotInstantiated::Wait(file) => Decision::Wait(file),
            NotInstantiated::Refuse(why) => Decision::Not(MissReason::Refused.of(why)),
        })
    })
}

fn ticket(
    (engine, grid): (&Engine, &Grid),
    (task, call, cancel): (&Task, &Call, Cancel),
    (predicted, instance): (&[Predicted], &Instance),
    sight: &Sight<'_>,
    batch: &mut UploadBatch,
) -> Result<Ticket, Unobtainable> {
    let Task { candidate, context, .. } = task;
    let wall = Duration::from_micros(candidate.record(|record| record.wall_us));
    let moment = Moment::new(engine, instance, predicted);
    let environment = context.site.environment_of(call);
    let job = moment.job(call, &environment);
    let actions = grid.actions_at(&job, &sight.links)?;
    let executes = grid.policy(&job, &actions) != Policy::CacheOnly;
    let ids = actions.ids();
    let further = if grid.settings().uploads() { actions.further_messages().to_vec() } else { Vec::new() };
    let needs = batch.add(engine, &job, actions.into_executable());
    Ok(Ticket {
        task: task.clone(),
        cancel,
        ids,
        needs,
        errand: Errand::Compile { further, keys: job.keys, toolchain: Arc::clone(&instance.toolchain) },
        executes,
        wall,
    })
}
