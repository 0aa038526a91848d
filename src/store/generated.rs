//! Generated files: what a build makes before its commands read it, and what was in it last time.

use super::format::{Entry, GeneratedEntry};
use super::image::Image;
use super::{ElementKey, Result, Store};
use crate::inputs::digest::Digest;

/// A file as the last build made it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Generated {
    /// Its content.
    pub content: Digest,
    /// How many builds in a row made it with another content than the one before.
    pub changes: u32,
}

impl Store {
    /// Ends a build that made the files in `made`: templated path and content.
    pub fn put_generated(&self, key: &ElementKey, made: &[(String, Digest)]) -> Result<()> {
        if made.is_empty() {
            return Ok(());
        }
        self.write(key, |image| {
            let generated = made.iter().filter_map(|(path, content)| stage(image, path, *content));
            Ok((Entry { generated: generated.collect(), ..Entry::default() }, ()))
        })
    }
}

/// The entry by which a file's content of today gets into the image; `None` if nothing changes by it.
fn stage(image: &mut Image, path: &str, content: Digest) -> Option<GeneratedEntry> {
    let before = image.generated.get(path);
    let other = before.filter(|before| before.content != content);
    let changes = other.map_or(0, |before| before.changes.saturating_add(1));
    let now = Generated { content, changes };
    (before != Some(&now)).then(|| {
        image.generated.insert(path.to_owned(), now);
        now.entry(path)
    })
}

impl Generated {
    pub(super) fn entry(&self, path: &str) -> GeneratedEntry {
        let Self { content: Digest { hash, size }, changes } = *self;
        GeneratedEntry { path: path.to_owned(), hash: hash.to_vec(), size, changes }
    }

    /// What an entry says of a file; `None` when it makes no sense.
    pub(super) fn from_entry(entry: &GeneratedEntry) -> Option<Self> {
        let hash = entry.hash.as_slice().try_into().ok()?;
        Some(Self { content: Digest { hash, size: entry.size }, changes: entry.changes })
    }
}
