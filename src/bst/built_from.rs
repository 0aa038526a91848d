//! Which sources an artifact was built from: noted when it is built, because BuildStream itself tells only where build trees are cached.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::base::digest::Digest;

/// Older notes go when there are more than this.
const MOST: usize = 20_000;

/// The notes: a file of lines `ARTIFACT SOURCES`, digests of their trees, to which several may append at once.
#[derive(Debug)]
pub(super) struct BuiltFrom {
    path: PathBuf,
    known: HashMap<Digest, Digest>,
}

impl BuiltFrom {
    /// Reads the notes in the file `path`, if there is one. Lines that are none are passed over.
    pub(super) fn read(path: &Path) -> Self {
        let text = fs::read_to_string(path).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        let kept = &lines[lines.len().saturating_sub(MOST)..];
        if lines.len() > 2 * MOST {
            // Lost notes cost launches, no more.
            let _ = fs::write(path, kept.iter().map(|line| format!("{line}\n")).collect::<String>());
        }
        let note = |line: &&str| {
            let (artifact, sources) = line.split_once(' ')?;
            Some((artifact.parse().ok()?, sources.parse().ok()?))
        };
        Self { path: path.to_owned(), known: kept.iter().filter_map(note).collect() }
    }

    /// The sources' tree of an artifact's.
    pub(super) fn get(&self, artifact: &Digest) -> Option<Digest> {
        self.known.get(artifact).copied()
    }

    /// Notes where an artifact comes from.
    pub(super) fn note(&mut self, artifact: Digest, sources: Digest) -> io::Result<()> {
        if self.known.insert(artifact, sources) == Some(sources) {
            return Ok(());
        }
        if let Some(folder) = self.path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = File::options().create(true).append(true).open(&self.path)?;
        file.write_all(format!("{artifact} {sources}\n").as_bytes())
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_found_again_and_what_is_none_is_passed_over() {
        let room = tempfile::tempdir().unwrap();
        let path = room.path().join("deep/built-from");
        let digests = [b"a", b"b", b"c"].map(|text| Digest::of(text));
        let mut notes = BuiltFrom::read(&path);
        notes.note(digests[0], digests[1]).unwrap();
        fs::write(&path, fs::read_to_string(&path).unwrap() + "half a li").unwrap();
        let mut notes = BuiltFrom::read(&path);
        assert_eq!(notes.get(&digests[0]), Some(digests[1]));
        notes.note(digests[0], digests[2]).unwrap();
        assert_eq!(BuiltFrom::read(&path).get(&digests[1]), None);
    }
}
