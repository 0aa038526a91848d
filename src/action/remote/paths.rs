//! Paths as recc rewrites them.

use std::borrow::Cow;

use super::{Disk, Layout};
use crate::base::lexical::normalised;

/// Whether `path` is `prefix` or below it, as text: `/a` is not below `/a/`.
pub(super) fn is_below(path: &str, prefix: &str) -> bool {
    path.strip_prefix(prefix)
        .is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || prefix.ends_with('/'))
}

/// `path` without `.`, `..`, doubled slashes and a slash at the end, as text; what leads out of a relative path stays. Not empty.
pub(super) fn normal(path: &str) -> String {
    if path.starts_with('/') {
        return normalised(path).into_owned();
    }
    let mut parts: Vec<&str> = Vec::new();
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." if parts.last().is_some_and(|last| *last != "..") => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    if parts.is_empty() { ".".to_owned() } else { parts.join("/") }
}

/// How many folders above its own the relative `path` reaches on its way.
pub(super) fn levels_up(path: &str) -> usize {
    if !path.contains("..") {
        return 0;
    }
    let (mut depth, mut highest) = (0_isize, 0);
    for part in path.split('/') {
        match part {
            "" | "." => {}
            ".." => depth -= 1,
            _ => depth += 1,
        }
        highest = highest.min(depth);
    }
    highest.unsigned_abs()
}

/// The last `count` components of `path`; `None` when there are fewer.
pub(super) fn last_components(path: &str, count: usize) -> Option<&str> {
    if count == 0 {
        return Some("");
    }
    let path = path.trim_matches('/');
    let mut slashes = path.bytes().enumerate().rev().filter(|(_, byte)| *byte == b'/').map(|(at, _)| at);
    match slashes.nth(count - 1) {
        Some(at) => Some(&path[at + 1..]),
        None => (!path.is_empty() && path.split('/').count() == count).then_some(path),
    }
}

/// The path from the folder `base` to `path`, both absolute and normal.
fn between(base: &str, path: &str) -> String {
    let parts = |path| str::split(path, '/').filter(|part| !part.is_empty());
    let shared = parts(base).zip(parts(path)).take_while(|(a, b)| a == b).count();
    let up = parts(base).skip(shared).map(|_| "..");
    let there: Vec<&str> = up.chain(parts(path).skip(shared)).collect();
    if there.is_empty() { ".".to_owned() } else { there.join("/") }
}

/// What a command's paths are rewritten with.
pub(super) struct Paths<'a> {
    layout: &'a Layout,
    /// The working directory, absolute.
    pub(super) directory: &'a str,
    /// The same with links resolved.
    base: String,
    root: Cow<'a, str>,
    pub(super) disk: &'a Disk<'a>,
}

impl<'a> Paths<'a> {
    pub(super) fn new(layout: &'a Layout, directory: &'a str, disk: &'a Disk<'a>) -> Self {
        let root = match layout.project_root.as_deref() {
            None => Cow::Borrowed(directory),
            // An absolute one counts as text, detours and all.
            Some(root) if root.starts_with('/') => Cow::Borrowed(root),
            Some(root) => Cow::Owned(normal(&format!("{directory}/{root}"))),
        };
        Self { layout, directory, base: disk.resolved(directory), root, disk }
    }

    /// `path` with the first prefix that fits replaced (`PREFIX_MAP`); `None` when none fits.
    pub(super) fn mapped(&self, path: &str) -> Option<String> {
        let (from, to) = self.layout.prefix_map.iter().find(|(from, _)| is_below(path, from))?;
        Some(normal(&format!("{to}/{}", path.get(from.len()..).unwrap_or_default())))
    }

    /// Whether recc makes the absolute `path` a relative one.
    pub(super) fn is_rewritten(&self, path: &str) -> bool {
        !self.layout.no_path_rewrite && self.is_in_project(path)
    }

    /// Whether a file in a folder may be rewritten otherwise than the folder: the one is the working directory, or the project root
    /// begins as its path does.
    pub(super) fn tells_apart_in(&self, folder: &str) -> bool {
        self.directory == folder || self.root.len() > folder.len() && self.root.starts_with(folder)
    }

    /// Whether `path` is below the project root.
    pub(super) fn is_in_project(&self, path: &str) -> bool {
        is_below(path, &self.root)
    }

    /// The way from the working directory to `path`, which is absolute, normal and without links.
    pub(super) fn relative(&self, path: &str) -> String {
        between(&self.base, path)
    }

    /// A path among the arguments as the server is to see it.
    pub(super) fn rewritten(&self, path: &str) -> String {
        let kept = self.program(path);
        if self.layout.no_path_rewrite { kept } else { normal(&kept) }
    }

    /// The compiler's path as the server is to see it: one that is not rewritten keeps its detours.
    pub(super) fn program(&self, path: &str) -> String {
        let mapped = self.mapped(path);
        let path = mapped.as_deref().unwrap_or(path);
        if self.is_rewritten(path) { self.relative(&self.disk.resolved(path)) } else { path.to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_begins_alike_is_not_below() {
        assert!(
            is_below("/a/b", "/a") && is_below("/a", "/a") && is_below("/a/b", "/a/") && is_below("/a", "/")
        );
        assert!(!is_below("/ab", "/a") && !is_below("/", "/a") && !is_below("/a", "/a/"));
    }

    #[test]
    fn normal_paths_keep_what_leads_out_of_them() {
        assert_eq!(
            ["./a//b/../c/", "../../x", "", "a/..", "/../a/./"].map(normal),
            ["a/c", "../../x", ".", ".", "/a"]
        );
    }

    #[test]
    fn levels_count_the_highest_point_on_the_way() {
        assert_eq!(["a/../../../b", "a/b", "..", "./../x"].map(levels_up), [2, 0, 1, 1]);
    }

    #[test]
    fn components_are_counted_from_the_end() {
        assert_eq!(last_components("/a/b/c", 2), Some("b/c"));
        assert_eq!(last_components("/a/b/c", 3), Some("a/b/c"));
        assert_eq!(last_components("/a", 0), Some(""));
        assert_eq!(last_components("/a/b/c", 4), None);
    }

    #[test]
    fn the_way_between_two_folders() {
        assert_eq!(between("/a/b", "/a/c/d"), "../c/d");
        assert_eq!(between("/a/b", "/a/b"), ".");
        assert_eq!(between("/", "/a"), "a");
    }
}
