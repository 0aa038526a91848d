//! What a finished compile teaches: what it read, and whether its result may be kept.

use std::sync::Arc;

use super::call::Call;
use super::engine::Engine;
use super::instance::look;
use super::site::Context;
use super::{assembled, quotes};
use crate::base::digest::Digest;
use crate::base::paths::PathId;
use crate::cache::outcome::Outcome;
use crate::compile::not_kept::{NotKept, Unstorable};
use crate::compile::reads::Reads;
use crate::inputs::depfile;
use crate::inputs::links::Links;
use crate::inputs::private::Private;
use crate::inputs::search::Chain;
use crate::inputs::shape::Shape;
use crate::inputs::snapshot::Snapshot;
use crate::toolchain::Toolchain;

/// What a successful compile left behind.
#[derive(Debug)]
pub struct Evidence {
    /// Coarse wall-clock time before the compiler began, nanoseconds since the epoch.
    pub began_ns: i64,
    /// The compiler, if it was known before it began.
    pub toolchain: Option<Arc<Toolchain>>,
    /// The compiler's depfile, system headers included. `None` only of what was staged.
    pub dependencies: Option<Vec<u8>>,
    /// All that it could read of its build, where that was [staged](crate::sandbox::view::View::stage), and of the system.
    pub staged: Option<Arc<[PathId]>>,
    /// The assembler's depfile, where one could be had.
    pub assembled: Option<Vec<u8>>,
    /// The outputs, stored; or why they could not be.
    pub outcome: Result<Outcome, Unstorable>,
}

/// What was learnt from it.
#[derive(Debug)]
pub struct Learnt {
    /// What the command reads.
    pub reads: Reads,
    /// Every file that was found on the way: those that it read, and those that it would read if a condition held.
    pub found: Vec<PathId>,
    /// Under which action its result was kept, or why not.
    pub kept: Result<Digest, NotKept>,
}

/// Works out what a compile read and keeps its result under the action of just those inputs.
pub fn conclude(
    engine: &Engine,
    call: &Call,
    context: Context<'_>,
    evidence: Evidence,
) -> Result<Learnt, NotKept> {
    let unaccountable = |why: &str| NotKept::Unaccountable(why.to_owned());
    let set: Arc<[PathId]> = match (&evidence.dependencies, &evidence.staged) {
        (Some(listed), _) => dependency_set(engine, call, listed)?.into(),
        (None, Some(staged)) => Arc::clone(staged),
        (None, None) => return Err(unaccountable("nobody knows what it read")),
    };
    // It was only shown what the tree is known to come to: what it made of that is true of the tree only if it kept to it.
    if evidence.staged.as_ref().is_some_and(|staged| *staged != set) {
        return Err(unaccountable("it read other files than it was shown"));
    }
    let mut snapshot = Snapshot::new(&engine.files);
    let chain =
        engine.chain(call, context, &mut snapshot).map_err(|error| unaccountable(&error.to_string()))?;
    check_private(engine, call, &set, &chain)?;
    let looked = look(engine, &mut snapshot, call, &set, context);
    let looked = looked.map_err(|error| NotKept::Unaccountable(error.to_string()))?;
    if let Some(list) = &evidence.assembled {
        assembled::check(engine, call, (&set, context.predicted), list, looked.incbin || looked.unclear)?;
    }
    // No list of the assembler's was had of a compiler that was not known yet.
    let unlisted = (looked.incbin || looked.unclear) && evidence.assembled.is_none();
    let untold = || "its sources may include files of which the assembler was not asked".to_owned();
    let hazard = looked.hazard.or_else(|| unlisted.then(untold));
    // A time equal to the beginning may lie on either side of it: file systems' clocks tick coarsely.
    let changed = snapshot.changed_since(evidence.began_ns).map(|(id, _)| id);
    let found = snapshot.found().collect();
    let known = evidence.toolchain.is_some_and(|known| Arc::ptr_eq(&known, &looked.toolchain));
    let same = known || looked.toolchain.is_older_than(evidence.began_ns, &snapshot);
    let changed = changed.or_else(|| (!same).then(|| engine.path(call, &call.compiler)));
    let changed = changed.or_else(|| {
        own_depfile(engine, call, &evidence.outcome)?.into_iter().find(|file| !set.contains(file))
    });
    // The set is of the files as they were, the shape of those as they are now.
    let shape = if changed.is_some() { Shape::UNKNOWN } else { looked.shape };
    let kept = match (changed, hazard) {
        (Some(id), _) => Err(NotKept::Changed(engine.name(id))),
        (None, Some(what)) => Err(NotKept::Hazard(what)),
        (None, None) => evidence.outcome.map_err(NotKept::from).and_then(|outcome| {
            let read = |name: &str| set.contains(&engine.path(call, name));
            if looked.quotes && !quotes::are_of_read_files(&outcome.stderr, read) {
                return Err(NotKept::Hazard("its messages quote a file that #line names".into()));
            }
            looked.keys.store(&engine.cache, &outcome).map_err(Unstorable::from)?;
            Ok(looked.keys.own.exact)
        }),
    };
    Ok(Learnt { reads: Reads { set, shape }, found, kept })
}

/// Checks that what it read, and where it looked, is the same to every process.
fn check_private(engine: &Engine, call: &Call, set: &[PathId], chain: &Chain) -> Result<(), NotKept> {
    let links = Links::default();
    let links = links.now();
    let private = Private::new(&links);
    let read = set.iter().map(|&id| engine.name(id));
    let looked = chain.folders().map(|directory| call.absolute(directory).to_string_lossy().into_owned());
    match read.chain(looked).find(|path| private.is(path)) {
        Some(path) => Err(NotKept::Unaccountable(format!("{path} is another file to each process"))),
        None => Ok(()),
    }
}

/// The files that the compile itself says it has read, where another run of the compiler was asked for the set: what went in between
/// is not in that, and leaves no trace in any time. `None` if there is nothing to compare.
fn own_depfile(engine: &Engine, call: &Call, outcome: &Result<Outcome, Unstorable>) -> Option<Vec<PathId>> {
    let depfile = call.compile.depfile.as_ref().filter(|depfile| !depfile.system_headers)?;
    let written = outcome.as_ref().ok()?.files.iter().find(|file| file.path == depfile.path)?;
    let text = engine.cache.blobs.read(&written.digest).ok()??;
    let read = depfile::parse(&text).ok()?;
    Some(read.iter().map(|name| engine.path(call, name)).collect())
}

/// Every file a compile read: its depfile's, and those that its options name.
pub(super) fn dependency_set(engine: &Engine, call: &Call, depfile: &[u8]) -> Result<Vec<PathId>, NotKept> {
    let read = depfile::parse(depfile).map_err(|error| NotKept::Unaccountable(error.to_string()))?;
    if let Some(file) = read.iter().find(|file| is_precompiled(file)) {
        return Err(NotKept::Unaccountable(format!("reads the precompiled header {file}")));
    }
    let named = call.compile.named_inputs.iter().chain([&call.compile.source]);
    let mut set: Vec<PathId> = read.iter().chain(named).map(|name| engine.path(call, name)).collect();
    // By path, so that the order does not depend on this process's numbers of paths.
    set.sort_by_cached_key(|&id| engine.name(id));
    set.dedup();
    Ok(set)
}

fn is_precompiled(path: &str) -> bool {
    let precompiled = |part: &str| matches!(part.rsplit_once('.'), Some((_, "gch" | "pch")));
    path.split('/').any(precompiled)
}
