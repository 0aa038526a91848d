//! Links on a grid: what a link reads now, by its linker's own command line, and the key that stands for it.
//!
//! What recc sends along ([`link_inputs`]) is found the way recc finds it, which is not quite the linker's: so the key
//! covers every file that the linker could have taken instead, and a result made here is kept only if the linker's own list of
//! what it read has nothing else in it.

pub mod call;
pub mod error;
pub mod linker;
pub mod needed;
pub mod script;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::cache_key::CacheKey;
use super::checkout::Keys;
use super::engine::Engine;
use super::job::Job;
use super::perform::SideChannel;
use crate::action;
use crate::action::remote::{File, Input, Libraries, link_inputs};
use crate::base::digest::Digest;
use crate::base::paths::PathName;
use crate::command::sharing::Unshared;
use crate::command::{self, Family};
use crate::compile::link::call::LinkCall;
use crate::inputs::depfile;
use crate::inputs::files::Seen;
use crate::inputs::search::{absolute, intern};
use crate::inputs::snapshot::Snapshot;
use crate::toolchain::Toolchain;
use error::LinkError;

/// A link on the files of one moment.
pub struct Linkage {
    /// Stands for the command, the linker and all that it may read.
    pub key: Digest,
    /// What recc sends along: each with whether it was named by an absolute path.
    inputs: Vec<(PathName, bool, Seen)>,
    /// Every file that the key covers, links resolved.
    covered: BTreeSet<PathBuf>,
    toolchain: Arc<Toolchain>,
    /// Latest change to any file, nanoseconds since the epoch.
    changed_ns: i64,
}

/// Variables that the linker and its driver listen to besides those of a compile (`ld(1)`, "ENVIRONMENT").
const LINKERS: [&str; 6] =
    ["LPATH", "LD_RUN_PATH", "LDEMULATION", "COLLECT_NO_DEMANGLE", "LD_LIBRARY_PATH", "GNUTARGET"];

/// Finds out what a link would read now; an error says why it is bypassed.
pub fn linkage(engine: &Engine, call: &LinkCall) -> Result<Linkage, LinkError> {
    let mut snapshot = Snapshot::new(&engine.files);
    let variable = |name: &str| call.variable(name).map(Into::into);
    let toolchain = engine.toolchains.identify_in(Path::new(&call.compiler), &variable, &mut snapshot)?;
    if toolchain.family != Family::Gcc {
        return Err(LinkError::NotGcc);
    }
    let linker = engine.linkers.of(&engine.executor, call, &toolchain.identity)?;
    let command = linker::command(&engine.executor, call)?;
    let here = Path::new(&call.directory);
    let libraries = Libraries {
        has: &|path| here.join(path).is_file(),
        needed: &|path| needed::needed(&here.join(path)),
        is_archive: &|path| starts_with(&here.join(path), b"!<arch>"),
        linker_folders: &linker.folders,
        loader_folders: &linker::loader_folders(),
    };
    let listed = link_inputs(&command, &libraries)?;
    let mut inputs = Vec::with_capacity(listed.len());
    for path in &listed {
        let id = intern(engine.paths(), &call.directory, path);
        let seen = snapshot.look(id).map_err(LinkError::input(path))?;
        inputs.push((engine.paths().get(id), path.starts_with('/'), seen));
    }
    let mut names: BTreeSet<String> = listed.iter().map(|path| absolute(&call.directory, path)).collect();
    let folders = script::searched(&command, &linker.folders, here);
    names.extend(script::candidates(&command, &folders)?);
    names.extend(
        command
            .iter()
            .zip(command.iter().skip(1))
            .filter(|(word, _)| *word == "-plugin")
            .map(|(_, path)| path.clone()),
    );
    for path in names.clone() {
        names.extend(script::named(Path::new(&path), &folders)?);
    }
    let mut files = Vec::with_capacity(names.len());
    for path in &names {
        let id = engine.paths().intern(path);
        files.push((path, snapshot.look(id).map_err(LinkError::input(path))?));
    }
    Ok(Linkage {
        key: key(engine, call, &toolchain, &command, &files),
        changed_ns: files.iter().map(|(_, seen)| seen.stamp.changed_ns()).max().unwrap_or(0),
        covered: names.iter().filter_map(|path| fs::canonicalize(path).ok()).collect(),
        inputs,
        toolchain,
    })
}

fn key(
    engine: &Engine,
    call: &LinkCall,
    toolchain: &Toolchain,
    command: &[String],
    files: &[(&String, Seen)],
) -> Digest {
    let inputs: Vec<_> = files
        .iter()
        .map(|(path, seen)| action::File { path, digest: seen.digest, executable: false })
        .map(action::Input::File)
        .collect();
    let listened = |name: &str| command::keyed(name) || LINKERS.contains(&name);
    let mut environment: Vec<_> =
        call.environment.iter().filter(|(name, _)| listened(name)).cloned().collect();
    environment.sort_unstable();
    // What the driver makes of the arguments, less the names of its temporary files.
    let passed = command.iter().filter(|word| !word.contains("-fresolution=")).cloned();
    let arguments: Vec<String> = call.arguments().into_iter().chain(passed).collect();
    let parts = action::Parts {
        arguments: &arguments,
        environment: &environment,
        directory: &call.directory,
        outputs: std::slice::from_ref(&call.link.output.path),
        toolchain: &toolchain.identity,
    };
    action::digest(&parts, &inputs, None, &engine.folders)
}

impl Linkage {
    /// The link as a grid has to know it.
    pub fn job<'a>(&'a self, call: &'a LinkCall) -> Job<'a> {
        let files = self.inputs.iter().map(|(name, absolute, seen)| File {
            path: name.as_str(),
            absolute: *absolute,
            digest: seen.digest,
            executable: seen.stamp.mode & 0o100 != 0,
        });
        Job {
            arguments: call.arguments(),
            environment: &call.environment,
            directory: &call.directory,
            outputs: std::slice::from_ref(&call.link.output),
            inputs: files.map(Input::File).collect(),
            ends_with_crtbegin: false,
            predicted: &[],
            keys: Keys { own: CacheKey::undivided(self.key), shared: Err(Unshared::Link) },
            toolchain: &self.toolchain,
            compile: None,
            link: true,
        }
    }

    /// Whether a link that began at `began_ns` and read what the linker lists in `text` is what the key stands for.
    pub fn accounts_for(&self, call: &LinkCall, text: &[u8], began_ns: i64) -> Result<(), LinkError> {
        if self.changed_ns >= began_ns {
            return Err(LinkError::Changed);
        }
        let read = depfile::parse(text)?;
        let is_covered = |file: &String| {
            fs::canonicalize(Path::new(&call.directory).join(file))
                .is_ok_and(|target| self.covered.contains(&target))
        };
        match read.iter().find(|file| !is_covered(file)) {
            Some(file) => Err(LinkError::Unexpected(file.clone())),
            None => Ok(()),
        }
    }
}

/// How a link is made to say what it reads; `None` when its linker cannot.
pub fn link_side(engine: &Engine, call: &LinkCall, linkage: &Linkage, scratch: &Path) -> Option<SideChannel> {
    let linker = engine.linkers.of(&engine.executor, call, &linkage.toolchain.identity).ok()?;
    let listed = scratch.join("linked");
    linker.lists_inputs.then(|| SideChannel {
        args: vec![format!("-Wl,--dependency-file={}", listed.display())],
        dependencies: Some(listed),
        ..SideChannel::default()
    })
}

fn starts_with(path: &Path, magic: &[u8]) -> bool {
    use std::io::Read;
    let mut head = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(magic.len() as u64).read_to_end(&mut head));
    read.is_ok() && head == magic
}
