//! Leaving the result of a compile that was run here on a grid, for others.

use super::Grid;
use super::moment::Moment;
use super::unobtainable::Unobtainable;
use crate::base::digest::Digest;
use crate::base::variable::Variable;
use crate::compile::call::Call;
use crate::compile::engine::Engine;
use crate::compile::instance::instantiate;
use crate::compile::reads::Reads;
use crate::compile::site::Context;
use crate::inputs::snapshot::Snapshot;

/// Why a result is not left on the grid.
#[derive(Debug, thiserror::Error)]
pub enum Unpublished {
    /// The files have changed since.
    #[error("its action is not what it was")]
    Changed,
    /// The cache has lost it already.
    #[error("its result has gone")]
    Gone,
    /// The grid takes no such command.
    #[error(transparent)]
    Unobtainable(#[from] Unobtainable),
}

/// Leaves what the cache has under `key`, which a run of `call` has just given; in the background. An error says why it is not.
///
/// The files may have changed since: then there is nothing to say about the action that was run.
pub fn publish_compile(
    engine: &Engine,
    grid: &Grid,
    call: &Call,
    reads: &Reads,
    context: Context<'_>,
    environment: &[Variable],
    key: &Digest,
) -> Result<(), Unpublished> {
    let mut snapshot = Snapshot::new(&engine.files);
    let instance = match instantiate(engine, &mut snapshot, call, reads, context) {
        Ok(instance) if instance.keys.own.exact == *key && !instance.is_for_here() => instance,
        _ => return Err(Unpublished::Changed),
    };
    let moment = Moment::new(engine, &instance, context.predicted);
    let job = moment.job(call, environment);
    let actions = grid.actions(&job)?;
    let outcome = instance.keys.own.find(&engine.cache).ok_or(Unpublished::Gone)?;
    grid.publish(engine, &job, &actions, &outcome);
    Ok(())
}
