//! Running a traced command ahead of its build, in a private view in which the files that it will find are there.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::Traced;
use super::observe::{Run, Unlearnt, known_program, observe};
use super::state::{LISTING, Overrides, There};
use crate::base::lexical::{lexical, plain};
use crate::base::paths::PathId;
use crate::cache::outcome::Outcome;
use crate::command;
use crate::compile::engine::Engine;
use crate::compile::perform::folders_of;
use crate::compile::site::Site;
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
    let say = |error: io::Error| error.to_string();
    let program = engine.tracer.as_ref().ok_or_else(|| "no tracer can be had".to_owned())?;
    // It may have been exchanged since it was recorded.
    known_program(engine, &mut Snapshot::new(&engine.files), engine.paths().intern(&traced.program))?;
    let covered = covered(traced, &site.root, outputs)?;
    let mut view =
        engine.executor.prepare(&covered.iter().map(PathBuf::as_path).collect::<Vec<_>>()).map_err(say)?;
    for folder in &covered {
        view.make_folder(folder).map_err(say)?;
    }
    let began_ns = stamp::before_any_change_ns();
    stage(engine, set, foreseen, &mut view)?;
    for (&id, there) in foreseen {
        let There::File(content) = there else { continue };
        let name = engine.name(id);
        let held = engine.cache.blobs.open(content).map_err(|error| error.to_string())?;
        held.ok_or_else(|| format!("what {name} was has gone"))?;
        let path = plain(Path::new(&name)).ok_or_else(|| format!("a symbolic link leads to {name}"))?;
        view.show(&path, &engine.cache.blobs.path(content))
            .map_err(|error| format!("{name} cannot be assumed: {error}"))?;
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
    let executed = engine.executor.run(&job, view, started).map_err(say)?;
    let touched = spec_cc_tracer::read(&listed).map_err(|error| error.to_string())?;
    let status = exit_status(executed.status).ok_or_else(|| "it was ended by a signal".to_owned())?;
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
    let written = |path: &Path| {
        let upper = executed.view.written(path).filter(|upper| upper.symlink_metadata().is_ok());
        upper.unwrap_or_else(|| lexical(path))
    };
    // Of a test's files those that it was shown.
    let below = format!("{}/", site.root);
    let made =
        |path: &str, changed_ns| if traced.probe { changed_ns == i64::MAX } else { path.starts_with(&below) };
    let observed = observe(engine, traced, run, foreseen, &written, &made)?;
    observed.key.store(&engine.cache, &observed.outcome).map_err(|error| error.to_string())?;
    Ok(Performed { observed, cpu: executed.cpu, wall: executed.wall })
}

/// Lets a staged view have what the command is known to touch. Should it touch anything else that is there, the trace will tell.
fn stage(engine: &Engine, set: &[PathId], foreseen: &Overrides, view: &mut View) -> Result<(), String> {
    if !view.is_staged() {
        return Ok(());
    }
    for id in set.iter().filter(|id| !foreseen.contains_key(id)) {
        let name = engine.name(*id);
        let path = Path::new(name.strip_suffix(LISTING).unwrap_or(&name));
        if name.ends_with(LISTING) && view.written(path).is_some() {
            return Err(format!("it looks at all that is in {}", path.display()));
        }
        view.stage(path).map_err(|error| format!("{name} cannot be staged: {error}"))?;
    }
    Ok(())
}

/// The exit status in a raw wait status; `None` when a signal ended it.
pub fn exit_status(raw: i32) -> Option<u8> {
    libc::WIFEXITED(raw).then(|| libc::WEXITSTATUS(raw)).and_then(|status| u8::try_from(status).ok())
}

/// The folders below which it writes: the project root, its working directory, and those of its outputs.
fn covered(traced: &Traced, root: &str, outputs: &[String]) -> Result<Vec<PathBuf>, String> {
    let mut folders = vec![PathBuf::from(root), PathBuf::from(&traced.directory)];
    let outputs = outputs.iter().chain(&traced.output).map(|output| traced.absolute(output));
    folders.extend(outputs.flat_map(|output| folders_of(&output)));
    match folders.iter().find(|folder| folder.parent().is_none()) {
        Some(_) => Err("it works in the root of the file system".into()),
        None => Ok(folders),
    }
}
