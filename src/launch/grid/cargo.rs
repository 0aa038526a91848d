//! Cargo: the blobs of many actions to execute, each once.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use super::Job;
use crate::action::remote::{Built, File, Input};
use crate::backend::reapi::{Blob, Content};
use crate::inputs::digest::Digest;
use crate::launch::Engine;

/// What has to be on a server before it can execute. Commands share most of it.
#[derive(Debug, Default)]
pub(in crate::launch) struct Cargo {
    places: HashMap<Digest, u32, BuildHasherDefault<ByHash>>,
    list: Vec<(Digest, Held)>,
    siblings: HashMap<u64, Vec<u32>>,
}

/// Takes eight bytes of a digest for its hash: they are as good as any.
#[derive(Debug, Default)]
struct ByHash(u64);

impl Hasher for ByHash {
    fn write(&mut self, bytes: &[u8]) {
        if let Some(first) = bytes.first_chunk() {
            self.0 ^= u64::from_le_bytes(*first);
        }
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// Which blobs of a cargo an action needs, by their places.
pub(in crate::launch) type Needs = Vec<u32>;

/// Where a blob's bytes are.
#[derive(Debug)]
enum Held {
    Message(Bytes),
    File(PathBuf),
}

impl Cargo {
    /// Adds the action of a job, as built of it: its messages, and all inputs, since what is executed has them all.
    pub(in crate::launch) fn add(&mut self, engine: &Engine, job: &Job<'_>, built: Built) -> Needs {
        let mut needs = Vec::with_capacity(built.messages.len());
        for input in &job.inputs {
            let siblings = match *input {
                Input::File(file) => {
                    needs.push(self.place_file(engine, job, &file));
                    continue;
                }
                Input::Siblings(siblings, _) => siblings.id(),
            };
            if !self.siblings.contains_key(&siblings) {
                let places = input.files().map(|file| self.place_file(engine, job, &file)).collect();
                self.siblings.insert(siblings, places);
            }
            needs.extend(self.siblings.get(&siblings).into_iter().flatten());
        }
        for (digest, bytes) in built.messages {
            needs.push(self.place(digest, || Held::Message(bytes)));
        }
        needs
    }

    fn place_file(&mut self, engine: &Engine, job: &Job<'_>, file: &File<'_>) -> u32 {
        self.place(file.digest, || {
            // What the build has yet to make is in the cache.
            let is_assumed = job.assumed.iter().any(|(_, content)| *content == file.digest);
            let there = || Path::new(file.path).to_owned();
            Held::File(if is_assumed { engine.cache.blobs.path(&file.digest) } else { there() })
        })
    }

    fn place(&mut self, digest: Digest, held: impl FnOnce() -> Held) -> u32 {
        let Self { places, list, .. } = self;
        *places.entry(digest).or_insert_with(|| {
            list.push((digest, held()));
            list.len() as u32 - 1
        })
    }

    /// All that these actions need, each blob once.
    pub(super) fn blobs<'a>(&self, needs: impl Iterator<Item = &'a Needs>) -> Vec<Blob<'_>> {
        let mut wanted = vec![false; self.list.len()];
        for &place in needs.flatten() {
            if let Some(wanted) = wanted.get_mut(place as usize) {
                *wanted = true;
            }
        }
        let wanted = self.list.iter().zip(wanted).filter(|(_, wanted)| *wanted).map(|(held, _)| held);
        wanted.map(|(digest, held)| Blob { digest: *digest, content: held.content() }).collect()
    }
}

impl Held {
    fn content(&self) -> Content<'_> {
        match self {
            Self::Message(bytes) => Content::Bytes(bytes),
            Self::File(path) => Content::File(path),
        }
    }
}
