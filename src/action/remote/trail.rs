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
    folders: HashMap<String, Led>,
    /// The folder of the last file: files come folder by folder.
    last: Option<(String, Led)>,
    leaves: Vec<Leaf<'static>>,
}

/// Where a folder leads.
#[derive(Clone)]
struct Led {
    /// Where that is, when it is not the folder itself.
    to: Option<String>,
    /// Whether nothing in it is a link.
    plain: bool,
}

impl<'a> Trail<'a> {
    pub(super) fn new(disk: &'a Disk<'a>) -> Self {
        Self { disk, folders: HashMap::new(), last: None, leaves: Vec::new() }
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
        let Led { to, plain } = self.enter(folder).clone();
        // Nearly all files: neither they nor their folders are links, and the path is as short as it can be.
        let here = to.is_none() && !matches!(name, "" | "." | "..");
        if here && (plain || (self.disk.link)(&path).is_none()) {
            return path;
        }
        let at = to.unwrap_or_else(|| folder.to_owned());
        Cow::Owned(self.follow(at, name))
    }

    /// Where an absolute folder leads.
    fn enter(&mut self, folder: &str) -> &Led {
        let known = self.last.take().filter(|(last, _)| last == folder);
        let led = known.unwrap_or_else(|| {
            let led = self.folders.get(folder).cloned().unwrap_or_else(|| {
                let to = Some(self.follow(String::new(), folder)).filter(|to| to != folder);
                let led = Led { plain: to.is_none() && (self.disk.is_plain)(folder), to };
                self.folders.insert(folder.to_owned(), led.clone());
                led
            });
            (folder.to_owned(), led)
        });
        &self.last.insert(led).1
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
