//! The input root: REAPI `Directory` messages for a list of files, from the leaves up.

use std::borrow::Cow;

use bytes::Bytes;

use super::directory::{Entry, Link};
use super::folders::{Folders, Message};
use crate::inputs::digest::Digest;

/// One file that a command reads.
#[derive(Debug, Clone, Copy)]
pub struct Input<'a> {
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
    what: What,
}

#[derive(Debug)]
enum What {
    File(Digest, bool),
    Folder,
    Link(String),
}

impl<'a> Leaf<'a> {
    /// A file at `path`, which is normal; a slash in front does not count.
    pub(super) fn file(path: Cow<'a, str>, digest: Digest, executable: bool) -> Self {
        Self { path: below_root(path), what: What::File(digest, executable) }
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
    match path {
        Cow::Borrowed(path) => Cow::Borrowed(&path[slashes..]),
        Cow::Owned(mut path) => {
            path.drain(..slashes);
            Cow::Owned(path)
        }
    }
}

/// A path without `.`, `..` and empty components, as text: symbolic links are not looked at.
pub(crate) fn normalised(path: &str) -> Cow<'_, str> {
    // Nearly all paths: a search is cheaper than taking five hundred paths of each command apart.
    let bytes = path.as_bytes();
    let is_odd = |slash: usize| matches!(bytes.get(slash + 1), None | Some(b'/' | b'.'));
    if path.starts_with('/') && !memchr::memchr_iter(b'/', bytes).any(is_odd) {
        return Cow::Borrowed(path);
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    Cow::Owned(format!("/{}", parts.join("/")))
}

/// Digest of the root `Directory` that holds `inputs` below `/` and, even when empty, the working directory.
pub(super) fn root_digest(inputs: &[Input<'_>], directory: &str, folders: &Folders) -> Digest {
    let files = inputs.iter().map(|input| Leaf::file(normalised(input.path), input.digest, input.executable));
    root(files.chain(Leaf::folder(directory)).collect(), folders, &mut |_, _| {})
}

/// Digest of the root `Directory` that holds `leaves`, in any order; `built` gets every `Directory`, the root last.
pub(super) fn root(
    mut leaves: Vec<Leaf<'_>>,
    folders: &Folders,
    built: &mut dyn FnMut(Digest, Bytes),
) -> Digest {
    // Stable, because that makes use of what is in order already.
    leaves.sort_by(|a, b| a.path.cmp(&b.path));
    leaves.dedup_by(|a, b| a.path == b.path);
    folder(&leaves, 0, folders, built)
}

/// Digest of the folder whose entries' names begin at byte `start` of every path in `leaves` (sorted).
fn folder(
    leaves: &[Leaf<'_>],
    start: usize,
    known: &Folders,
    built: &mut dyn FnMut(Digest, Bytes),
) -> Digest {
    let (mut files, mut folders, mut links) = (Vec::with_capacity(leaves.len()), Vec::new(), Vec::new());
    let mut rest = leaves;
    while let Some(first) = rest.first() {
        let tail = &first.path[start.min(first.path.len())..];
        let Some(slash) = tail.find('/') else {
            match &first.what {
                What::File(digest, executable) => {
                    files.push(Entry { name: tail, digest: *digest, executable: *executable });
                }
                What::Link(target) => links.push(Link { name: tail, target }),
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
    // Sorted paths are not sorted names: `a.b/x` comes before `a/x`.
    files.sort_unstable_by_key(|entry| entry.name);
    folders.sort_unstable_by_key(|entry| entry.name);
    links.sort_unstable_by_key(|link| link.name);
    let Message { digest, bytes } = known.message(&files, &folders, &links);
    built(digest, bytes);
    digest
}

#[cfg(test)]
mod tests {
    use super::{Folders, Input, Leaf, normalised, root};
    use crate::inputs::digest::Digest;

    fn file(path: &str) -> Input<'_> {
        Input { path, digest: Digest::of(path.as_bytes()), executable: false }
    }

    fn root_digest(inputs: &[Input<'_>], directory: &str) -> Digest {
        super::root_digest(inputs, directory, &Folders::default())
    }

    #[test]
    fn paths_lose_dots_and_doubled_slashes() {
        assert_eq!(normalised("/a/./b//c/../d"), "/a/b/d");
        assert_eq!(normalised("/../a/"), "/a");
        assert_eq!(normalised("/a/b"), "/a/b");
        assert_eq!(normalised("/a/.b/..c/d"), "/a/.b/..c/d");
        assert_eq!(normalised("a//b"), "/a/b");
    }

    #[test]
    fn order_of_inputs_does_not_matter() {
        let one = root_digest(&[file("/a.b/x"), file("/a/x"), file("/a/b/y")], "/w");
        let two = root_digest(&[file("/a/b/y"), file("/a/x"), file("/a.b/x")], "/w");
        assert_eq!(one, two);
    }

    #[test]
    fn the_working_directory_is_there_even_when_empty() {
        assert_ne!(root_digest(&[file("/a/x")], "/w"), root_digest(&[file("/a/x")], "/v"));
        assert_eq!(root_digest(&[file("/w/x")], "/w"), root_digest(&[file("/w/x")], "/"));
    }

    #[test]
    fn an_executable_file_is_another_input() {
        let executable = Input { executable: true, ..file("/a/x") };
        assert_ne!(root_digest(&[executable], "/w"), root_digest(&[file("/a/x")], "/w"));
    }

    #[test]
    fn every_directory_is_handed_out_under_its_digest_the_root_last() {
        let mut built = Vec::new();
        let leaves = ["a/b/x", "a/y"].map(|path| Leaf::file(path.into(), Digest::of(b""), false));
        let digest =
            root(leaves.into(), &Folders::default(), &mut |digest, bytes| built.push((digest, bytes)));
        assert_eq!(built.len(), 3);
        assert_eq!(built.last().map(|(digest, _)| *digest), Some(digest));
        assert!(built.iter().all(|(digest, bytes)| *digest == Digest::of(bytes)));
    }
}
