//! What a run of a traced command shows: the paths that its result depends on, and what it left.

use std::collections::HashMap;
use std::ffi::CString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use spec_cc_tracer::{Access, Touched, TraceError};

use super::state::{LISTING, Overrides, There, listing, state};
use super::texts::scan;
use super::{Traced, left};
use crate::base::absence::is_absence;
use crate::base::digest::Digest;
use crate::base::paths::PathId;
use crate::cache::error::CacheError;
use crate::cache::outcome::Outcome;
use crate::compile::engine::Engine;
use crate::compile::failure;
use crate::compile::instance::Unready;
use crate::compile::reads::Reads;
use crate::compile::staging::StagingError;
use crate::directives::Hazards;
use crate::inputs::links::Links;
use crate::inputs::private::{Private, read_shared};
use crate::inputs::search;
use crate::inputs::shape::Shape;
use crate::inputs::snapshot::Snapshot;
use crate::inputs::stamp::Stamp;
use crate::store::Given;
use crate::traced::observed::Observed;

/// A run that has ended.
#[derive(Debug)]
pub struct Run<'a> {
    /// What it touched.
    pub touched: &'a Touched,
    /// Its exit status, and all that it wrote to standard output and error.
    pub said: Outcome,
    /// Coarse wall-clock time before it began, nanoseconds since the epoch.
    pub began_ns: i64,
    /// The project root.
    pub root: &'a str,
}

/// Why nothing can be learnt from a run.
#[derive(Debug, thiserror::Error)]
pub enum Unlearnt {
    /// A file that it touched was not the same all the while.
    #[error("{0} came, went or changed meanwhile")]
    Meanwhile(String),
    /// Its result is not one of its inputs alone, or cannot be kept.
    #[error("{0}")]
    Unaccountable(String),
    /// A file that it touched cannot be looked at.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// As the system says.
        source: io::Error,
    },
    /// What it touched has no state.
    #[error(transparent)]
    Unready(#[from] Unready),
    /// Its view cannot have what it needs.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// It cannot be run.
    #[error(transparent)]
    Run(#[from] io::Error),
    /// Its trace cannot be read.
    #[error(transparent)]
    Trace(#[from] TraceError),
    /// The cache cannot take what it left.
    #[error(transparent)]
    Cache(#[from] CacheError),
}

impl Unlearnt {
    pub(crate) fn because(why: impl Into<String>) -> Self {
        Self::Unaccountable(why.into())
    }

    fn file(path: &str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::File { path: path.to_owned(), source }
    }
}

/// Works out what a run's result depends on, and stores what it left. An error says why nothing can be learnt from it.
///
/// `written` says where a file that the run wrote is to be found now, `overrides` what it was shown in place of what is there,
/// `made` whether a file with its latest change then (nanoseconds since the epoch) is of the build's own making.
pub fn observe(
    engine: &Engine,
    traced: &Traced,
    run: Run<'_>,
    overrides: &Overrides,
    written: &dyn Fn(&Path) -> PathBuf,
    made: &dyn Fn(&str, i64) -> bool,
) -> Result<Observed, Unlearnt> {
    if run.said.status != 0
        && let Some(why) = failure::is_passing([&run.said.stdout, &run.said.stderr], &traced.environment)
    {
        return Err(Unlearnt::Unaccountable(why));
    }
    check_words(engine, traced, overrides)?;
    let links = Links::default();
    let links = links.now();
    let private = Private::new(&links);
    let below = format!("{}/", run.root);
    let status = run.said.status;
    let (stdout, stderr) = (fixed(traced, run.said.stdout)?, fixed(traced, run.said.stderr)?);
    let mut outcome = Outcome { stdout, stderr, status, ..Outcome::default() };
    let mut set = Vec::with_capacity(run.touched.accesses.len() + run.touched.listed.len());
    let mut overrides = overrides.clone();
    let mut existed = HashMap::new();
    let mut settled = HashMap::new();
    let mut programs = Vec::new();
    let archives = traced.is_archiver();
    for access in &run.touched.accesses {
        if access.path.ends_with(LISTING) {
            return Err(Unlearnt::because(format!(
                "it touched {}, which stands for something else here",
                access.path
            )));
        }
        if private.is(&access.path) {
            return Err(Unlearnt::because(format!(
                "it used {}, which is another file to each process",
                access.path
            )));
        }
        if (access.existed || access.written) && is_compiled_header(&access.path) {
            // Compilers compare the times of what went into it.
            return Err(Unlearnt::because(format!("it used {}", access.path)));
        }
        // No path is ever forgotten, and compilers' temporary files have new names each time: those get no number.
        let id = || search::intern(engine.paths(), &traced.directory, &traced.scratch.fix(&access.path));
        if access.executed && access.existed {
            programs.push(id());
        }
        if !access.written {
            existed.insert(id(), access.existed);
            // Two names may be one here.
            let first = |known: &mut Option<i64>| {
                *known = known.zip(access.settled_ns).map(|(one, other)| one.min(other));
            };
            settled.entry(traced.actual(engine, id())).and_modify(first).or_insert(access.settled_ns);
            set.push(id());
            continue;
        }
        let left = take_output(engine, traced, access, (written, run.root), &mut outcome)?;
        if status != 0 && !left {
            // It may have failed for want of the folder, or by a link that leads nowhere.
            set.extend(folder_above(engine, traced, access)?);
        }
        // It looked for the file before it made it, or would have added to it, or a failure may have to do with one that is there.
        if access.read || (left && archives) || (status != 0 && (left || access.path.starts_with(&below))) {
            if access.existed {
                return Err(Unlearnt::because(format!("it changed {}", access.path)));
            }
            overrides.insert(id(), There::Nothing);
            set.push(id());
        }
    }
    let folders = run.touched.listed.iter().map(|folder| listing(&traced.scratch.fix(folder)));
    set.extend(folders.map(|folder| engine.paths().intern(&folder)));
    set.sort_by_cached_key(|&id| engine.name(id));
    set.dedup();
    let mut snapshot = Snapshot::new(&engine.files);
    for (&id, there) in &overrides {
        // Whatever the build does to its own file meanwhile.
        if let There::File(content) = there {
            snapshot.assume(traced.actual(engine, id), *content);
        }
    }
    let stated = state(engine, &mut snapshot, traced, &set, overrides)?;
    if let Some(folder) = changed_since(&run.touched.listed, run.began_ns) {
        return Err(Unlearnt::Meanwhile(folder.clone()));
    }
    let overrides = &stated.overrides;
    for id in programs {
        known_program(engine, &mut snapshot, traced.actual(engine, id))?;
    }
    let mut given = Vec::new();
    for &id in &set {
        let there = overrides.get(&id).map_or_else(
            || snapshot.stat(traced.actual(engine, id)).is_ok(),
            |there| *there != There::Nothing,
        );
        if existed.get(&id).is_some_and(|&before| before != there) {
            return Err(Unlearnt::Meanwhile(engine.name(id)));
        }
        let actual = traced.actual(engine, id);
        let found = content(engine, &mut snapshot, traced, (id, actual), overrides)?;
        if let Some((path, content, _)) = found.filter(|(path, _, changed_ns)| made(path, *changed_ns)) {
            let real = fs::canonicalize(engine.name(actual)).ok();
            let real = real.and_then(|real| Some(traced.scratch.fix(real.to_str()?)));
            given.push(Given { real: real.unwrap_or_else(|| path.clone()), path, content });
        }
    }
    if let Some((id, _)) = snapshot.changed_since_each(run.began_ns, &settled) {
        return Err(Unlearnt::Meanwhile(engine.name(id)));
    }
    Ok(Observed { reads: Reads { set: set.into(), shape: Shape::UNKNOWN }, key: stated.key, outcome, given })
}

/// The first of these folders that has changed since `began_ns`. Asked once their names are known: those are then of now.
fn changed_since(listed: &[String], began_ns: i64) -> Option<&String> {
    let has_changed = |folder: &&String| {
        let stamp = CString::new(folder.as_str()).map_err(io::Error::from).and_then(|path| Stamp::of(&path));
        stamp.is_ok_and(|stamp| stamp.changed_ns() >= began_ns)
    };
    listed.iter().find(has_changed)
}

/// An error if what is executed is no program of a toolchain: nobody knows what else such a one looks at, or does.
pub(super) fn known_program(
    engine: &Engine,
    snapshot: &mut Snapshot<'_>,
    id: PathId,
) -> Result<(), Unlearnt> {
    let name = engine.name(id);
    let content = snapshot.look(id).map_err(Unlearnt::file(&name))?.digest;
    if engine.toolchains.tools.has(Path::new(&name), &content).map_err(Unlearnt::file(&name))? {
        return Ok(());
    }
    Err(Unlearnt::because(format!("it runs {name}, which is no toolchain's program that spec-cc knows")))
}

/// The folder of a path at which a run left nothing; an error where a link stands in its place.
fn folder_above(engine: &Engine, traced: &Traced, access: &Access) -> Result<Option<PathId>, Unlearnt> {
    let path = Path::new(&access.path);
    if path.is_symlink() {
        return Err(Unlearnt::because(format!(
            "it failed, and would have written where {} leads",
            access.path
        )));
    }
    let folder = path.parent().map(|folder| traced.scratch.fix(&folder.to_string_lossy()));
    Ok(folder.map(|folder| engine.paths().intern(&folder)))
}

/// Its files of words may have changed since it was decided that it can be traced.
fn check_words(engine: &Engine, traced: &Traced, overrides: &Overrides) -> Result<(), Unlearnt> {
    let reader = |path: &Path| {
        let path = path.to_str().ok_or(io::ErrorKind::InvalidInput)?;
        let id = search::intern(engine.paths(), &traced.directory, &traced.scratch.fix(path));
        match overrides.get(&id) {
            Some(There::File(content)) => fs::read(engine.cache.blobs.path(content)),
            Some(There::Nothing) => Err(io::ErrorKind::NotFound.into()),
            _ => read_shared(Path::new(path)),
        }
    };
    if traced.is_traceable(&reader) {
        return Ok(());
    }
    Err(Unlearnt::because("its arguments ask for what a tracer does not see"))
}

/// Messages with fixed names in place of random ones.
fn fixed(traced: &Traced, said: Vec<u8>) -> Result<Vec<u8>, Unlearnt> {
    if !traced.scratch.is_in(&said) {
        return Ok(said);
    }
    let text = String::from_utf8(said).map_err(|error| Unlearnt::because(error.to_string()))?;
    let fixed = traced.scratch.fix(&text).into_bytes();
    if traced.scratch.is_in(&fixed) {
        Err(Unlearnt::because("its messages have a random name in them"))
    } else {
        Ok(fixed)
    }
}

/// Stores what the run left at a path that it wrote to; false when nothing is left there.
fn take_output(
    engine: &Engine,
    traced: &Traced,
    access: &Access,
    (written, root): (&dyn Fn(&Path) -> PathBuf, &str),
    outcome: &mut Outcome,
) -> Result<bool, Unlearnt> {
    let path = written(Path::new(&access.path));
    match fs::symlink_metadata(&path) {
        Ok(meta) if meta.is_file() => {
            // As the command names it, so that it is found from the folder that it runs in.
            let prefix = format!("{}/", traced.directory);
            let fixed = traced.scratch.fix(&access.path);
            let name = fixed.strip_prefix(&prefix).unwrap_or(&fixed);
            if !traced.may_leave(Path::new(&access.path), root) {
                return Err(Unlearnt::because(format!("it left {name}, which is none of its build's files")));
            }
            if let Some(fault) = left::fault(&path, &traced.scratch)? {
                return Err(Unlearnt::because(format!("{} {fault}", traced.scratch.unfix(name))));
            }
            outcome.add(&engine.cache, name, &path)?;
            Ok(true)
        }
        Ok(_) if access.path == "/dev/null" => Ok(false),
        Ok(_) => Err(Unlearnt::because(format!("it made {}, which is no file", access.path))),
        Err(error) if is_absence(&error) && !access.existed => Ok(false),
        Err(error) if is_absence(&error) => Err(Unlearnt::because(format!("it removed {}", access.path))),
        Err(error) => Err(Unlearnt::file(&access.path)(error)),
    }
}

/// A file that was read: its name, its content and its latest change. An error if it is a text that says what time it is.
fn content(
    engine: &Engine,
    snapshot: &mut Snapshot<'_>,
    traced: &Traced,
    (id, actual): (PathId, PathId),
    overrides: &Overrides,
) -> Result<Option<(String, Digest, i64)>, Unlearnt> {
    let name = engine.name(id);
    let is_special = |kind| !matches!(kind, libc::S_IFREG | libc::S_IFDIR);
    if !overrides.contains_key(&id)
        && snapshot.stat(actual).is_ok_and(|stamp| is_special(stamp.mode & libc::S_IFMT))
        && !["/dev/", "/proc/", "/sys/"].iter().any(|kernel| name.starts_with(kernel))
    {
        return Err(Unlearnt::because(format!("{name} is a pipe, a socket or a device")));
    }
    let (content, path, changed_ns) = match overrides.get(&id) {
        Some(There::File(content)) => (*content, engine.cache.blobs.path(content), i64::MAX),
        Some(_) => return Ok(None),
        None => match snapshot.look(actual) {
            Ok(seen) => (seen.digest, PathBuf::from(engine.name(actual)), seen.stamp.changed_ns()),
            Err(_) => return Ok(None),
        },
    };
    if let Some(scan) = scan(engine, &content, &path).map_err(Unlearnt::file(&name))? {
        let offloads = traced.argv.iter().any(|arg| arg.starts_with("-fopen"));
        let told = if offloads { Hazards::CLOCK | Hazards::OFFLOAD } else { Hazards::CLOCK };
        let found = scan.hazards.intersection(told);
        if !found.is_empty() {
            return Err(Unlearnt::because(format!("{name} has {}", found.reasons())));
        }
    }
    Ok(Some((name, content, changed_ns)))
}

/// Whether a path is that of a precompiled header or module.
fn is_compiled_header(path: &str) -> bool {
    let suffix = Path::new(path).extension().and_then(|suffix| suffix.to_str());
    matches!(suffix, Some("gch" | "pch" | "pcm" | "gcm"))
}
