//! What the paths of a command pass through on their way: recc puts that into the input root, too, so that they lead there.

use std::borrow::Cow;
use std::collections::HashMap;

use super::Disk;
use super::disk::{Event, walk};
use super::paths::normal;
use crate::action::tree::Leaf;

/// Follows paths, and gathers the links on their way and the folders they enter only to leave them by `..`.
pub(super) struct Trail<'a> {
    disk: &'a Disk<'a>,
    /// Where absolute folders lead: most files share theirs with others.
    folders: HashMap<String, String>,
    leaves: Vec<Leaf<'static>>,
}

impl<'a> Trail<'a> {
    pub(super) fn new(disk: &'a Disk<'a>) -> Self {
        Self { disk, folders: HashMap::new(), leaves: Vec::new() }
    }

    /// Where `path` leads as text.
    pub(super) fn as_text<'p>(&mut self, path: Cow<'p, str>) -> Cow<'p, str> {
        let odd = path.starts_with('.') || path.contains("//") || path.contains("/.") || path.ends_with('/');
        if !odd {
            return path;
        }
        if path.contains("..") {
            walk(None, String::new(), &path, &mut |event| gather(event, &mut self.leaves));
        }
        Cow::Owned(normal(&path))
    }

    /// Where the absolute `path` leads when links are followed.
    pub(super) fn through_links<'p>(&mut self, path: Cow<'p, str>) -> Cow<'p, str> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", &path));
        if !self.folders.contains_key(folder) {
            let at = self.follow(String::new(), folder);
            self.folders.insert(folder.to_owned(), at);
        }
        let at = self.folders.get(folder).map_or("", String::as_str);
        // Nearly all files: neither they nor their folders are links, and the path is as short as it can be.
        let plain = at == folder && !matches!(name, "" | "." | "..") && (self.disk.link)(&path).is_none();
        if plain {
            return path;
        }
        let at = at.to_owned();
        Cow::Owned(self.follow(at, name))
    }

    fn follow(&mut self, at: String, path: &str) -> String {
        walk(Some(self.disk), at, path, &mut |event| gather(event, &mut self.leaves))
    }

    /// What was passed through.
    pub(super) fn into_leaves(self) -> Vec<Leaf<'static>> {
        self.leaves
    }
}

fn gather(event: Event<'_>, leaves: &mut Vec<Leaf<'static>>) {
    match event {
        Event::Link(path, target) => leaves.push(Leaf::link(path.to_owned(), target.to_owned())),
        Event::Left(folder) => leaves.extend(Leaf::folder(folder)),
    }
}
