//! Instantiating: a recorded command on the files as they are now.

use std::sync::Arc;

use super::{Call, Engine};
use crate::action;
use crate::inputs::digest::Digest;
use crate::inputs::directives::Hazards;
use crate::inputs::paths::PathId;
use crate::inputs::search::Shape;

/// What a command reads, and by what one sees that it still reads just that.
#[derive(Debug, Clone)]
pub struct Reads {
    /// The dependency set, sorted by path.
    pub set: Arc<[PathId]>,
    /// Stands for the directives of all files in the set and for where each include was found.
    pub shape: Shape,
}

/// Why a command cannot be instantiated now.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unready {
    /// An input is not there (yet).
    #[error("an input is missing")]
    Missing(PathId),
    /// It may read other files than it did.
    #[error("its includes have changed")]
    Changed,
    /// Its result would depend on more than its inputs.
    #[error("{0}")]
    Refused(String),
}

/// The action of a call on the files as they are now.
#[derive(Debug, Clone, Copy)]
pub struct Instance {
    /// The action's digest.
    pub action: Digest,
    /// Latest modification among the inputs, nanoseconds since the epoch.
    pub newest: i64,
}

/// Computes the action of `call` from today's files, if it still reads what it read before.
pub fn instantiate(
    engine: &Engine,
    call: &Call,
    reads: &Reads,
    path: Option<&str>,
) -> Result<Instance, Unready> {
    let toolchain = engine.toolchain(call, path).map_err(|error| Unready::Refused(error.to_string()))?;
    let chain = engine.chain(call, &toolchain).map_err(|error| Unready::Refused(error.to_string()))?;
    let mut newest = 0;
    let mut inputs = Vec::with_capacity(reads.set.len());
    for &id in reads.set.iter() {
        let seen = engine.files.look(id).map_err(|error| match error.kind() {
            std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Unready::Missing(id),
            _ => Unready::Refused(format!("cannot read {}: {error}", engine.paths.get(id))),
        })?;
        newest = newest.max(seen.stamp.mtime_ns);
        inputs.push((id, seen));
    }
    let shape = engine.files.shape(&chain, &reads.set).map_err(|_| Unready::Changed)?;
    if shape != reads.shape {
        return Err(Unready::Changed);
    }
    if let Some(reason) = hazard(engine, call, &reads.set) {
        return Err(Unready::Refused(reason));
    }
    let names: Vec<_> = inputs.iter().map(|(id, _)| engine.paths.get(*id)).collect();
    let inputs: Vec<action::Input<'_>> = inputs
        .iter()
        .zip(&names)
        .map(|((_, seen), name)| action::Input {
            path: name,
            digest: seen.digest,
            executable: seen.stamp.mode & 0o100 != 0,
        })
        .collect();
    let parts = action::Parts {
        arguments: &call.arguments(),
        environment: &call.environment,
        directory: &call.directory,
        outputs: &call.outputs(),
        toolchain: &toolchain.fingerprint,
    };
    Ok(Instance { action: action::digest(&parts, &inputs), newest })
}

/// What in the inputs makes the object depend on more than their content, if anything does.
pub(super) fn hazard(engine: &Engine, call: &Call, set: &[PathId]) -> Option<String> {
    let fixed_time = call.variable("SOURCE_DATE_EPOCH").is_some();
    set.iter().find_map(|&id| {
        let scan = engine.files.scan(id).ok()?;
        let what = if scan.hazards.contains(Hazards::TIMESTAMP) {
            "uses __TIMESTAMP__"
        } else if scan.hazards.contains(Hazards::TIME) && !fixed_time {
            "uses __DATE__ or __TIME__"
        } else if scan.hazards.contains(Hazards::INCBIN) {
            "may include a file through the assembler"
        } else if scan.hazards.contains(Hazards::EMBED) {
            "embeds a file"
        } else if scan.hazards.contains(Hazards::MODULE) {
            "uses C++ modules"
        } else {
            return None;
        };
        Some(format!("{} {what}", engine.paths.get(id)))
    })
}
