//! Generated files: what a build makes before its commands read it, and what was in it last time.

use super::format::GeneratedEntry;
use super::image::Image;
use crate::base::digest::Digest;

/// A file as the last build made it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Generated {
    /// Its content.
    pub content: Digest,
    /// How many builds in a row made it with another content than the one before.
    pub changes: u32,
}

/// Takes note of a file's content of today.
pub(super) fn stage(image: &mut Image, path: &str, content: Digest) {
    let before = image.generated.get(path);
    let other = before.filter(|before| before.content != content);
    let changes = other.map_or(0, |before| before.changes.saturating_add(1));
    image.generated.insert(path.to_owned(), Generated { content, changes });
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
