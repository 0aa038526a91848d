//! `ActionResult` to outcome and back: the paths of outputs, and which of them a command may leave.

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;

use super::unusable::Unusable;
use crate::action::{from_reapi, to_reapi};
use crate::base::digest::Digest;
use crate::cache::outcome::{Outcome, OutputFile};
use crate::compile::job::Job;

/// The outcome that a successful result of an action with the outputs `named` stands for; an error when it is not just what the
/// command leaves.
///
/// No path of the result is used as one: each must be an output of the command, and goes where that says.
pub(super) fn to_outcome(
    job: &Job<'_>,
    named: &[String],
    result: &reapi::ActionResult,
) -> Result<Outcome, Unusable> {
    if result.output_directories.len() + result.output_symlinks.len() > 0 {
        return Err(Unusable::NotFiles);
    }
    if !result.stdout_raw.is_empty() || digest_of(result.stdout_digest.as_ref()).is_some() {
        return Err(Unusable::Printed);
    }
    let mut files = Vec::new();
    for file in &result.output_files {
        files.push(output_file(job, named, file)?);
    }
    for output in job.outputs.iter().filter(|output| !output.optional) {
        if !files.iter().any(|file| file.path == output.path) {
            return Err(Unusable::Missing(output.path.clone()));
        }
    }
    // In the command's order, so that equal results are equal outcomes.
    files.sort_by_key(|file| job.outputs.iter().position(|output| output.path == file.path));
    Ok(Outcome { files, stderr: result.stderr_raw.clone(), ..Outcome::default() })
}

fn output_file(job: &Job<'_>, named: &[String], file: &reapi::OutputFile) -> Result<OutputFile, Unusable> {
    let output = job.outputs.iter().find(|output| name_among(named, job, &output.path) == file.path);
    let output = output.ok_or_else(|| Unusable::Undeclared(file.path.clone()))?;
    let digest = file.digest.as_ref().ok_or(Unusable::NoDigest)?;
    let digest = from_reapi(digest).ok_or_else(|| Unusable::Digest(digest.hash.clone()))?;
    Ok(OutputFile { path: output.path.clone(), digest, executable: file.is_executable })
}

/// What an action with these outputs calls the one that the build's command calls `path`: rewriting keeps where it lies.
pub(super) fn name_among(named: &[String], job: &Job<'_>, path: &str) -> String {
    let here = job.absolute(path);
    named.iter().find(|name| job.absolute(name) == here).cloned().unwrap_or_else(|| path.to_owned())
}

/// The result to leave for others.
pub(super) fn from_outcome(job: &Job<'_>, named: &[String], outcome: &Outcome) -> reapi::ActionResult {
    let output_files = outcome
        .files
        .iter()
        .map(|file| reapi::OutputFile {
            path: name_among(named, job, &file.path),
            digest: Some(to_reapi(&file.digest)),
            is_executable: file.executable,
            ..Default::default()
        })
        .collect();
    reapi::ActionResult {
        output_files,
        stdout_digest: Some(to_reapi(&Digest::of(b""))),
        stderr_digest: Some(to_reapi(&Digest::of(&outcome.stderr))),
        stderr_raw: outcome.stderr.clone(),
        ..Default::default()
    }
}

/// A digest as a server gives it; `None` when it names no blob of SHA-256, or an empty one.
pub(crate) fn digest_of(digest: Option<&reapi::Digest>) -> Option<Digest> {
    digest.filter(|digest| digest.size_bytes > 0).and_then(from_reapi)
}
