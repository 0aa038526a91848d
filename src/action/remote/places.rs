//! Where in the input root the files of a command go.

use std::borrow::Cow;

use super::paths::{Paths, is_below, last_components, levels_up, normal};
use super::trail::Trail;
use super::{File, Input, Layout, NotRemote};
use crate::action::tree::{Leaf, is_normal_folder};
use crate::inputs::siblings::Siblings;

/// The input root of a command, before it is a tree.
pub(super) struct Places<'a> {
    pub(super) leaves: Vec<Leaf<'a>>,
    /// Indices of the inputs of which something is not in it.
    pub(super) left_out: Vec<usize>,
    /// `Command.working_directory`
    pub(super) working_directory: String,
}

/// The folders that a compiler searches for headers.
#[derive(Debug, Clone, Copy)]
pub(super) struct Searched<'a> {
    pub(super) folders: &'a [String],
    /// Whether they have to be there even if nothing is read from them.
    pub(super) matter: bool,
}

/// Places `inputs`. Folders that are searched count for how paths lead through them, outputs for how far up the input root begins.
pub(super) fn place<'a>(
    inputs: &[Input<'a>],
    searched: Searched<'_>,
    outputs: &[String],
    layout: &Layout,
    paths: &Paths<'_>,
) -> Result<Places<'a>, NotRemote> {
    let mut parts = Vec::with_capacity(inputs.len());
    for (index, input) in inputs.iter().enumerate() {
        match Part::whole(index, input, layout, paths) {
            Some(whole) => parts.push(whole),
            None => parts.extend(input.files().map(|file| Part::file(index, file, paths))),
        }
    }
    let listed = parts.iter().map(|part| part.listed.as_ref());
    let ups = listed.chain(outputs.iter().map(String::as_str));
    let up = ups.filter(|path| !path.starts_with('/')).map(levels_up).max().unwrap_or(0);
    let directory = working_directory(layout, paths, up)?;
    let mapped = paths.mapped(&directory);
    let mut placer = Placer { layout, paths, directory: &directory, trail: Trail::new(paths.disk) };
    let mut leaves = Vec::with_capacity(parts.len() + 1);
    let mut left_out = Vec::new();
    for part in parts {
        let index = part.index;
        match placer.leaf(part) {
            Some(leaf) => leaves.push(leaf),
            None => left_out.push(index),
        }
    }
    left_out.dedup();
    leaves.extend(placer.search(searched));
    leaves.extend(placer.trail.into_leaves());
    leaves.extend(Leaf::folder(&directory));
    let working_directory = mapped.as_deref().unwrap_or(&directory).trim_matches('/').to_owned();
    Ok(Places { leaves, left_out, working_directory })
}

/// What goes to one place: a file, or all siblings in a folder.
struct Part<'a> {
    index: usize,
    /// Its path, or the folder's without a slash at its end.
    path: &'a str,
    /// As recc has it after its own rewriting.
    listed: Cow<'a, str>,
    what: What<'a>,
}

enum What<'a> {
    File(File<'a>),
    Siblings(&'a Siblings),
}

impl<'a> Part<'a> {
    fn file(index: usize, file: File<'a>, paths: &Paths<'_>) -> Self {
        let listed = listed(file.path, file.absolute, paths);
        Self { index, path: file.path, listed, what: What::File(file) }
    }

    /// Siblings as one, where each of them goes where their folder goes: no link is on the way, and no setting tells them apart.
    fn whole(index: usize, input: &Input<'a>, layout: &Layout, paths: &Paths<'_>) -> Option<Self> {
        let Input::Siblings { siblings, absolute } = *input else { return None };
        let path = siblings.folder().strip_suffix('/')?;
        let is_told_apart = !layout.prefix_map.is_empty()
            || !layout.deps_exclude_paths.is_empty()
            || layout.working_dir_prefix.is_some()
            || paths.tells_apart_in(path);
        if is_told_apart || !is_normal_folder(siblings.folder()) || !(paths.disk.is_plain)(path) {
            return None;
        }
        let listed = listed(path, absolute, paths);
        (listed != ".").then_some(Self { index, path, listed, what: What::Siblings(siblings) })
    }
}

/// The path as recc has it after its own rewriting: relative to the working directory, or absolute.
fn listed<'a>(path: &'a str, absolute: bool, paths: &Paths<'_>) -> Cow<'a, str> {
    let below = path.strip_prefix(paths.directory).and_then(|rest| rest.strip_prefix('/'));
    match below {
        Some(relative) if !absolute => Cow::Borrowed(relative),
        _ => rewritten(path, paths).map_or(Cow::Borrowed(path), Cow::Owned),
    }
}

/// The path as the compiler had it where `listed` is only relative to the working directory, and that is kept.
fn in_place<'a>(path: &'a str, listed: Cow<'a, str>, paths: &Paths<'_>, directory: &str) -> Cow<'a, str> {
    let shortened = matches!(listed, Cow::Borrowed(listed) if listed.len() < path.len());
    if shortened && directory == paths.directory { Cow::Borrowed(path) } else { listed }
}

/// An absolute path rewritten; `None` for a relative one, and where nothing is to do.
fn rewritten(path: &str, paths: &Paths<'_>) -> Option<String> {
    if !path.starts_with('/') {
        return None;
    }
    let mapped = paths.mapped(path);
    let path = mapped.as_deref().unwrap_or(path);
    if paths.is_rewritten(path) { Some(paths.relative(&paths.disk.resolved(path))) } else { mapped }
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

struct Placer<'p> {
    layout: &'p Layout,
    paths: &'p Paths<'p>,
    /// Where relative paths begin: below the input root, or, absolute, on this machine.
    directory: &'p str,
    trail: Trail<'p>,
}

impl Placer<'_> {
    /// A part in the input root; `None` when it is left out.
    fn leaf<'a>(&mut self, part: Part<'a>) -> Option<Leaf<'a>> {
        let path = in_place(part.path, part.listed, self.paths, self.directory);
        // An absolute path of siblings is as they have it, and leads there.
        let path = match part.what {
            What::Siblings(_) if path.starts_with('/') => path,
            _ => self.led_to(path),
        };
        if self.is_left_out(&path) {
            return None;
        }
        Some(match part.what {
            What::File(file) => Leaf::file(path, file.digest, file.executable),
            What::Siblings(these) if path == part.path => {
                Leaf::siblings(Cow::Borrowed(these.folder()), these)
            }
            What::Siblings(these) if path == "." => Leaf::siblings(Cow::Borrowed(""), these),
            What::Siblings(these) => Leaf::siblings(Cow::Owned(format!("{path}/")), these),
        })
    }

    /// Where `path` leads: below the input root, or, absolute, on this machine.
    fn led_to<'a>(&mut self, path: Cow<'a, str>) -> Cow<'a, str> {
        let path = if path.starts_with('/') || self.directory.is_empty() {
            path
        } else {
            Cow::Owned([self.directory, "/", &path].concat())
        };
        // What is not rewritten has to lead where it leads here, by the same links.
        if self.layout.no_path_rewrite && path.starts_with('/') {
            self.trail.through_links(path)
        } else {
            self.trail.as_text(path)
        }
    }

    fn is_left_out(&self, path: &str) -> bool {
        let as_it_is = self.layout.no_path_rewrite && self.layout.working_dir_prefix.is_none();
        let in_project = || as_it_is && self.paths.is_in_project(path);
        let is_global = path.starts_with('/') && !self.layout.deps_global_paths && !in_project();
        is_global || self.layout.deps_exclude_paths.iter().any(|excluded| is_below(path, excluded))
    }

    /// The folders that the compiler searches, where they exist.
    fn search(&mut self, searched: Searched<'_>) -> Vec<Leaf<'static>> {
        let mut leaves = Vec::new();
        for folder in searched.folders {
            let passes = folder.contains("..") || self.layout.no_path_rewrite;
            if !(passes || searched.matter) || !self.exists(folder) {
                continue;
            }
            let folder = rewritten(folder, self.paths).unwrap_or_else(|| folder.clone());
            // What leads out of the input root is not in it.
            if !folder.starts_with('/') && levels_up(&format!("{}/{folder}", self.directory)) > 0 {
                continue;
            }
            let path = self.led_to(Cow::Owned(folder));
            if searched.matter && !self.is_left_out(&path) {
                leaves.extend(Leaf::folder(&path));
            }
        }
        leaves
    }

    fn exists(&self, folder: &str) -> bool {
        let there = if folder.starts_with('/') {
            normal(folder)
        } else {
            normal(&format!("{}/{folder}", self.paths.directory))
        };
        (self.paths.disk.is_folder)(&there)
    }
}
