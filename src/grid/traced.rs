//! Results of traced commands on a grid, under their keys; failures too.
//!
//! A key covers all that the command touches, its programs among them, so nobody but spec-cc could vouch for a result.

use std::collections::HashSet;

use super::Grid;
use super::entry::{self, Entry, Name, Payload};
use super::upload::Parcel;
use crate::base::digest::Digest;
use crate::cache::Cache;
use crate::cache::outcome::Outcome;
use crate::compile::cache_key::CacheKey;
use crate::grid::unobtainable::Unobtainable;
use crate::traced::Traced;

/// What results go by; the number changes when an older program would misread them.
const KIND: [&str; 2] = ["traced", "1"];
/// A result up to here comes along with its entry, bytes.
const INLINE: usize = 64 << 10;

/// A result that is looked for.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// Its key.
    pub key: CacheKey,
    /// The command.
    pub traced: &'a Traced,
    /// The project root.
    pub root: &'a str,
}

impl Grid {
    /// The results that the grid has of these, all asked for together; they are in the local cache afterwards. What cannot be
    /// had is to be run.
    pub fn find_traced(&self, cache: &Cache, wanted: &[Wanted<'_>]) -> Vec<Option<Outcome>> {
        let mut found = self.outcomes(cache, wanted);
        let blobs = |outcome: &Outcome| outcome.files.iter().map(|file| file.digest).collect::<Vec<_>>();
        let together = self.fetch_blobs(cache, &found.iter().flatten().flat_map(blobs).collect::<Vec<_>>());
        for (wanted, found) in wanted.iter().zip(&mut found) {
            let outcome = found.take();
            // One that has gone holds up its own result only.
            let outcome = outcome.filter(|outcome| together || self.fetch_blobs(cache, &blobs(outcome)));
            *found = outcome.filter(|outcome| cache.open(outcome).is_some());
            if let Some(outcome) = found
                && let Err(error) = wanted.key.store(cache, outcome)
            {
                tracing::warn!("{error}");
            }
        }
        found
    }

    /// Leaves the result of a command for others, in the background, if the grid takes results.
    pub fn publish_traced(&self, cache: &Cache, key: &CacheKey, outcome: &Outcome) {
        if !self.takes_records() {
            return;
        }
        let name = name(&key.of(outcome));
        let payload = outcome.encode();
        let digest = Digest::of(&payload);
        let blobs: Vec<Digest> = outcome.files.iter().map(|file| file.digest).collect();
        let (result, large) = entry::carrying(&name, payload, &blobs, INLINE);
        let files = blobs.iter().map(|blob| (*blob, cache.blobs.path(blob))).collect();
        let messages = name.messages.into_iter().chain(large.map(|payload| (digest, payload.into())));
        self.uploads.push(Parcel { action: name.action, messages: messages.collect(), files, result });
    }

    /// What the grid says came of these, without the files.
    fn outcomes(&self, cache: &Cache, wanted: &[Wanted<'_>]) -> Vec<Option<Outcome>> {
        let keys: Vec<Digest> =
            wanted.iter().flat_map(|wanted| [wanted.key.silent, wanted.key.exact]).collect();
        let entries = self.entries(&keys);
        let large = entries.iter().flatten().filter_map(|entry| match entry.payload {
            Payload::Blob(blob) => Some(blob),
            Payload::Here(_) => None,
        });
        self.fetch_blobs(cache, &large.collect::<Vec<_>>());
        let decode = |entry: &Option<Entry>| {
            let bytes = match entry.as_ref()?.payload.clone() {
                Payload::Here(bytes) => bytes,
                Payload::Blob(blob) => cache.blobs.read(&blob).ok()??,
            };
            Outcome::decode(&bytes)
        };
        let choose = |(wanted, found): (&Wanted<'_>, &[Option<Entry>])| {
            let (silent, exact) = found.split_first()?;
            let silent = || decode(silent).filter(Outcome::is_silent);
            let found = silent().or_else(|| exact.first().and_then(decode));
            found.filter(|outcome| wanted.may_leave(outcome))
        };
        wanted.iter().zip(entries.chunks(2)).map(choose).collect()
    }

    fn entries(&self, keys: &[Digest]) -> Vec<Option<Entry>> {
        if self.settings.skip_cache {
            return keys.iter().map(|_| None).collect();
        }
        let names: Vec<Name> = keys.iter().map(name).collect();
        let asked: Vec<(Digest, &[String])> = names.iter().map(|name| (name.action, &[][..])).collect();
        let read = |(name, result): (&Name, Result<Option<_>, _>)| match result {
            Ok(result) => entry::read(name, &result?),
            Err(error) => {
                let error = Unobtainable::Grid(error);
                self.tell("links and configure tests are not looked up", &error);
                None
            }
        };
        names.iter().zip(self.client.results(&asked)).map(read).collect()
    }
}

impl Wanted<'_> {
    /// Whether an outcome has no file but such as the command may leave: nobody else's word is taken for that.
    fn may_leave(&self, outcome: &Outcome) -> bool {
        let mut seen = HashSet::new();
        outcome.files.iter().all(|file| {
            let path = self.traced.absolute(&file.path);
            self.traced.may_leave(&path, self.root) && seen.insert(path)
        })
    }
}

fn name(key: &Digest) -> Name {
    Name::new(KIND, [&*key.hex()])
}
