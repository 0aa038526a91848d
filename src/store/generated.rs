//! Generated files: what a build makes before its commands read it, and what was in it last time.

use super::format::GeneratedEntry;
use super::image::Image;
use crate::base::digest::Digest;

/// Contents that are kept of what was there before.
const MOST_FROM: usize = 4;

/// Bytes of one of them.
const FROM_BYTES: usize = 40;

/// A file as the last build made it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Generated {
    /// Its content.
    pub content: Digest,
    /// How many builds in a row made it with another content than the one before.
    pub changes: u32,
    /// What was there instead when the build began and until it was made, as far as that is known: its source, and the steps between.
    pub from: Vec<Digest>,
    /// When it was made, nanoseconds since the epoch; 0 when that is not known.
    pub made_ns: i64,
}

/// What a build has to say of a file.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Made {
    /// Templated.
    pub path: String,
    /// Its content.
    pub content: Digest,
    /// See [`Generated`].
    pub from: Vec<Digest>,
    /// See [`Generated`].
    pub made_ns: i64,
    /// Whether commands read it before it was made: then it is no guide to what they read next time.
    pub late: bool,
}

/// Takes note of a file's content of today.
pub(super) fn stage(image: &mut Image, made: &Made) {
    let before = image.generated.get(&made.path);
    let (same, other) = (
        before.filter(|before| before.content == made.content),
        before.filter(|before| before.content != made.content),
    );
    let changes = other.map_or(0, |before| before.changes.saturating_add(1));
    let mut generated = Generated { content: made.content, changes, from: Vec::new(), made_ns: made.made_ns };
    if made.late {
        generated.made_ns = 0;
    } else {
        let known = same.iter().flat_map(|same| &same.from);
        for from in made.from.iter().chain(known) {
            if !generated.from.contains(from) && generated.from.len() < MOST_FROM {
                generated.from.push(*from);
            }
        }
        if made.made_ns == 0 {
            generated.made_ns = same.map_or(0, |same| same.made_ns);
        }
    }
    image.generated.insert(made.path.clone(), generated);
}

impl Generated {
    pub(super) fn entry(&self, path: &str) -> GeneratedEntry {
        let Digest { hash, size } = self.content;
        let from = self.from.iter().flat_map(|one| one.hash.into_iter().chain(one.size.to_le_bytes()));
        GeneratedEntry {
            path: path.to_owned(),
            hash: hash.to_vec(),
            size,
            changes: self.changes,
            from: from.collect(),
            made_ns: self.made_ns,
        }
    }

    /// What an entry says of a file; `None` when it makes no sense.
    pub(super) fn from_entry(entry: &GeneratedEntry) -> Option<Self> {
        let hash = entry.hash.as_slice().try_into().ok()?;
        let from = entry.from.chunks(FROM_BYTES).take(MOST_FROM).map(|one| {
            let (hash, size) = one.split_first_chunk()?;
            Some(Digest { hash: *hash, size: u64::from_le_bytes(size.try_into().ok()?) })
        });
        Some(Self {
            content: Digest { hash, size: entry.size },
            changes: entry.changes,
            from: from.collect::<Option<_>>()?,
            made_ns: entry.made_ns,
        })
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    fn made(content: &str, from: &[&str]) -> Made {
        let from = from.iter().map(|one| Digest::of(one.as_bytes())).collect();
        Made {
            path: "{root}/x.h".into(),
            content: Digest::of(content.as_bytes()),
            from,
            made_ns: 7,
            late: false,
        }
    }

    #[test]
    fn what_a_file_is_made_from_is_kept_as_long_as_it_comes_to_the_same() {
        let mut image = Image::default();
        let mut stage = |made: &Made| {
            stage(&mut image, made);
            let generated = image.generated[&made.path].clone();
            assert_eq!(Generated::from_entry(&generated.entry(&made.path)).unwrap(), generated);
            generated
        };
        let digests = |names: &[&str]| names.iter().map(|one| Digest::of(one.as_bytes())).collect::<Vec<_>>();
        assert_eq!(stage(&made("new", &["old"])).from, digests(&["old"]));
        assert_eq!(stage(&made("new", &["new"])).from, digests(&["new", "old"]), "touched");
        let unknown = Made { made_ns: 0, ..made("new", &[]) };
        assert_eq!(stage(&unknown).made_ns, 7);
        assert_eq!(stage(&made("newer", &["edited"])).from, digests(&["edited"]));
        let late = Made { late: true, ..made("newer", &["edited"]) };
        let late = stage(&late);
        assert!(late.from.is_empty() && late.made_ns == 0, "{late:?}");
    }

    #[test]
    fn what_makes_no_sense_is_passed_over() {
        let entry = GeneratedEntry { hash: vec![0; 32], from: vec![0; 39], ..GeneratedEntry::default() };
        assert_eq!(Generated::from_entry(&entry), None);
    }
}
