//! Preparing a traced command for a grid: all that it is known to touch becomes its input root.

use std::path::PathBuf;
use std::time::Duration;

use super::prepare::Prepared;
use super::sight::Sight;
use super::ticket::{Errand, Ticket};
use crate::base::digest::Digest;
use crate::command::normalise::from_template;
use crate::compile::engine::Engine;
use crate::compile::perform::let_tick_pass;
use crate::grid::Grid;
use crate::grid::upload_batch::UploadBatch;
use crate::inputs::snapshot::Snapshot;
use crate::launch::decide::{Against, NotReady, decide, ready};
use crate::launch::life::Decision;
use crate::launch::miss::MissReason;
use crate::launch::queue::Task;
use crate::reapi::Cancel;
use crate::traced::Traced;
use crate::traced::elsewhere::Sent;
use crate::traced::mirror::{Mirror, Unmirrored, mirror};
use crate::traced::state::Stated;

/// Looks at a claimed launch of a traced command; what its action needs on the server goes into `batch`.
pub(super) fn prepare_traced<'f>(
    (engine, grid): (&'f Engine, &'f Grid),
    (task, traced, cancel): (&Task, &Traced, Cancel),
    sight: &mut Sight<'f>,
    batch: &mut UploadBatch,
) -> Prepared {
    let Task { candidate, context, .. } = task;
    let stated = match stated((engine, grid), (task, traced), sight) {
        Ok(stated) => stated,
        // Whoever runs it here has it wait for that.
        Err(NotReady::Wait(_) | NotReady::Scan(_)) => return Prepared::NeedsCore,
        Err(NotReady::Refuse(why)) => return Prepared::Ended(Decision::Not(MissReason::Refused.of(why))),
    };
    if let Some(decision) = decide(engine, context, &stated, Against::default()) {
        return Prepared::Ended(decision);
    }
    candidate.issued_as(task.round, stated.key);
    let (Ok(mirror), Some(program)) = (laid_out(engine, (task, traced), &stated, sight), tracer(engine))
    else {
        return Prepared::NeedsCore;
    };
    let sent = Sent {
        files: mirror.sent.clone(),
        listed: mirror.listed.clone(),
        overrides: stated.overrides,
        began_ns: sight.began_ns,
    };
    let action = grid.traced_action(traced, mirror, program);
    Prepared::Ticket(Box::new(Ticket {
        task: task.clone(),
        cancel,
        ids: action.ids,
        needs: batch.add_whole(action.built, action.contents),
        errand: Errand::Traced(sent),
        executes: grid.runs_traced(),
        wall: Duration::from_micros(candidate.record(|record| record.wall_us)),
    }))
}

/// The command on the files of one moment, in which none of them has changed.
fn stated<'f>(
    (engine, grid): (&'f Engine, &'f Grid),
    (task, traced): (&Task, &Traced),
    sight: &mut Sight<'f>,
) -> Result<Stated, NotReady> {
    let Task { context, .. } = task;
    let look = |sight: &mut Sight<'f>| {
        let predicted = context.predicted(&mut sight.traced);
        ready(engine, &mut sight.traced, traced, task.on(&predicted))
    };
    let stated = look(sight)?;
    if stated.changed_ns < sight.began_ns {
        return Ok(stated);
    }
    // What was written in the moment itself could not be told from what is written later.
    let_tick_pass(stated.changed_ns);
    *sight = Sight::new((engine, grid), context);
    look(sight)
}

fn laid_out(
    engine: &Engine,
    (task, traced): (&Task, &Traced),
    stated: &Stated,
    sight: &mut Sight<'_>,
) -> Result<Mirror, Unmirrored> {
    let Task { candidate, context, .. } = task;
    let outputs = candidate.record(|record| record.outputs.clone());
    let outputs: Vec<_> = outputs.iter().map(|path| from_template(path, &context.site.root)).collect();
    let reads = candidate.reads();
    let files = (&mut sight.traced, &sight.links);
    mirror(engine, files, traced, (&reads.set, &stated.overrides), &outputs).inspect_err(|why| {
        tracing::debug!("{} is not sent to a worker: {why}", traced.label());
    })
}

/// The tracer, and the digest of its content.
fn tracer(engine: &Engine) -> Option<(PathBuf, Digest)> {
    let path = engine.tracer.clone()?;
    let id = engine.paths().intern(path.to_str()?);
    let digest = Snapshot::new(&engine.files).look(id).ok()?.digest;
    Some((path, digest))
}
