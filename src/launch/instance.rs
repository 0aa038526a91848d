//! Instantiating: a recorded command on the files as they are now.

use std::sync::Arc;

use super::{Call, Engine};
use crate::action;
use crate::inputs::digest::Digest;
use crate::inputs::directives::Hazards;
use crate::inputs::files::Seen;
use crate::inputs::paths::PathId;
use crate::inputs::shape::{Shape, Snapshot};
use crate::inputs::toolchain::Toolchain;

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

/// A call on the files of one moment.
#[derive(Debug, Clone, Copy)]
pub struct Instance {
    /// The action's digest.
    pub action: Digest,
    /// Latest write to any input, nanoseconds since the epoch.
    pub newest_ns: i64,
}

/// Where and with what a call would run now.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The project root.
    pub root: &'a str,
    /// The search path for programs.
    pub path: Option<&'a str>,
}

/// Computes the action of `call` from today's files, if it still reads what it read before.
pub fn instantiate(
    engine: &Engine,
    snapshot: &mut Snapshot<'_>,
    call: &Call,
    reads: &Reads,
    context: Context<'_>,
) -> Result<Instance, Unready> {
    let refused = |error: &dyn std::fmt::Display| Unready::Refused(error.to_string());
    let toolchain = engine.toolchain(call, context.path).map_err(|error| refused(&error))?;
    let chain = engine.chain(call, &toolchain).map_err(|error| refused(&error))?;
    let seen = look(engine, snapshot, &reads.set)?;
    let shape =
        engine.shapes.shape(snapshot, &chain, &reads.set, context.root).map_err(|_| Unready::Changed)?;
    if shape != reads.shape {
        return Err(Unready::Changed);
    }
    if let Some(reason) = hazard(engine, call, &toolchain, &reads.set, &seen) {
        return Err(Unready::Refused(reason));
    }
    let newest_ns = seen.iter().map(|seen| seen.stamp.mtime_ns).max().unwrap_or(0);
    Ok(Instance { action: key(engine, call, &toolchain, &reads.set, &seen), newest_ns })
}

fn look(engine: &Engine, snapshot: &mut Snapshot<'_>, set: &[PathId]) -> Result<Vec<Seen>, Unready> {
    set.iter()
        .map(|&id| {
            snapshot.look(id).map_err(|error| match error.kind() {
                std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Unready::Missing(id),
                _ => Unready::Refused(format!("cannot read {}: {error}", engine.paths.get(id))),
            })
        })
        .collect()
}

/// The action of a call on inputs with this content.
pub(super) fn key(
    engine: &Engine,
    call: &Call,
    toolchain: &Toolchain,
    set: &[PathId],
    seen: &[Seen],
) -> Digest {
    let names: Vec<_> = set.iter().map(|&id| engine.paths.get(id)).collect();
    let inputs: Vec<_> = names
        .iter()
        .zip(seen)
        .map(|(name, seen)| action::Input {
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
    action::digest(&parts, &inputs)
}

/// What makes the object depend on more than the inputs' content, if anything does.
pub(super) fn hazard(
    engine: &Engine,
    call: &Call,
    toolchain: &Toolchain,
    set: &[PathId],
    seen: &[Seen],
) -> Option<String> {
    let fixed_time = call.variable("SOURCE_DATE_EPOCH").is_some();
    let unaccounted = |hazards: Hazards| -> Hazards {
        let mut left = hazards.intersection(Hazards::UNACCOUNTED);
        if fixed_time {
            left = left.without(Hazards::TIME);
        }
        // It says itself what it includes (see `assembled`).
        if toolchain.assembler_depfile {
            left = left.without(Hazards::INCBIN);
        }
        left
    };
    if let Some(arg) = call.compile.args.iter().find(|arg| TIMES.iter().any(|time| arg.contains(time))) {
        return Some(format!("{arg} tells the time"));
    }
    set.iter().zip(seen).find_map(|(&id, seen)| {
        let hazards = unaccounted(seen.scan.hazards);
        (!hazards.is_empty()).then(|| format!("{} has {hazards}", engine.paths.get(id)))
    })
}

/// Macros whose value depends on when the compiler runs.
const TIMES: [&str; 3] = ["__TIME__", "__DATE__", "__TIMESTAMP__"];

/// Whether some file of the set that is there still includes something of the missing file's name. If none does, the
/// command may well do without it.
pub(super) fn still_named(engine: &Engine, set: &[PathId], missing: PathId) -> bool {
    let missing = engine.paths.get(missing);
    let name = missing.rsplit('/').next().unwrap_or_default();
    set.iter().filter_map(|&id| engine.files.scan(id).ok()).any(|scan| {
        scan.computed_include
            || scan.includes.iter().any(|include| include.name.rsplit('/').next() == Some(name))
    })
}
