//! Running a traced command ahead of its build, in a private view in which the files that it will find are there.

use std::path::Path;
use std::time::Duration;

use super::Traced;
use super::observe::{Run, Unlearnt, known_program, observe};
use super::state::{LISTING, Overrides, There};
use crate::base::lexical::lexical;
use crate::base::paths::PathId;
use crate::cache::outcome::Outcome;
use crate::command;
use crate::compile::engine::Engine;
use crate::compile::site::Site;
use crate::compile::staging::{self, StagingError};
use crate::inputs::snapshot::Snapshot;
use crate::inputs::stamp;
use crate::sandbox::executor::Job;
use crate::sandbox::view::View;
use crate::traced::observed::Observed;

/// What a launch that ran to its end gave.
#[derive(Debug)]
pub(crate) struct Performed {
    /// What was learnt from it.
    pub observed: Observed,
    /// CPU time, user and system.
    pub cpu: Duration,
    /// Time from start to end.
    pub wall: Duration,
}

/// Runs `traced`, which touches the paths of `set`, on what is foreseen, and keeps its result. `outputs` is what it made last time.
pub(crate) fn perform(
    engine: &Engine,
    traced: &Traced,
    site: &Site,
    (set, foreseen): (&[PathId], &Overrides),
    outputs: &[String],
    asked: bool,
    started: &dyn Fn(i32),
) -> Result<Performed, Unlearnt> {
    let program = engine.tracer.as_ref().ok_or_else(|| Unlearnt::because("no tracer can be had"))?;
    // It may have been exchanged since it was recorded.
    known_program(engine, &mut Snapshot::new(&engine.files), engine.paths().intern(&traced.program))?;
    let outputs = outputs.iter().chain(&traced.output).map(|output| traced.absolute(output));
    let folders = staging::covered(&site.root, &traced.directory, outputs)?;
    let mut view = staging::view(&folders, |folders| engine.executor.prepare(folders))?;
    let began_ns = stamp::before_any_change_ns();
    stage(engine, set, foreseen, &mut view)?;
    for (&id, there) in foreseen {
        if let There::File(content) = there {
            staging::predict(engine, &engine.name(id), content, &mut view)?;
        }
    }
    let listed = view.scratch().join("trace");
    let args: Vec<String> = ["below".into(), listed.display().to_string(), traced.program.clone()]
        .into_iter()
        .chain(traced.argv.iter().cloned())
        .collect();
    let environment = site.environment_for(&traced.environment, command::keyed_traced, &traced.directory);
    let job = Job {
        compiler: program,
        args: &args,
        environment: &environment,
        directory: Path::new(&traced.directory),
        asked,
    };
    let executed = engine.executor.run(&job, view, started)?;
    let touched = spec_cc_tracer::read(&listed)?;
    let status = exit_status(executed.status).ok_or_else(|| Unlearnt::because("it was ended by a signal"))?;
    let run = Run {
        touched: &touched,
        said: Outcome {
            status,
            stdout: executed.stdout.clone(),
            stderr: executed.stderr.clone(),
            files: Vec::new(),
        },
        began_ns,
        root: &site.root,
    };
    // What it has removed again is not there, whatever the build has made at that path meanwhile.
    let written = |path: &Path| executed.view.written(path).unwrap_or_else(|| lexical(path));
    // Of a test's files those that it was shown.
    let below = format!("{}/", site.root);
    let made =
        |path: &str, changed_ns| if traced.probe { changed_ns == i64::MAX } else { path.starts_with(&below) };
    let observed = observe(engine, traced, run, foreseen, &written, &made)?;
    observed.key.store(&engine.cache, &observed.outcome)?;
    Ok(Performed { observed, cpu: executed.cpu, wall: executed.wall })
}

/// Lets a staged view have what the command is known to touch. Should it touch anything else that is there, the trace will tell.
fn stage(engine: &Engine, set: &[PathId], foreseen: &Overrides, view: &mut View) -> Result<(), StagingError> {
    if !view.is_staged() {
        return Ok(());
    }
    for id in set.iter().filter(|id| !foreseen.contains_key(id)) {
        let name = engine.name(*id);
        let listed = name.strip_suffix(LISTING);
        if let Some(folder) = listed.map(Path::new).filter(|folder| view.written(folder).is_some()) {
            return Err(StagingError::Listed(folder.to_owned()));
        }
        staging::stage(listed.unwrap_or(&name), view)?;
    }
    Ok(())
}

/// The exit status in a raw wait status; `None` when a signal ended it.
pub fn exit_status(raw: i32) -> Option<u8> {
    libc::WIFEXITED(raw).then(|| libc::WEXITSTATUS(raw)).and_then(|status| u8::try_from(status).ok())
}
