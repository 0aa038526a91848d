//! An element's records on a grid, where the next sandbox or another machine finds them.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};

use super::entry::{self, Name, Payload};
use super::upload::Parcel;
use super::{Grid, Unobtainable};
use crate::backend::Cache;
use crate::inputs::digest::Digest;
use crate::store::ElementKey;

/// The longest records that are taken over, bytes: those of ten thousand commands with 500 inputs each take 20 MB.
const LONGEST: usize = 32 << 20;
/// Paths and options repeat; what costs more time gains little (zstd's levels).
const COMPRESSION: i32 = 1;

/// Which records this companion has seen last, by their name: they need not be fetched again, and what is left out of them
/// since was forgotten on purpose.
#[derive(Debug, Default)]
pub(super) struct Known(Mutex<HashMap<Digest, Digest>>);

/// Records as they were left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// What `Store::export` gave.
    pub records: Vec<u8>,
    /// Contents that their launches need.
    pub blobs: Vec<Digest>,
}

impl Known {
    fn is(&self, name: &Name, records: &Digest) -> bool {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&name.action) == Some(records)
    }

    fn note(&self, name: &Name, records: Digest) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(name.action, records);
    }
}

impl Grid {
    /// The records of an element that somebody has left; `None` when there are none, or those that were seen last.
    pub fn records(&self, element: &ElementKey) -> Result<Option<Left>, Unobtainable> {
        let name = name(element);
        let Some(result) = self.client.result(&name.action, &[])? else { return Ok(None) };
        let Some(entry) = entry::read(&name, &result) else {
            return Err(Unobtainable::Unusable(format!("the records of {element} there are none of ours")));
        };
        if self.records.is(&name, &entry.digest) {
            return Ok(None);
        }
        let packed = match entry.payload {
            Payload::Here(bytes) => bytes,
            Payload::Blob(blob) => self.client.read(&blob)?,
        };
        self.records.note(&name, entry.digest);
        let records = zstd::bulk::decompress(&packed, LONGEST).map_err(|error| {
            Unobtainable::Unusable(format!("the records of {element} there make no sense: {error}"))
        })?;
        Ok(Some(Left { records, blobs: entry.blobs }))
    }

    /// Leaves an element's records in place of those that are there; gives how many bytes they take up. The blobs are the
    /// local cache's.
    ///
    /// An error has been told of.
    pub fn leave_records(
        &self,
        cache: &Cache,
        element: &ElementKey,
        left: &Left,
    ) -> Result<u64, Unobtainable> {
        let name = name(element);
        let packed = zstd::bulk::compress(&left.records, COMPRESSION)
            .map_err(|error| Unobtainable::Unusable(error.to_string()))?;
        let digest = Digest::of(&packed);
        let (result, large) = entry::carrying(&name, packed, &left.blobs);
        let mut messages = name.messages.clone();
        messages.extend(large.map(|payload| (digest, payload.into())));
        let files = left.blobs.iter().map(|blob| (*blob, cache.blobs.path(blob))).collect();
        self.uploads.deliver(&Parcel { action: name.action, messages, files, result })?;
        self.records.note(&name, digest);
        Ok(digest.size)
    }

    /// Fetches blobs that launches need into the local cache; whether all of them are there. What cannot be had is not
    /// launched on.
    pub fn fetch_blobs(&self, cache: &Cache, blobs: &[Digest]) -> bool {
        let fetched = if blobs.is_empty() { Ok(()) } else { self.client.download(blobs, &cache.blobs) };
        fetched
            .inspect_err(|error| self.tell("not all that launches need is here", &error.clone().into()))
            .is_ok()
    }
}

fn name(element: &ElementKey) -> Name {
    Name::new("records", &[&element.project, &element.element])
}
