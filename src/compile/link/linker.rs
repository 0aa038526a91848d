//! What a compiler's linker says of itself, and the command line that its driver would give it.

use std::collections::HashMap;
use std::fs;
use std::path::Path;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::action::remote::{link_query, linker_command, linker_folders};
use crate::base::digest::Digest;
use crate::compile::link::call::LinkCall;
use crate::compile::link::error::LinkError;
use crate::sandbox::executor::{Executor, Job};

/// Linkers by their toolchain's identity.
#[derive(Debug, Default)]
pub struct Linkers(Mutex<HashMap<Digest, Arc<Linker>>>);

/// A linker.
#[derive(Debug)]
pub(super) struct Linker {
    /// Where it looks for libraries by itself.
    pub(super) folders: Vec<String>,
    /// Whether it takes `--dependency-file` (GNU ld from 2.36 on).
    pub(super) lists_inputs: bool,
}

impl Linkers {
    /// The linker of a call's compiler.
    pub(super) fn of(
        &self,
        executor: &Executor,
        call: &LinkCall,
        toolchain: &Digest,
    ) -> Result<Arc<Linker>, LinkError> {
        let known = || self.0.lock();
        if let Some(linker) = known().get(toolchain) {
            return Ok(Arc::clone(linker));
        }
        let verbose = ask(executor, call, &["-Wl,--verbose".to_owned()])?;
        let help = ask(executor, call, &["-Wl,--help".to_owned()])?;
        let linker = Arc::new(Linker {
            folders: linker_folders(&verbose.stdout),
            lists_inputs: help.stdout.contains("--dependency-file"),
        });
        known().insert(*toolchain, Arc::clone(&linker));
        Ok(linker)
    }
}

/// The linker's command line for a call, without running it.
pub(super) fn command(executor: &Executor, call: &LinkCall) -> Result<Vec<String>, LinkError> {
    let said = ask(executor, call, &link_query(&call.link.args))?;
    linker_command(&said.stderr).ok_or(LinkError::NoCommand)
}

/// The folders in `/etc/ld.so.conf.d`, in the order of the files' names, as recc reads them.
pub(super) fn loader_folders() -> Vec<String> {
    let entries = fs::read_dir("/etc/ld.so.conf.d").into_iter().flatten();
    let mut files: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    files.sort();
    let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
    let folders = |text: String| text.lines().map(str::to_owned).collect::<Vec<_>>();
    texts.flat_map(folders).filter(|line| line.starts_with('/')).collect()
}

struct Said {
    stdout: String,
    stderr: String,
}

fn ask(executor: &Executor, call: &LinkCall, args: &[String]) -> Result<Said, LinkError> {
    let view = executor.prepare(&[]).map_err(LinkError::Ask)?;
    let job = Job {
        compiler: Path::new(&call.compiler),
        args,
        environment: &call.environment,
        directory: Path::new(&call.directory),
        asked: true,
    };
    let executed = executor.run(&job, view, &|_| {}).map_err(LinkError::Ask)?;
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    Ok(Said { stdout: text(&executed.stdout), stderr: text(&executed.stderr) })
}
