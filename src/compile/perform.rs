//! Running a recorded command ahead of the build, and having its compiler say what it read.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use std::{fs, io, thread};

use super::call::Call;
use super::conclude::{Evidence, Learnt, conclude, dependency_set};
use super::engine::Engine;
use super::instance::{Instance, instantiate, look};
use super::predict::Predicted;
use super::scans;
use super::site::Context;
use super::staging::{self, StagingError};
use super::unperformed::Unperformed;
use crate::base::lexical::plain;
use crate::base::variable::Variable;
use crate::cache::outcome::Outcome;
use crate::command;
use crate::compile::not_kept::{NotKept, Unstorable};
use crate::compile::reads::Reads;
use crate::compile::site::Site;
use crate::inputs::snapshot::Snapshot;
use crate::inputs::stamp;
use crate::sandbox::executor::{Executed, Job};
use crate::sandbox::view::View;
use crate::sandbox::view::paths::place;
use crate::toolchain::Toolchain;

/// How often a command is scanned whose files change meanwhile.
const ATTEMPTS: usize = 3;

/// How a compile is made to say what it reads: what to add to its environment and arguments, and where it says it.
#[derive(Debug, Default)]
pub struct SideChannel {
    /// Variables to add.
    pub environment: Vec<Variable>,
    /// Arguments to append.
    pub args: Vec<String>,
    /// Where its dependencies will be listed; `None` when they have to be asked for by a scan of its own.
    pub dependencies: Option<PathBuf>,
    /// Where the assembler will list what it read.
    pub assembled: Option<PathBuf>,
    /// The compiler, if it is known already.
    pub toolchain: Option<Arc<Toolchain>>,
}

/// Plans the side channel of a call, with files below `scratch`. What is not known of its compiler yet is not waited for.
pub fn side_channel(engine: &Engine, call: &Call, path: Option<&str>, scratch: &Path) -> SideChannel {
    let mut side = SideChannel::default();
    let mut snapshot = Snapshot::new(&engine.files);
    side.toolchain = engine.toolchain_while(&mut || false, call, path, &mut snapshot).ok();
    let Ok(family) = engine.family(call, path, &mut snapshot) else { return side };
    // An argument more would be in the object.
    let quoted = command::quotes_arguments(&call.compile);
    let own = scratch.join("dependencies");
    match &call.compile.depfile {
        Some(depfile) if depfile.system_headers => side.dependencies = Some(call.absolute(&depfile.path)),
        // The user's depfile leaves system headers out, and a compiler writes only one.
        Some(_) => {}
        None if !call.compile.language.is_preprocessed_here() => {}
        None if family == command::Family::Gcc => {
            // GCC manual, "Environment Variables Affecting GCC": like DEPENDENCIES_OUTPUT, with system headers.
            side.environment.push(("SUNPRO_DEPENDENCIES".into(), format!("{} object", own.display())));
            side.dependencies = Some(own);
        }
        None if quoted => {}
        None => {
            side.args.extend(["-MD".into(), "-MF".into(), own.display().to_string()]);
            side.dependencies = Some(own);
        }
    }
    if side.toolchain.as_ref().is_some_and(|known| known.assembler_depfile) && !quoted {
        let listed = scratch.join("assembled");
        side.args.push(format!("-Wa,--MD,{}", listed.display()));
        side.assembled = Some(listed);
    }
    side
}

/// Asks the compiler, by a preprocessor run of its own, what a call reads once the files in `predicted` are there.
pub fn scan(
    engine: &Engine,
    call: &Call,
    predicted: &[Predicted],
    environment: &[Variable],
) -> Result<Vec<u8>, NotKept> {
    let fault = |error: &dyn std::fmt::Display| NotKept::Unaccountable(format!("dependency scan: {error}"));
    if !call.compile.language.is_preprocessed_here() {
        return Ok(format!("object: {}\n", call.compile.source).into_bytes());
    }
    // What the build has not made yet exists in a view: its working directory, and what is predicted.
    let directory = Path::new(&call.directory);
    let files =
        predicted.iter().map(|one| plain(Path::new(&engine.name(one.path)))).collect::<Option<Vec<_>>>();
    let files = files.unwrap_or_default();
    let absent = files.iter().map(PathBuf::as_path).chain(Some(directory).filter(|folder| !folder.is_dir()));
    let covered: Vec<&Path> = absent.filter_map(above).collect();
    let at = |what: &'static str| move |error: io::Error| fault(&format!("{what}: {error}"));
    let mut view = engine.executor.prepare(&covered).map_err(at("no private view"))?;
    view.make_folder(directory).map_err(at("no working directory"))?;
    show(engine, predicted, &mut view).map_err(|error| fault(&error))?;
    view.mirror().map_err(at("the tree cannot be shown"))?;
    let listed = view.scratch().join("dependencies");
    let mut args = command::scan_args(&call.compile);
    args.extend(["-M".into(), "-MF".into(), listed.display().to_string()]);
    let job = Job { compiler: Path::new(&call.compiler), args: &args, environment, directory, asked: false };
    let executed = engine.executor.run(&job, view, &|_| {}).map_err(at("the compiler cannot be run"))?;
    if executed.status != 0 {
        let text = String::from_utf8_lossy(&executed.stderr).into_owned();
        return Err(fault(&text.lines().next().unwrap_or("the compiler failed")));
    }
    fs::read(&listed).map_err(at("its list cannot be read"))
}

/// The deepest folder there is above a path.
fn above(path: &Path) -> Option<&Path> {
    path.ancestors().skip(1).find(|folder| folder.is_dir() && folder.parent().is_some())
}

/// Lets a view have the files that are taken to exist.
fn show<'p>(
    engine: &Engine,
    predicted: impl IntoIterator<Item = &'p Predicted>,
    view: &mut View,
) -> Result<(), StagingError> {
    predicted
        .into_iter()
        .try_for_each(|one| staging::predict(engine, &engine.name(one.path), &one.content, view))
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

/// Finds out what a call reads now, by a scan of it or of one that preprocesses alike, and its action.
pub fn examine(
    engine: &Engine,
    call: &Call,
    context: Context<'_>,
    environment: &[Variable],
) -> Result<(Reads, Instance), Unperformed> {
    let toolchain = engine.toolchain(call, context.path, &mut Snapshot::new(&engine.files))?;
    let key = scans::key(call, context, &toolchain.identity);
    engine.scans.share(key, |known| {
        let again = |reads: &Reads| {
            let mut snapshot = Snapshot::new(&engine.files);
            let instance = instantiate(engine, &mut snapshot, call, reads, context).ok()?;
            Some((reads.clone(), instance))
        };
        known.and_then(again).map_or_else(|| examine_anew(engine, call, context, environment), Ok)
    })
}

fn examine_anew(
    engine: &Engine,
    call: &Call,
    context: Context<'_>,
    environment: &[Variable],
) -> Result<(Reads, Instance), Unperformed> {
    let mut unsettled = None;
    for _ in 0..ATTEMPTS {
        let began_ns = stamp::before_any_change_ns();
        let text = scan(engine, call, context.predicted, environment)?;
        let set = dependency_set(engine, call, &text)?;
        let mut snapshot = Snapshot::new(&engine.files);
        let looked = look(engine, &mut snapshot, call, &set, context)?;
        if let Some((id, stamp)) = snapshot.changed_since(began_ns) {
            unsettled = Some(id);
            let_tick_pass(stamp.changed_ns());
            continue;
        }
        let reads = Reads { set: set.into(), shape: looked.shape };
        let instance = instantiate(engine, &mut snapshot, call, &reads, context)?;
        return Ok((reads, instance));
    }
    Err(Unperformed::Unsettled(unsettled.map(|id| engine.name(id)).unwrap_or_default()))
}

/// Waits until the clock that stamps files is past a file's last change: what begins in the same tick could not be told
/// from what began before the file changed.
pub fn let_tick_pass(changed_ns: i64) {
    // A tick takes 10 ms at most. A file from the future is not waited for.
    for _ in 0..10 {
        if stamp::before_any_change_ns() > changed_ns {
            return;
        }
        thread::sleep(Duration::from_millis(2));
    }
}

/// Lets a staged view have what a call reads, and the folders in which it looks for it. Fails if it may read anything else by now.
fn stage(
    engine: &Engine,
    call: &Call,
    reads: &Reads,
    context: Context<'_>,
    view: &mut View,
) -> Result<(), Unperformed> {
    let mut snapshot = Snapshot::new(&engine.files);
    instantiate(engine, &mut snapshot, call, reads, context)?;
    let chain = engine.chain(call, context, &mut snapshot)?;
    let files = reads.set.iter().filter(|&&id| !snapshot.is_assumed(id)).map(|&id| engine.name(id));
    for path in chain.folders().map(str::to_owned).chain(files) {
        staging::stage(&path, view)?;
    }
    // The compiler may warn where one of them is missing that the build is taken to make.
    for folder in chain.missing() {
        if context.predicted.iter().any(|one| Path::new(&engine.name(one.path)).starts_with(folder)) {
            view.make_folder(folder)?;
        }
    }
    Ok(())
}

/// Runs a call that reads `reads` in a private view, in which the files in `predicted` are there, and keeps its result. `asked`: see
/// [`Job`].
pub fn perform(
    engine: &Engine,
    call: &Call,
    site: &Site,
    reads: &Reads,
    asked: bool,
    predicted: &[Predicted],
    started: &dyn Fn(i32),
) -> Result<Performed, Unperformed> {
    let folders = covered(call, &site.root)?;
    let mut view = staging::view(&folders, |folders| engine.executor.prepare(folders))?;
    let began_ns = stamp::before_any_change_ns();
    if view.is_staged() {
        stage(engine, call, reads, site.context(predicted), &mut view)?;
        show(engine, predicted.iter().filter(|one| reads.set.contains(&one.path)), &mut view)?;
    } else {
        show(engine, predicted, &mut view)?;
    }
    let channel = side_channel(engine, call, site.path(), view.scratch());
    let args: Vec<String> = call.compile.args.iter().chain(&channel.args).cloned().collect();
    let mut environment = site.environment_of(call);
    environment.extend(channel.environment.iter().cloned());
    let job = Job {
        compiler: Path::new(&call.compiler),
        args: &args,
        environment: &environment,
        directory: Path::new(&call.directory),
        asked,
    };
    let executed = engine.executor.run(&job, view, started)?;
    if executed.status != 0 {
        return Err(Unperformed::Failed);
    }
    if !executed.stdout.is_empty() {
        return Err(Unstorable::Printed.into());
    }
    let outcome = collect(engine, call, &executed)?;
    let (cpu, wall) = (executed.cpu, executed.wall);
    let staged = executed.view.is_staged();
    let dependencies = match &channel.dependencies {
        Some(path) => Some(fs::read(inside(&executed, path))?),
        // It had nothing else to read.
        None if staged => None,
        None => Some(scan(engine, call, predicted, &site.environment_of(call))?),
    };
    let assembled = channel.assembled.as_deref().map(fs::read).transpose()?;
    let staged = staged.then(|| Arc::clone(&reads.set));
    let toolchain = channel.toolchain;
    let evidence =
        Evidence { began_ns, toolchain, dependencies, staged, assembled, outcome: Ok(outcome.clone()) };
    let learnt = conclude(engine, call, site.context(predicted), evidence)?;
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
fn collect(engine: &Engine, call: &Call, executed: &Executed) -> Result<Outcome, Unperformed> {
    let mut undeclared = executed.view.changes()?;
    let mut outcome = Outcome { stderr: executed.stderr.clone(), ..Outcome::default() };
    for output in &call.compile.outputs {
        let path = place(&call.absolute(&output.path));
        let Some(upper) = executed.view.written(&path).filter(|upper| upper.is_file()) else {
            if output.optional {
                continue;
            }
            return Err(Unstorable::Missing(output.path.clone()).into());
        };
        undeclared.retain(|changed| *changed != path);
        outcome.add(&engine.cache, &output.path, &upper).map_err(Unstorable::from)?;
    }
    match undeclared.first() {
        Some(path) => Err(Unperformed::Undeclared(path.clone())),
        None => Ok(outcome),
    }
}

/// The folders below which a call writes.
pub(crate) fn covered(call: &Call, root: &str) -> Result<Vec<PathBuf>, StagingError> {
    let outputs = call.compile.outputs.iter().map(|output| call.absolute(&output.path));
    staging::covered(root, &call.directory, outputs)
}
