//! Who vouches that a result on a grid is what the compiler here would have made.
//!
//! recc's actions do not key everything: not the compiler, nor, by default, system headers. A result under such an action is
//! used only if one of these holds, and the command is run here otherwise:
//! - spec-cc left it and signed it with its own key, which does cover all of that (`Provenance::Ourselves`);
//! - it comes from somebody else, under an action that holds every input, and either the platform pins the worker's file system or
//!   the object says that a compiler of this very version made it (`Provenance::Stranger`);
//! - a worker made it just now from an action that holds every input, under the same condition (`Provenance::Worker`).

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use bazel_remote_apis::google::protobuf::Any;
use memchr::memmem;

use super::remote_actions::ActionIds;
use crate::base::digest::Digest;
use crate::cache::outcome::Outcome;
use crate::compile::engine::Engine;
use crate::compile::failure;
use crate::compile::job::Job;
use crate::grid::unusable::Unusable;

/// Who made a result.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Provenance {
    /// spec-cc, from inputs and a compiler with the same key.
    Ourselves,
    /// The grid's worker, for us.
    Worker,
    /// Anybody.
    Stranger,
}

/// Type of the signature in `ExecutedActionMetadata.auxiliary_metadata`.
const SIGNATURE: &str = "type.googleapis.com/spec_cc.Key";

/// The result with the signature of a job's keys, which servers keep and recc passes over.
pub(super) fn sign(mut result: reapi::ActionResult, keys: &[Digest]) -> reapi::ActionResult {
    let signature =
        |key: &Digest| Any { type_url: SIGNATURE.into(), value: key.to_string().into_bytes().into() };
    let signatures = keys.iter().map(signature);
    result.execution_metadata.get_or_insert_default().auxiliary_metadata.extend(signatures);
    result
}

/// The keys that a result is signed with, in their order; those that are no digests are left out.
pub(super) fn signatures(result: &reapi::ActionResult) -> Vec<Digest> {
    let metadata = result.execution_metadata.iter().flat_map(|metadata| &metadata.auxiliary_metadata);
    let signatures = metadata.filter(|any| any.type_url == SIGNATURE);
    signatures.filter_map(|any| std::str::from_utf8(&any.value).ok()?.parse().ok()).collect()
}

/// Who vouches for a result, by what it says of itself; an error when nobody does.
pub(super) fn before(
    job: &Job<'_>,
    ids: &ActionIds,
    result: &reapi::ActionResult,
) -> Result<Provenance, Unusable> {
    let metadata = result.execution_metadata.iter().flat_map(|metadata| &metadata.auxiliary_metadata);
    let mut signatures = metadata.filter(|any| any.type_url == SIGNATURE).peekable();
    if signatures.peek().is_some() {
        let shared = job.keys.shared.as_ref().ok().map(|shared| shared.key.exact);
        let keys = [Some(job.keys.own.exact), shared].map(|key| key.map(|key| key.to_string()));
        let ours = |any: &Any| keys.iter().flatten().any(|key| any.value == key.as_bytes());
        return if signatures.any(ours) { Ok(Provenance::Ourselves) } else { Err(Unusable::AnotherKey) };
    }
    if !ids.faithful {
        return Err(Unusable::Unsigned);
    }
    if job.link && !ids.pinned {
        return Err(Unusable::UnsignedLink);
    }
    Ok(Provenance::Stranger)
}

/// Looks at the object itself, once it is here: an error when the compiler here would have made another.
pub(super) fn after(engine: &Engine, job: &Job<'_>, outcome: &Outcome) -> Result<(), Unusable> {
    if job.compile.is_none() {
        return Ok(());
    }
    let object = outcome.files.first().ok_or(Unusable::NoObject)?;
    let bytes = engine.cache.blobs.read(&object.digest)?.ok_or(Unusable::Gone)?;
    let ident = engine.idents.of(&engine.executor, job)?;
    if memmem::find(&bytes, ident.as_bytes()).is_none() {
        return Err(Unusable::AnotherCompiler(ident));
    }
    if tells_directory(job) && !names_folder(&bytes, job.directory) {
        return Err(Unusable::Elsewhere);
    }
    Ok(())
}

/// Whether an object of the job names the working directory: in debug information, or for coverage. A worker that runs
/// elsewhere would name another.
pub(super) fn tells_directory(job: &Job<'_>) -> bool {
    const COVERAGE: [&str; 4] = ["--coverage", "-ftest-coverage", "-fcoverage-mapping", "-fprofile-"];
    job.compile.is_some_and(|compile| {
        compile.args.iter().any(|arg| {
            arg.starts_with("-g") && arg != "-g0" || COVERAGE.iter().any(|option| arg.starts_with(option))
        })
    })
}

/// Whether the object names `folder`, and no folder of which that is only the end: workers lay input roots out anywhere.
fn names_folder(object: &[u8], folder: &str) -> bool {
    let mut found = memmem::find_iter(object, folder.as_bytes()).peekable();
    found.peek().is_some()
        && found.all(|at| at.checked_sub(1).is_none_or(|before| !object[before].is_ascii_graphic()))
}

/// Whether a failed command says itself what is wrong with its source, rather than with the machine it ran on.
pub(super) fn is_diagnosis(stderr: &[u8]) -> bool {
    // What is here may be missing there.
    const MISSING_THERE: [&str; 2] = ["No such file or directory", "cannot execute"];
    let has = |text: &str| memmem::find(stderr, text.as_bytes()).is_some();
    has("error: ") && failure::blamed(stderr).is_none() && !MISSING_THERE.into_iter().any(has)
}
