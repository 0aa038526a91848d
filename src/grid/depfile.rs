//! The depfile of a result that somebody else made: written anew, since recc's lose their line breaks.

use std::path::Path;

use super::unusable::Unusable;
use crate::cache::outcome::Outcome;
use crate::command;
use crate::compile::engine::Engine;
use crate::compile::job::Job;
use crate::sandbox::executor;

/// Takes the depfile out of a stranger's outcome, so that it is not even fetched.
pub(super) fn drop_from(job: &Job<'_>, outcome: &mut Outcome) {
    if let Some(depfile) = job.depfile() {
        outcome.files.retain(|file| file.path != depfile.path);
    }
}

/// Adds the depfile that the compiler here writes for the job.
pub(super) fn renew(engine: &Engine, job: &Job<'_>, outcome: &mut Outcome) -> Result<(), Unusable> {
    let (Some(depfile), Some(compile)) = (job.depfile(), job.compile) else { return Ok(()) };
    let fault = |error: &dyn std::fmt::Display| Unusable::Depfile(error.to_string());
    let view = engine.executor.prepare(&[]).map_err(|error| fault(&error))?;
    let listed = view.scratch().join("depfile");
    let args = command::depfile_args(compile, &listed.display().to_string())
        .ok_or_else(|| fault(&"the command asks for it in a way that is not understood"))?;
    let compiler = job.arguments.first().map(String::as_str).unwrap_or_default();
    let run = executor::Job {
        compiler: Path::new(compiler),
        args: &args,
        environment: job.environment,
        directory: Path::new(job.directory),
        asked: true,
    };
    let executed = engine.executor.run(&run, view, &|_| {}).map_err(|error| fault(&error))?;
    if executed.status != 0 {
        return Err(fault(&String::from_utf8_lossy(&executed.stderr)));
    }
    outcome.add(&engine.cache, &depfile.path, &listed).map_err(|error| fault(&error))?;
    outcome.files.sort_by_key(|file| job.outputs.iter().position(|output| output.path == file.path));
    Ok(())
}
