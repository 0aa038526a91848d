//! What recc does not send to a server.

use super::arguments::{self, Arguments};
use super::paths::Paths;
use super::program::program;
use super::{Asked, Disk, Layout, NotRemote, products};
use crate::action::remote::link::linker::{is_shared, suffix};

/// Why recc 1.4.30 would run `asked` locally under the settings in `layout`; `None` when it would send it.
pub fn recc_runs_locally(asked: &Asked<'_>, layout: &Layout, disk: &Disk<'_>) -> Option<NotRemote> {
    decide(asked, layout, disk).err()
}

fn decide(asked: &Asked<'_>, layout: &Layout, disk: &Disk<'_>) -> Result<(), NotRemote> {
    let (compiler, words) = asked.arguments.split_first().ok_or(NotRemote::NotACompile)?;
    program(compiler, disk).ok_or_else(|| NotRemote::Compiler(compiler.clone()))?;
    let mut arguments = arguments::read(words, &Paths::new(layout, asked.directory, disk))?;
    if arguments.compiles == asked.link {
        return Err(NotRemote::NotACompile);
    }
    if let Some(refused) = arguments.refused.take() {
        return Err(refused);
    }
    arguments.refuse_inputs(layout, asked.directory)?;
    inputs(&arguments, asked.link, !layout.deps_override.is_empty())?;
    if layout.output_files_override.is_empty() && !layout.output_directories_override.is_empty() {
        return Err(NotRemote::NoOutput);
    }
    let outputs = products::output_paths(layout, &arguments, asked.link)?;
    if let Some(path) = outputs.iter().find(|path| path.starts_with('/')) {
        return Err(NotRemote::OutputOutside(path.clone()));
    }
    // As recc has them before it takes the detours out: with NO_PATH_REWRITE, `x/../y` is one of these. Others may lead upwards.
    let mut written = arguments.objects.iter().chain(&arguments.depfile_paths);
    match written.find(|path| path.split('/').any(|part| part == "..")) {
        Some(path) => Err(NotRemote::OutputAbove(path.clone())),
        None => Ok(()),
    }
}

/// Inputs count by their names, unless the settings say what is read (`DEPS_OVERRIDE`).
fn inputs(arguments: &Arguments, link: bool, any: bool) -> Result<(), NotRemote> {
    let is_taken = |path: &str, source: bool| if link { is_linked(path) } else { source };
    let odd = arguments.inputs.iter().find(|input| !any && !is_taken(&input.path, input.source.is_some()));
    match odd {
        Some(input) => Err(NotRemote::Input(input.path.clone())),
        None if arguments.inputs.is_empty() => Err(NotRemote::NoInput),
        None => Ok(()),
    }
}

/// Whether recc takes `path` as the input of a link: an object, an archive or a shared library, its version behind it or not.
fn is_linked(path: &str) -> bool {
    is_shared(path) || matches!(suffix(path), "o" | "a")
}
