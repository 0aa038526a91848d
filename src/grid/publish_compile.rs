//! Leaving the result of a compile that was run here on a grid, for others.

use super::Grid;
use super::moment::Moment;
use crate::base::digest::Digest;
use crate::base::variable::Variable;
use crate::compile::call::Call;
use crate::compile::engine::Engine;
use crate::compile::instance::instantiate;
use crate::compile::reads::Reads;
use crate::compile::site::Context;
use crate::inputs::snapshot::Snapshot;

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
) -> Result<(), String> {
    let mut snapshot = Snapshot::new(&engine.files);
    let instance = match instantiate(engine, &mut snapshot, call, reads, context) {
        Ok(instance) if instance.keys.own.exact == *key && !instance.is_for_here() => instance,
        _ => return Err("its action is not what it was".into()),
    };
    let moment = Moment::new(engine, &instance, context.predicted);
    let job = moment.job(call, environment);
    let actions = grid.actions(&job).map_err(|error| error.to_string())?;
    let outcome = instance.keys.own.find(&engine.cache).ok_or("its result has gone")?;
    grid.publish(engine, &job, &actions, &outcome);
    Ok(())
}
