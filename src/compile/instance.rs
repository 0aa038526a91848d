//! Instantiating: a recorded command on the files as they are now.

use std::path::PathBuf;
use std::sync::Arc;

use super::call::Call;
use super::checkout::{self, Keys, Made};
use super::engine::Engine;
use super::predict::Predicted;
use super::site::Context;
use crate::action;
use crate::base::digest::Digest;
use crate::base::paths::PathId;
use crate::command::sharing::Unshared;
use crate::command::{self, Family};
use crate::compile::reads::Reads;
use crate::directives::Hazards;
use crate::inputs::files::Seen;
use crate::inputs::search::{Chain, Given};
use crate::inputs::shape::Shape;
use crate::inputs::shape::set::Set;
use crate::inputs::siblings::{self, Siblings};
use crate::inputs::snapshot::Snapshot;
use crate::inputs::stamp::Stamp;
use crate::toolchain::Toolchain;

/// Why a command cannot be instantiated now.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Unready {
    /// An input is not there (yet).
    #[error("an input is missing")]
    Missing(PathId),
    /// It may read other files than it did.
    #[error("its includes have changed")]
    Changed,
    /// A directory is not there (yet) whose absence it is to warn of, as it says in words, too.
    #[error("{1}")]
    Absent(PathId, String),
    /// Its result would depend on more than its inputs.
    #[error("{0}")]
    Refused(String),
    /// The same, but only for files that its assembler may read and does not list: a tracer would see them.
    #[error("{0}")]
    Untold(String),
}

/// A call on the files of one moment.
#[derive(Debug, Clone)]
pub struct Instance {
    /// Under what its result is found and kept: its own key, and maybe one that checkouts share.
    pub keys: Keys,
    /// Latest write to any input, nanoseconds since the epoch.
    pub newest_ns: i64,
    /// Latest change to any input, inode included, nanoseconds since the epoch.
    pub changed_ns: i64,
    /// Whether its sources may include binary files: only a compile here, whose assembler says so, can tell.
    pub incbin: bool,
    /// Whether its sources ask for a file that is there and that it does not read: a worker, which has what it reads, would not find it.
    pub unread: bool,
    /// The dependency set that it is an instance with.
    pub set: Arc<[PathId]>,
    /// The files of the set.
    pub files: Vec<Arc<Siblings>>,
    /// Where Clang takes GCC to be: it is not read, but recc counts it as an input.
    pub crtbegin: Option<(PathId, Seen)>,
    /// The compiler.
    pub toolchain: Arc<Toolchain>,
}

impl Instance {
    /// Whether only a compile on this machine gives its result.
    pub fn is_for_here(&self) -> bool {
        self.incbin || self.unread
    }
}

/// A dependency set on the files of one moment: everything that decides on an action, and on whether there is one.
#[derive(Debug)]
pub(super) struct Looked {
    pub(super) shape: Shape,
    pub(super) keys: Keys,
    /// Why its result must not be kept, if it must not.
    pub(super) hazard: Option<String>,
    /// Whether the reason is only that the assembler does not say what it reads.
    untold: bool,
    /// The directory whose absence is all the reason.
    absent: Option<PathId>,
    /// The input that was changed last, and the stamp that says so.
    pub(super) newest: Option<(PathId, Stamp)>,
    /// Whether its sources include binary files.
    pub(super) incbin: bool,
    /// Whether they ask for a file that is there and that none of them reads.
    unread: bool,
    /// Whether it cannot be told if they do.
    pub(super) unclear: bool,
    /// Whether its messages may quote files that are not inputs: GCC looks up the lines that `#line` names.
    pub(super) quotes: bool,
    files: Vec<Arc<Siblings>>,
    crtbegin: Option<(PathId, Seen)>,
    pub(super) toolchain: Arc<Toolchain>,
}

/// Computes the action of `call` from today's files, if it still reads what it read before.
pub fn instantiate(
    engine: &Engine,
    snapshot: &mut Snapshot<'_>,
    call: &Call,
    reads: &Reads,
    context: Context<'_>,
) -> Result<Instance, Unready> {
    let looked = look(engine, snapshot, call, &reads.set, context)?;
    if looked.shape != reads.shape {
        return Err(Unready::Changed);
    }
    match (looked.hazard, looked.absent) {
        (Some(reason), Some(absent)) => Err(Unready::Absent(absent, reason)),
        (Some(reason), None) if looked.untold => Err(Unready::Untold(reason)),
        (Some(reason), None) => Err(Unready::Refused(reason)),
        (None, _) => Ok(Instance {
            keys: looked.keys,
            newest_ns: looked.newest.map_or(0, |(_, stamp)| stamp.mtime_ns),
            changed_ns: looked.newest.map_or(0, |(_, stamp)| stamp.changed_ns()),
            incbin: looked.incbin,
            unread: looked.unread,
            set: Arc::clone(&reads.set),
            files: looked.files,
            crtbegin: looked.crtbegin,
            toolchain: looked.toolchain,
        }),
    }
}

/// Looks at a call's dependency set as it is now.
pub(super) fn look(
    engine: &Engine,
    snapshot: &mut Snapshot<'_>,
    call: &Call,
    set: &[PathId],
    context: Context<'_>,
) -> Result<Looked, Unready> {
    let refused = |error: &dyn std::fmt::Display| Unready::Refused(error.to_string());
    context.assume(snapshot);
    snapshot.assume_folder(&call.directory);
    let toolchain = engine.toolchain(call, context.path, snapshot).map_err(|error| refused(&error))?;
    let chain = engine.chain(call, context, snapshot).map_err(|error| refused(&error))?;
    let files = snapshot.siblings(set).map_err(|(id, error)| match error.kind() {
        std::io::ErrorKind::NotFound | std::io::ErrorKind::NotADirectory => Unready::Missing(id),
        _ => Unready::Refused(format!("cannot read {}: {error}", engine.name(id))),
    })?;
    let source = engine.path(call, &call.compile.source);
    let set_of_call = Set { source, files: &files, chain: &chain, macros: &call.compile.macros };
    let shaped = engine.shapes.shape(set_of_call, snapshot);
    let shaped = shaped.map_err(|error| {
        tracing::debug!("no shape of {}: {error}", call.compile.source);
        Unready::Changed
    })?;
    let newest = files.iter().filter_map(|siblings| siblings.newest());
    let sharing = if chain.has_own_below(context.root) {
        Err(Unshared::Root)
    } else {
        checkout::sharing(engine.paths(), call, context.root, set, shaped.hazards, snapshot)
    };
    let crtbegin = (toolchain.family == Family::Clang).then(|| engine.crtbegin(call, context.path, snapshot));
    let crtbegin = crtbegin.flatten().and_then(|id| Some((id, snapshot.look(id).ok()?)));
    let hazards = shaped.hazards;
    let (hazard, untold, absent) = if let Some((reason, untold)) = hazard(call, &toolchain, hazards) {
        (Some(reason), untold, None)
    } else {
        let (complaint, absent) = complaint(engine, call, &chain, context.predicted).unzip();
        (complaint, false, absent)
    };
    let toolchain_and_answers = match shaped.answers {
        Some(answers) => Digest::of(&[&toolchain.identity.hash[..], &answers].concat()),
        None => toolchain.identity,
    };
    Ok(Looked {
        shape: shaped.shape.seen_by(&toolchain.identity),
        keys: checkout::keys(Made {
            parts: action::Parts {
                arguments: &call.arguments(),
                environment: &call.environment,
                directory: &call.directory,
                outputs: &call.outputs(),
                toolchain: &toolchain_and_answers,
            },
            files: &files,
            root: context.root,
            folders: &engine.folders,
            sharing: &sharing,
            clock: !hazards.intersection(Hazards::CLOCK).is_empty(),
        }),
        hazard,
        untold,
        absent: absent.flatten(),
        newest: newest.max_by_key(|(_, stamp)| siblings::age(stamp)),
        incbin: shaped.hazards.contains(Hazards::INCBIN),
        unread: shaped.unread,
        unclear: shaped.hazards.contains(Hazards::ASSEMBLY),
        quotes: toolchain.family == Family::Gcc && shaped.hazards.contains(Hazards::LINE),
        files,
        crtbegin,
        toolchain,
    })
}

/// What makes the object depend on more than the inputs' content, if anything does, and whether that is only what the assembler does not
/// tell of.
fn hazard(call: &Call, toolchain: &Toolchain, found: Hazards) -> Option<(String, bool)> {
    let mut left = found.together().intersection(Hazards::UNACCOUNTED);
    if call.variable("SOURCE_DATE_EPOCH").is_some() && toolchain.honours_source_date_epoch() {
        left = left.without(Hazards::TIME);
    }
    // Without these, such pragmas are passed over.
    if !call.compile.args.iter().any(|arg| arg.contains("-fopenmp") || arg.contains("-fopenacc")) {
        left = left.without(Hazards::OFFLOAD);
    }
    // It says itself what it includes (see `assembled`).
    if toolchain.assembler_depfile && !command::quotes_arguments(&call.compile) {
        left = left.without(Hazards::ASSEMBLED);
    }
    if let Some(arg) = call.compile.args.iter().find(|arg| TELLING.iter().any(|word| arg.contains(word))) {
        return Some((format!("{arg} depends on more than the inputs' content"), false));
    }
    let untold = left.without(Hazards::ASSEMBLED).is_empty();
    (!left.is_empty()).then(|| (format!("its sources have {}", left.reasons()), untold))
}

/// What a compiler says of the directories it searches, if that depends on which there are, and the one that is missing: what it
/// finds in them does not.
fn complaint(
    engine: &Engine,
    call: &Call,
    chain: &Chain,
    predicted: &[Predicted],
) -> Option<(String, Option<PathId>)> {
    let asked = |arg: &String| arg.contains("missing-include-dirs") || arg == "-Weverything";
    match chain.given() {
        Given::SomethingElse => Some(("one of its include directories is no directory".into(), None)),
        Given::Missing if call.compile.args.iter().any(asked) => {
            let certain = certain(engine, call, predicted);
            let missing = chain.missing().find(|dir| !certain.iter().any(|path| path.starts_with(dir)))?;
            let named = missing.strip_prefix(&call.directory).unwrap_or(missing);
            let why =
                format!("its include directory {} is missing, and it is to warn of that", named.display());
            Some((why, Some(engine.paths().intern(&missing.to_string_lossy()))))
        }
        Given::Directories | Given::Missing => None,
    }
}

/// Paths whose folders are there whenever the call comes to an end: all that is predicted, what it writes, and where it works.
/// Who builds makes these before (ninja meson's `-ITARGET.p`), views and input roots have them, and a worker makes those of what is
/// written ("directories leading up to the output paths", REAPI's `Command`).
fn certain(engine: &Engine, call: &Call, predicted: &[Predicted]) -> Vec<PathBuf> {
    let mut certain: Vec<_> = predicted.iter().map(|one| engine.name(one.path).into()).collect();
    certain.extend(call.compile.outputs.iter().map(|output| call.absolute(&output.path)));
    certain.push(call.directory.clone().into());
    certain
}

/// What in a macro that the command line defines depends on the time, on where it is used, or on which files exist.
const TELLING: [&str; 7] =
    ["__TIME__", "__DATE__", "__TIMESTAMP__", "__LINE__", "__COUNTER__", "__has_include", "__has_embed"];
