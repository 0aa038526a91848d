//! What a link reads, worked out as recc does: from the linker's own command line.

pub(super) mod linker;
#[cfg(test)]
mod tests;

use std::collections::HashSet;

use super::NotRemote;
use linker::{Linker, Wanted};

/// What recc knows about libraries besides the command. Relative paths begin at the working directory.
#[derive(Clone, Copy)]
pub struct Libraries<'a> {
    /// Whether there is a file at a path.
    pub has: &'a dyn Fn(&str) -> bool,
    /// The names that the shared library at a path needs (`DT_NEEDED`); `None` for what is no ELF file.
    pub needed: &'a dyn Fn(&str) -> Option<Vec<String>>,
    /// Whether the file at a path begins with `!<arch>`: a thin archive does not, nor does a linker script in its place.
    pub is_archive: &'a dyn Fn(&str) -> bool,
    /// The linker's own search: see [`linker_folders`].
    pub linker_folders: &'a [String],
    /// The loader's search: the folders in `/etc/ld.so.conf`.
    pub loader_folders: &'a [String],
}

/// Linker scripts in the place of shared libraries that recc takes for granted.
const SCRIPTS: &[&str] = &[
    "libasan.so",
    "libatomic.so",
    "libatomic_asneeded.so",
    "libc.so",
    "libgcc_s.so",
    "libgcc_s_asneeded.so",
    "libgfortran.so",
    "libgomp.so",
    "liblsan.so",
    "libm.so",
    "libpthread.so",
    "libquadmath.so",
    "libstdc++.so",
    "libtsan.so",
    "libubsan.so",
];

/// The arguments that make the compiler print the linker's command line instead of running it.
pub fn link_query(arguments: &[String]) -> Vec<String> {
    arguments.iter().cloned().chain(["-###".to_owned()]).collect()
}

/// The linker's command line from what the compiler said on stderr to [`link_query`]; `None` when that is not one command.
pub fn linker_command(said: &str) -> Option<Vec<String>> {
    let mut commands = said.lines().filter(|line| line.starts_with(" /") || line.starts_with(" \"/"));
    let command = commands.next()?;
    if commands.next().is_some() {
        return None;
    }
    shell_words::split(command).ok()
}

/// The folders in which the linker searches by itself, from what `COMPILER -Wl,--verbose` said on stdout.
pub fn linker_folders(said: &str) -> Vec<String> {
    said.split("SEARCH_DIR(\"")
        .skip(1)
        .filter_map(|rest| rest.split_once('"'))
        .map(|(folder, _)| folder.trim_start_matches('=').to_owned())
        .collect()
}

/// The files that the linker would read for `command`, as it would open them, each once; fails where recc does not know.
pub fn link_inputs(command: &[String], libraries: &Libraries<'_>) -> Result<Vec<String>, NotRemote> {
    let linker = linker::read(command)?;
    let mut files = Vec::new();
    for wanted in &linker.wanted {
        let file = match wanted {
            Wanted::File(file) => file.clone(),
            Wanted::Library { name, is_static } => library(name, *is_static, &linker, libraries)?,
        };
        if linker::suffix(&file) == "a" && !(libraries.is_archive)(&file) {
            return Err(NotRemote::Library(file));
        }
        files.push(file);
    }
    files.extend(needed(&files, &linker, libraries)?);
    let mut seen = HashSet::new();
    files.retain(|file| seen.insert(file.clone()));
    Ok(files)
}

/// Unlike the linker, recc looks for a shared library everywhere before it looks for an archive.
fn library(
    name: &str,
    is_static: bool,
    linker: &Linker,
    libraries: &Libraries<'_>,
) -> Result<String, NotRemote> {
    let names = match name.strip_prefix(':') {
        Some(file) => vec![file.to_owned()],
        None if is_static => vec![format!("lib{name}.a")],
        None => vec![format!("lib{name}.so"), format!("lib{name}.a")],
    };
    let folders = || linker.folders.iter().chain(libraries.linker_folders);
    names
        .iter()
        .find_map(|name| first(name, folders(), libraries))
        .ok_or_else(|| NotRemote::Library(name.to_owned()))
}

fn first<'f>(
    name: &str,
    mut folders: impl Iterator<Item = &'f String>,
    libraries: &Libraries<'_>,
) -> Option<String> {
    folders.find_map(|folder| Some(format!("{folder}/{name}")).filter(|path| (libraries.has)(path)))
}

/// The libraries that the shared libraries among `files` need, and those that these need.
fn needed(files: &[String], linker: &Linker, libraries: &Libraries<'_>) -> Result<Vec<String>, NotRemote> {
    let mut found: Vec<String> = Vec::new();
    let mut names = HashSet::new();
    let mut todo: Vec<String> = files.iter().filter(|file| linker::is_shared(file)).cloned().collect();
    while let Some(file) = todo.pop() {
        let Some(wanted) = (libraries.needed)(&file) else {
            let name = file.rsplit('/').next().unwrap_or_default();
            if SCRIPTS.contains(&name) {
                continue;
            }
            return Err(NotRemote::Library(file));
        };
        for name in wanted {
            if names.insert(name.clone()) {
                let folders = linker.run_paths.iter().chain(libraries.loader_folders);
                let path = first(&name, folders.chain(libraries.linker_folders), libraries);
                let path = path.ok_or(NotRemote::Library(name))?;
                todo.push(path.clone());
                found.push(path);
            }
        }
    }
    Ok(found)
}
