//! The input root: REAPI `Directory` messages for a list of files, from the leaves up.

use std::borrow::Cow;

use bytes::Bytes;

use super::directory::{Entry, Link};
use super::folders::{Folders, Message, entry};
use crate::base::digest::Digest;
use crate::base::lexical::normalised;
use crate::inputs::siblings::{Sibling, Siblings};

/// What a command reads.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// One file.
    File(File<'a>),
    /// All of these files, by the paths that they have.
    Siblings(&'a Siblings),
}

/// One file that a command reads.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// Absolute path; `.`, `..` and doubled slashes are taken out as text.
    pub path: &'a str,
    /// Digest of the content.
    pub digest: Digest,
    /// Whether the file may be executed (REAPI keeps that one bit of the mode).
    pub executable: bool,
}

/// A file or a link, or a folder that must exist, in an input root.
#[derive(Debug)]
pub(super) struct Leaf<'a> {
    /// Below the root: no slash in front, no `.`, `..` or doubled slashes; a folder's ends in a slash.
    path: Cow<'a, str>,
    what: What<'a>,
}

#[derive(Debug)]
enum What<'a> {
    File(Digest, bool),
    /// A folder with these files, and whatever else is below its path.
    Siblings(&'a Siblings),
    Folder,
    Link(String),
    /// A folder with all that is in it, by the digest of its `Directory`.
    Tree(Digest),
}

impl<'a> Leaf<'a> {
    /// A file at `path`, which is normal; a slash in front does not count.
    pub(super) fn file(path: Cow<'a, str>, digest: Digest, executable: bool) -> Self {
        Self { path: below_root(path), what: What::File(digest, executable) }
    }

    /// A folder at `path`, which is normal and ends in a slash (the root's is empty), with these files.
    pub(super) fn siblings(path: Cow<'a, str>, siblings: &'a Siblings) -> Self {
        Self { path: below_root(path), what: What::Siblings(siblings) }
    }

    /// A symbolic link at `path`, which is normal.
    pub(super) fn link(path: String, target: String) -> Self {
        Self { path: below_root(Cow::Owned(path)), what: What::Link(target) }
    }

    /// A folder at `path`, which is normal, even if nothing is in it; `None` for the root itself, which is there anyway.
    pub(super) fn folder(path: &str) -> Option<Self> {
        let path = path.trim_matches('/');
        (!matches!(path, "" | ".")).then(|| Self { path: Cow::Owned(format!("{path}/")), what: What::Folder })
    }
}

fn below_root(path: Cow<'_, str>) -> Cow<'_, str> {
    let slashes = path.bytes().take_while(|byte| *byte == b'/').count();
    from(path, slashes)
}

/// A path less its first `start` bytes.
fn from(path: Cow<'_, str>, start: usize) -> Cow<'_, str> {
    match path {
        Cow::Borrowed(path) => Cow::Borrowed(&path[start..]),
        Cow::Owned(mut path) => {
            path.drain(..start);
            Cow::Owned(path)
        }
    }
}

/// Whether a path that ends in a slash is a folder's below the root, without `.`, `..` and empty components.
pub(super) fn is_normal_folder(path: &str) -> bool {
    path.strip_suffix('/').is_some_and(|folder| matches!(normalised(folder), Cow::Borrowed(_)))
}

/// A folder that goes by another name.
#[derive(Debug, Clone, Copy)]
pub struct Renamed<'a> {
    /// Its path, normal.
    pub folder: &'a str,
    /// The name that it has in `/` instead.
    pub name: &'a str,
}

impl Renamed<'_> {
    /// What a path in the folder, which is normal, has behind it: nothing, or a slash and more.
    pub(super) fn below<'p>(&self, path: &'p str) -> Option<&'p str> {
        path.strip_prefix(self.folder).filter(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Digest of the root `Directory` that holds `inputs` below `/` and, even when empty, the working directory, which is normal.
pub(super) fn root_digest(
    inputs: &[Input<'_>],
    directory: &str,
    renamed: Option<Renamed<'_>>,
    folders: &Folders,
) -> Digest {
    let (mut inside, mut outside) = (Vec::new(), Vec::with_capacity(inputs.len() + 1));
    for (path, what) in inputs.iter().flat_map(places) {
        match renamed.and_then(|renamed| Some(path.len() - renamed.below(&path)?.len())) {
            Some(start) => inside.push(Leaf { path: below_root(from(path, start)), what }),
            None => outside.push(Leaf { path: below_root(path), what }),
        }
    }
    let built = &mut |_, _| {};
    let works_in = renamed.and_then(|renamed| renamed.below(directory));
    match works_in {
        Some(rest) => inside.extend(Leaf::folder(rest)),
        None => outside.extend(Leaf::folder(directory)),
    }
    if let Some(renamed) = renamed
        && (works_in.is_some() || !inside.is_empty())
    {
        let what = What::Tree(root(inside, Twice::Both, folders, built));
        outside.push(Leaf { path: Cow::Borrowed(renamed.name), what });
    }
    root(outside, Twice::Both, folders, built)
}

/// An input where it is: siblings in one place, if their folder's path is normal.
fn places<'a>(input: &Input<'a>) -> Vec<(Cow<'a, str>, What<'a>)> {
    match *input {
        Input::File(file) => vec![(normalised(file.path), What::File(file.digest, file.executable))],
        Input::Siblings(siblings) if is_normal_folder(siblings.folder()) => {
            vec![(Cow::Borrowed(siblings.folder()), What::Siblings(siblings))]
        }
        Input::Siblings(siblings) => {
            let place =
                |file: &Sibling| (normalised(file.path.as_str()), What::File(file.digest, file.executable));
            siblings.files().iter().map(place).collect()
        }
    }
}

/// What becomes of two files that have one normal path, as `a/x` and `link/../a/x` may.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Twice {
    /// The first one given is there, as with recc.
    First,
    /// Both count, in a file that nobody could read: it is only for a key.
    Both,
}

/// Digest of the root `Directory` that holds `leaves`; `built` gets every `Directory`, the root last.
pub(super) fn root(
    leaves: Vec<Leaf<'_>>,
    twice: Twice,
    folders: &Folders,
    built: &mut dyn FnMut(Digest, Bytes),
) -> Digest {
    let mut leaves = with_clashes_apart(leaves);
    // Stable, because that makes use of what is in order already.
    leaves.sort_by(|a, b| a.path.cmp(&b.path));
    leaves.dedup_by(|second, first| {
        if second.path != first.path {
            return false;
        }
        match (&mut first.what, &second.what) {
            // A folder is there once siblings are in it.
            (What::Folder, What::Siblings(_)) => return false,
            (What::File(one, executable), What::File(other, also))
                if twice == Twice::Both && (*one, *executable) != (*other, *also) =>
            {
                *one = Digest::of(format!("{one} {executable} {other} {also}").as_bytes());
            }
            _ => {}
        }
        true
    });
    folder(&leaves, 0, folders, built)
}

/// The leaves with such siblings one by one as have another file, or other siblings, in their folder.
fn with_clashes_apart(leaves: Vec<Leaf<'_>>) -> Vec<Leaf<'_>> {
    let (siblings, others): (Vec<_>, Vec<_>) =
        leaves.iter().partition(|leaf| matches!(leaf.what, What::Siblings(_)));
    let mut taken: Vec<&str> = siblings.iter().map(|leaf| &*leaf.path).collect();
    taken.sort_unstable();
    let twice = taken.chunk_by(|one, other| one == other).filter(|same| same.len() > 1).map(|same| same[0]);
    let files = others.iter().filter(|leaf| !matches!(leaf.what, What::Folder));
    let beside = files.map(|leaf| &leaf.path[..leaf.path.rfind('/').map_or(0, |slash| slash + 1)]);
    let beside = beside.filter(|folder| taken.binary_search(folder).is_ok());
    let clashes: Vec<String> = twice.chain(beside).map(str::to_owned).collect();
    if clashes.is_empty() {
        return leaves;
    }
    let mut apart = Vec::with_capacity(leaves.len());
    for leaf in leaves {
        match leaf.what {
            What::Siblings(these) if clashes.iter().any(|clash| **clash == *leaf.path) => {
                apart.extend(these.files().iter().map(|file| Leaf {
                    path: Cow::Owned([&leaf.path, file.name()].concat()),
                    what: What::File(file.digest, file.executable),
                }));
            }
            _ => apart.push(leaf),
        }
    }
    apart
}

/// Digest of the folder whose entries' names begin at byte `start` of every path in `leaves` (sorted).
fn folder(
    leaves: &[Leaf<'_>],
    start: usize,
    known: &Folders,
    built: &mut dyn FnMut(Digest, Bytes),
) -> Digest {
    let (mut files, mut folders, mut links) = (Vec::new(), Vec::new(), Vec::new());
    let mut siblings = None;
    let mut rest = leaves;
    while let Some(first) = rest.first() {
        let tail = &first.path[start.min(first.path.len())..];
        let Some(slash) = tail.find('/') else {
            match &first.what {
                What::File(digest, executable) => {
                    files.push(Entry { name: tail, digest: *digest, executable: *executable });
                }
                What::Link(target) => links.push(Link { name: tail, target }),
                What::Tree(digest) => folders.push(Entry { name: tail, digest: *digest, executable: false }),
                What::Siblings(these) => siblings = Some(*these),
                What::Folder => {}
            }
            rest = &rest[1..];
            continue;
        };
        let prefix = &first.path[..=start + slash];
        let inside = rest.partition_point(|leaf| leaf.path.starts_with(prefix));
        let digest = folder(&rest[..inside], start + slash + 1, known, built);
        folders.push(Entry { name: &tail[..slash], digest, executable: false });
        rest = &rest[inside..];
    }
    if let (Some(these), [], []) = (siblings, &*folders, &*links) {
        let Message { digest, bytes } = known.of(these);
        built(digest, bytes);
        return digest;
    }
    // No other file is beside them.
    files.extend(siblings.into_iter().flat_map(Siblings::files).map(entry));
    // Sorted paths are not sorted names: `a.b/x` comes before `a/x`.
    files.sort_unstable_by_key(|entry| entry.name);
    files.dedup_by_key(|entry| entry.name);
    folders.sort_unstable_by_key(|entry| entry.name);
    links.sort_unstable_by_key(|link| link.name);
    let Message { digest, bytes } = known.message(&files, &folders, &links);
    built(digest, bytes);
    digest
}

#[cfg(test)]
mod tests;
