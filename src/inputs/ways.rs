//! Ways: the folders and links that lead to files, and whether one was put there since a moment.
//!
//! A folder that is renamed, or a link that is made anew, brings other files with old times to the paths below it.

use std::collections::HashSet;
use std::ffi::CString;
use std::fs;

use super::stamp::Stamp;

/// The ways that were looked at, each part of them once.
#[derive(Debug)]
pub(super) struct Ways {
    since_ns: i64,
    seen: HashSet<String>,
}

impl Ways {
    /// Ways as they are now, to be compared with those at `since_ns` (nanoseconds since 1970).
    pub(super) fn since(since_ns: i64) -> Self {
        Self { since_ns, seen: HashSet::new() }
    }

    /// A folder or a link on an absolute path, itself included, that came to its place since then, and the stamp that says so.
    pub(super) fn put(&mut self, path: &str) -> Option<(String, Stamp)> {
        let mut waiting = vec![path.to_owned()];
        while let Some(way) = waiting.pop() {
            let ends = way.rmatch_indices('/').map(|(at, _)| at);
            for part in [way.len()].into_iter().chain(ends).map(|end| &way[..end]) {
                // What leads there was seen along with it.
                if part.is_empty() || !self.seen.insert(part.to_owned()) {
                    break;
                }
                let Ok(stamp) = Stamp::of_link(&CString::new(part).ok()?) else { continue };
                if stamp.was_put_since(self.since_ns) {
                    return Some((part.to_owned(), stamp));
                }
                if stamp.is_link() {
                    waiting.extend(target(part));
                }
            }
        }
        None
    }
}

/// Where the link at a path leads, from the root on.
fn target(link: &str) -> Option<String> {
    let target = fs::read_link(link).ok()?.into_os_string().into_string().ok()?;
    let folder = &link[..=link.rfind('/')?];
    Some(if target.starts_with('/') { target } else { format!("{folder}{target}") })
}
