//! Running a recorded command ahead of the build, and having its compiler say what it read.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::call::lexical;
use super::conclude::dependency_set;
use super::instance::look;
use super::{
    Call, Context, Engine, Evidence, Instance, Learnt, NotKept, Place, Reads, conclude, instantiate,
};
use crate::backend::{Executed, Job, Outcome};
use crate::command;
use crate::inputs::snapshot::Snapshot;
use crate::inputs::stamp;

/// How a compile is made to say what it reads: what to add to its environment and arguments, and where it says it.
#[derive(Debug, Default)]
pub struct Side {
    /// Variables to add.
    pub environment: Vec<(String, String)>,
    /// Arguments to append.
    pub args: Vec<String>,
    /// Where its dependencies will be listed; `None` when they have to be asked for by a scan of its own.
    pub dependencies: Option<PathBuf>,
    /// Where the assembler will list what it read.
    pub assembled: Option<PathBuf>,
}

/// Plans the side channel of a call, with files below `scratch`.
pub fn side_channel(engine: &Engine, call: &Call, path: Option<&str>, scratch: &Path) -> Side {
    let mut side = Side::default();
    let Ok(toolchain) = engine.toolchain(call, path, &mut Snapshot::new(&engine.files)) else { return side };
    let own = scratch.join("dependencies");
    match &call.compile.depfile {
        Some(depfile) if depfile.system_headers => side.dependencies = Some(call.absolute(&depfile.path)),
        // The user's depfile leaves system headers out, and a compiler writes only one.
        Some(_) => {}
        None if !call.compile.language.is_preprocessed_here() => {}
        // What is added would be in the object.
        None if call.compile.records_arguments() => {}
        None if toolchain.family == command::Family::Gcc => {
            // GCC manual, "Environment Variables Affecting GCC": like DEPENDENCIES_OUTPUT, with system headers.
            side.environment.push(("SUNPRO_DEPENDENCIES".into(), format!("{} object", own.display())));
            side.dependencies = Some(own);
        }
        None => {
            side.args.extend(["-MD".into(), "-MF".into(), own.display().to_string()]);
            side.dependencies = Some(own);
        }
    }
    if toolchain.assembler_depfile {
        let listed = scratch.join("assembled");
        side.args.push(format!("-Wa,--MD,{}", listed.display()));
        side.assembled = Some(listed);
    }
    side
}

/// Asks the compiler, by a preprocessor run of its own, what a call reads now.
pub fn scan(engine: &Engine, call: &Call, environment: &[(String, String)]) -> Result<Vec<u8>, NotKept> {
    let fault = |error: &dyn std::fmt::Display| NotKept::Unaccountable(format!("dependency scan: {error}"));
    if !call.compile.language.is_preprocessed_here() {
        return Ok(format!("object: {}\n", call.compile.source).into_bytes());
    }
    // A working directory that the build has not made yet exists in a view.
    let directory = Path::new(&call.directory);
    let above = directory.ancestors().skip(1).find(|folder| folder.is_dir() && folder.parent().is_some());
    let covered = above.filter(|_| !directory.is_dir());
    let view = engine.executor.prepare(covered.as_slice()).map_err(|error| fault(&error))?;
    view.make_folder(directory).map_err(|error| fault(&error))?;
    let listed = view.scratch().join("dependencies");
    let mut args = command::scan_args(&call.compile);
    args.extend(["-M".into(), "-MF".into(), listed.display().to_string()]);
    let job = Job { compiler: Path::new(&call.compiler), args: &args, environment, directory, asked: false };
    let executed = engine.executor.run(&job, view, &|_| {}).map_err(|error| fault(&error))?;
    if executed.status != 0 {
        let text = String::from_utf8_lossy(&executed.stderr).into_owned();
        return Err(fault(&text.lines().next().unwrap_or("the compiler failed")));
    }
    fs::read(&listed).map_err(|error| fault(&error))
}

/// What a launch that ran to its end gave.
pub struct Performed {
    /// What it read, and under which action its result was kept.
    pub learnt: Learnt,
    /// What it left.
    pub outcome: Outcome,
    /// CPU time, user and system.
    pub cpu: Duration,
    /// Time from start to end.
    pub wall: Duration,
}

/// Finds out what a call reads now, by a scan, and its action.
pub fn examine(
    engine: &Engine,
    call: &Call,
    context: Context<'_>,
    environment: &[(String, String)],
) -> Result<(Reads, Instance), String> {
    let text = scan(engine, call, environment).map_err(|error| error.to_string())?;
    let set = dependency_set(engine, call, &text).map_err(|error| error.to_string())?;
    let mut snapshot = Snapshot::new(&engine.files);
    let looked = look(engine, &mut snapshot, call, &set, context).map_err(|error| error.to_string())?;
    let reads = Reads { set: set.into(), shape: looked.shape };
    let instance = instantiate(engine, &mut snapshot, call, &reads, context);
    instance.map(|instance| (reads, instance)).map_err(|error| error.to_string())
}

/// Runs a call in a private view and keeps its result.
pub fn perform(
    engine: &Engine,
    call: &Call,
    place: &Place,
    asked: bool,
    started: &dyn Fn(i32),
) -> Result<Performed, String> {
    let say = |error: io::Error| error.to_string();
    let covered = covered(call, &place.root)?;
    let view =
        engine.executor.prepare(&covered.iter().map(PathBuf::as_path).collect::<Vec<_>>()).map_err(say)?;
    for folder in &covered {
        view.make_folder(folder).map_err(say)?;
    }
    let side = side_channel(engine, call, place.path(), view.scratch());
    let args: Vec<String> = call.compile.args.iter().chain(&side.args).cloned().collect();
    let mut environment = place.environment_of(call);
    environment.extend(side.environment.iter().cloned());
    let job = Job {
        compiler: Path::new(&call.compiler),
        args: &args,
        environment: &environment,
        directory: Path::new(&call.directory),
        asked,
    };
    let began_ns = stamp::before_any_change_ns();
    let executed = engine.executor.run(&job, view, started).map_err(say)?;
    if executed.status != 0 {
        return Err("the compile failed".into());
    }
    if !executed.stdout.is_empty() {
        return Err("it printed on its standard output".into());
    }
    let outcome = collect(engine, call, &executed)?;
    let (cpu, wall) = (executed.cpu, executed.wall);
    let dependencies = match &side.dependencies {
        Some(path) => fs::read(inside(&executed, path)).map_err(say)?,
        None => scan(engine, call, &place.environment_of(call)).map_err(|error| error.to_string())?,
    };
    let assembled = side.assembled.as_deref().map(fs::read).transpose().map_err(say)?;
    let evidence = Evidence { began_ns, dependencies, assembled, outcome: Ok(outcome.clone()) };
    let learnt = conclude(engine, call, place.context(), evidence).map_err(|error| error.to_string())?;
    Ok(Performed { learnt, outcome, cpu, wall })
}

/// Where a file that the job wrote is seen from outside.
fn inside(executed: &Executed, path: &Path) -> PathBuf {
    if path.starts_with(executed.view.scratch()) {
        return path.to_owned();
    }
    executed.view.written(path).unwrap_or_else(|| path.to_owned())
}

/// Stores what the job wrote, if that is just what the command declares.
fn collect(engine: &Engine, call: &Call, executed: &Executed) -> Result<Outcome, String> {
    let mut undeclared = executed.view.changes().map_err(|error| error.to_string())?;
    let mut outcome = Outcome { files: Vec::new(), stderr: executed.stderr.clone() };
    for output in &call.compile.outputs {
        let path = lexical(&call.absolute(&output.path));
        let Some(upper) = executed.view.written(&path).filter(|upper| upper.is_file()) else {
            if output.optional {
                continue;
            }
            return Err(format!("it left no {}", output.path));
        };
        undeclared.retain(|changed| *changed != path);
        outcome.add(&engine.cache, &output.path, &upper).map_err(|error| error.to_string())?;
    }
    match undeclared.first() {
        Some(path) => Err(format!("it also wrote {}", path.display())),
        None => Ok(outcome),
    }
}

/// The folders below which a call writes: the project root, its working directory, and those of its outputs.
pub(super) fn covered(call: &Call, root: &str) -> Result<Vec<PathBuf>, String> {
    let mut folders = vec![PathBuf::from(root), PathBuf::from(&call.directory)];
    for output in &call.compile.outputs {
        if let Some(folder) = lexical(&call.absolute(&output.path)).parent() {
            folders.push(folder.to_owned());
        }
    }
    match folders.iter().find(|folder| folder.parent().is_none()) {
        Some(_) => Err("it works in the root of the file system".into()),
        None => Ok(folders),
    }
}
