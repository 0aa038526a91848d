//! What is uploaded together: the blobs of many actions to execute, each once.

use std::collections::HashMap;
use std::hash::{BuildHasherDefault, Hasher};
use std::path::{Path, PathBuf};

use bytes::Bytes;

use crate::action::remote::{Built, File, Input};
use crate::base::digest::Digest;
use crate::compile::engine::Engine;
use crate::compile::job::Job;
use crate::reapi::{Blob, Content};

/// What has to be on a server before it can execute. Commands share most of it.
#[derive(Debug, Default)]
pub(crate) struct UploadBatch {
    places: HashMap<Digest, u32, BuildHasherDefault<ByHash>>,
    list: Vec<(Digest, Held)>,
    /// By the siblings' number.
    siblings: HashMap<u64, u32>,
    /// The places of the siblings' files.
    together: Vec<Vec<u32>>,
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

/// Which blobs of a batch an action needs.
pub(crate) type Needs = Vec<Need>;

/// One of these blobs, or several, by their places.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Need {
    Blob(u32),
    Together(u32),
}

/// Where a blob's bytes are.
#[derive(Debug)]
pub(crate) enum Held {
    Message(Bytes),
    File(PathBuf),
}

impl UploadBatch {
    /// Adds the action of a job, as built of it: its messages, and all inputs, since what is executed has them all.
    pub(crate) fn add(&mut self, engine: &Engine, job: &Job<'_>, built: Built) -> Needs {
        let mut needs = Vec::with_capacity(job.inputs.len() + built.messages.len());
        for input in &job.inputs {
            needs.push(match *input {
                Input::File(file) => Need::Blob(self.place_file(engine, job, &file)),
                Input::Siblings { siblings, .. } => {
                    Need::Together(self.place_together(engine, job, siblings.id(), input))
                }
            });
        }
        for (digest, bytes) in built.messages {
            needs.push(Need::Blob(self.place(digest, || Held::Message(bytes))));
        }
        needs
    }

    /// Adds an action with everything in its input root: its messages, and the contents of its files.
    pub(crate) fn add_whole(&mut self, built: Built, contents: Vec<(Digest, PathBuf)>) -> Needs {
        let messages = built.messages.into_iter().map(|(digest, bytes)| (digest, Held::Message(bytes)));
        let files = contents.into_iter().map(|(digest, path)| (digest, Held::File(path)));
        files.chain(messages).map(|(digest, held)| Need::Blob(self.place(digest, || held))).collect()
    }

    fn place_together(&mut self, engine: &Engine, job: &Job<'_>, siblings: u64, input: &Input<'_>) -> u32 {
        if let Some(place) = self.siblings.get(&siblings) {
            return *place;
        }
        let places = input.files().map(|file| self.place_file(engine, job, &file)).collect();
        let place = self.together.len() as u32;
        self.siblings.insert(siblings, place);
        self.together.push(places);
        place
    }

    fn place_file(&mut self, engine: &Engine, job: &Job<'_>, file: &File<'_>) -> u32 {
        self.place(file.digest, || {
            // What the build has yet to make is in the cache.
            let is_assumed = job.predicted.iter().any(|(_, content)| *content == file.digest);
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
        let (mut wanted, mut together) = (vec![false; self.list.len()], vec![false; self.together.len()]);
        for need in needs.flatten() {
            match *need {
                Need::Blob(place) => mark(&mut wanted, place),
                Need::Together(place) => mark(&mut together, place),
            }
        }
        let together = self.together.iter().zip(together).filter(|(_, wanted)| *wanted);
        together.flat_map(|(places, _)| places).for_each(|&place| mark(&mut wanted, place));
        let wanted = self.list.iter().zip(wanted).filter(|(_, wanted)| *wanted).map(|(held, _)| held);
        wanted.map(|(digest, held)| Blob { digest: *digest, content: held.content() }).collect()
    }
}

fn mark(wanted: &mut [bool], place: u32) {
    if let Some(wanted) = wanted.get_mut(place as usize) {
        *wanted = true;
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
