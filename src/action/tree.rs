//! The input root: REAPI `Directory` messages for a list of files, from the leaves up.

use std::borrow::Cow;

use super::directory::{Entry, encode};
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

/// A path without `.`, `..` and empty components, as text: symbolic links are not looked at.
pub(super) fn normalised(path: &str) -> Cow<'_, str> {
    // Nearly all paths: two searches are cheaper than taking five hundred paths of each command apart.
    let holds = |part: &[u8]| memchr::memmem::find(path.as_bytes(), part).is_some();
    let plain = path.starts_with('/') && !path.ends_with('/') && !holds(b"//") && !holds(b"/.");
    if plain {
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
pub(super) fn root_digest(inputs: &[Input<'_>], directory: &str) -> Digest {
    let mut leaves: Vec<Leaf<'_>> = inputs
        .iter()
        .map(|input| Leaf { path: normalised(input.path), file: Some((input.digest, input.executable)) })
        .collect();
    // Without a second slash for the root, which would be a folder without a name.
    let directory = directory.trim_end_matches('/');
    leaves.push(Leaf { path: Cow::Owned(format!("{directory}/")), file: None });
    leaves.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    leaves.dedup_by(|a, b| a.path == b.path);
    folder(&leaves, 1)
}

/// A file, or (`file: None`, path ending in a slash) a folder that must exist.
struct Leaf<'a> {
    path: Cow<'a, str>,
    file: Option<(Digest, bool)>,
}

/// Digest of the folder whose entries' names begin at byte `start` of every path in `leaves` (sorted, not empty).
fn folder(leaves: &[Leaf<'_>], start: usize) -> Digest {
    let (mut files, mut folders) = (Vec::with_capacity(leaves.len()), Vec::new());
    let mut rest = leaves;
    while let Some(first) = rest.first() {
        let tail = &first.path[start.min(first.path.len())..];
        let Some(slash) = tail.find('/') else {
            if let Some((digest, executable)) = first.file {
                files.push(Entry { name: tail, digest, executable });
            }
            rest = &rest[1..];
            continue;
        };
        let prefix = &first.path[..=start + slash];
        let inside = rest.partition_point(|leaf| leaf.path.starts_with(prefix));
        let digest = folder(&rest[..inside], start + slash + 1);
        folders.push(Entry { name: &tail[..slash], digest, executable: false });
        rest = &rest[inside..];
    }
    // Sorted paths are not sorted names: `a.b/x` comes before `a/x`.
    files.sort_unstable_by_key(|entry| entry.name);
    folders.sort_unstable_by_key(|entry| entry.name);
    Digest::of(&encode(&files, &folders))
}

#[cfg(test)]
mod tests {
    use super::{Input, normalised, root_digest};
    use crate::inputs::digest::Digest;

    fn file(path: &str) -> Input<'_> {
        Input { path, digest: Digest::of(path.as_bytes()), executable: false }
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
}
