//! Where in the input root the files of a command go.

use std::borrow::Cow;

use super::paths::{Paths, is_below, last_components, levels_up, normal};
use super::{File, Layout, NotRemote};
use crate::action::tree::Leaf;

/// The input root of a command, before it is a tree.
pub(super) struct Places<'a> {
    pub(super) leaves: Vec<Leaf<'a>>,
    /// Indices of the files that are in it.
    pub(super) inputs: Vec<usize>,
    /// Indices of the files that are not.
    pub(super) left_out: Vec<usize>,
    /// `Command.working_directory`
    pub(super) working_directory: String,
}

/// Places `files`; `outputs` count for how far up the input root begins.
pub(super) fn place<'a>(
    files: &[File<'a>],
    outputs: &[String],
    layout: &Layout,
    paths: &Paths<'_>,
) -> Result<Places<'a>, NotRemote> {
    let listed: Vec<Cow<'a, str>> = files.iter().map(|file| listed(file, paths)).collect();
    let ups = listed.iter().map(AsRef::as_ref).chain(outputs.iter().map(String::as_str));
    let up = ups.filter(|path| !path.starts_with('/')).map(levels_up).max().unwrap_or(0);
    let directory = working_directory(layout, paths, up)?;
    let mapped = paths.mapped(&directory);
    let mut places = Places {
        leaves: Vec::with_capacity(files.len() + 1),
        inputs: Vec::with_capacity(files.len()),
        left_out: Vec::new(),
        working_directory: trimmed(mapped.as_deref().unwrap_or(&directory)),
    };
    for (index, (file, listed)) in files.iter().zip(listed).enumerate() {
        let path = in_root(listed, trimmed(&directory).as_str());
        places.leaves.extend(passed_through(&path));
        let path = below_root(path);
        if is_left_out(&path, layout) {
            places.left_out.push(index);
        } else {
            places.leaves.push(Leaf::file(path, file.digest, file.executable));
            places.inputs.push(index);
        }
    }
    places.leaves.extend(Leaf::folder(&directory));
    Ok(places)
}

/// The path as recc has it after its own rewriting: relative to the working directory, or absolute.
fn listed<'a>(file: &File<'a>, paths: &Paths<'_>) -> Cow<'a, str> {
    if !file.path.starts_with('/') {
        return Cow::Borrowed(file.path);
    }
    let below = file.path.strip_prefix(paths.directory).and_then(|rest| rest.strip_prefix('/'));
    if let (Some(relative), None) = (below, file.real) {
        return Cow::Borrowed(relative);
    }
    match paths.mapped(file.path) {
        Some(mapped) if paths.is_rewritten(&mapped) => Cow::Owned(paths.relative(&mapped)),
        Some(mapped) => Cow::Owned(mapped),
        None if paths.is_rewritten(file.path) => {
            Cow::Owned(paths.relative(&normal(file.real.unwrap_or(file.path))))
        }
        None => Cow::Borrowed(file.path),
    }
}

/// As much of the working directory as the paths reach up, below `WORKING_DIR_PREFIX`.
fn working_directory(layout: &Layout, paths: &Paths<'_>, up: usize) -> Result<String, NotRemote> {
    let shared = last_components(paths.directory, up).ok_or(NotRemote::TooFarUp);
    match &layout.working_dir_prefix {
        Some(prefix) => Ok(normal(&format!("{prefix}/{}", shared?))),
        None if layout.no_path_rewrite => Ok(paths.directory.to_owned()),
        None => shared.map(str::to_owned),
    }
}

/// A path as it stands below the root, or, of a file with an absolute path, with a slash in front.
fn in_root<'a>(listed: Cow<'a, str>, directory: &str) -> Cow<'a, str> {
    if listed.starts_with('/') || directory.is_empty() {
        listed
    } else {
        Cow::Owned(format!("{directory}/{listed}"))
    }
}

/// The folders that `path` enters and leaves by `..`: recc puts them there, too, so that it leads to the file.
fn passed_through(path: &str) -> Vec<Leaf<'static>> {
    let mut folders = Vec::new();
    if !path.contains("..") {
        return folders;
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => {
                folders.extend(Leaf::folder(&parts.join("/")));
                parts.pop();
            }
            part => parts.push(part),
        }
    }
    folders
}

fn below_root(path: Cow<'_, str>) -> Cow<'_, str> {
    let odd = path.starts_with("./") || path.contains("//") || path.contains("/.") || path.starts_with("..");
    if odd { Cow::Owned(normal(&path)) } else { path }
}

fn is_left_out(path: &str, layout: &Layout) -> bool {
    let global = path.starts_with('/') && !layout.deps_global_paths;
    global || layout.deps_exclude_paths.iter().any(|excluded| is_below(path, excluded))
}

fn trimmed(path: &str) -> String {
    path.trim_matches('/').to_owned()
}
