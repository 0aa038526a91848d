//! An element's records on a grid, where the next sandbox or another machine finds them.

use std::collections::{HashMap, HashSet};
use std::time::{Duration, Instant};

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use parking_lot::{Mutex, MutexGuard};
use prost::Message as _;

use super::Grid;
use super::entry::{self, Entry, Payload};
use super::places::{self, Place};
use super::upload::Parcel;
use crate::action::to_reapi;
use crate::base::digest::Digest;
use crate::cache::Cache;
use crate::grid::result::digest_of;
use crate::grid::unobtainable::Unobtainable;
use crate::grid::unusable::Unusable;
use crate::reapi::{Client, GridError};
use crate::store::ElementKey;
use crate::store::fields::fields;

/// The longest records that are taken over, bytes: those of ten thousand commands with 500 inputs each take 20 MB.
const LONGEST: usize = 32 << 20;
/// Paths and options repeat; what costs more time gains little (zstd's levels).
const COMPRESSION: i32 = 1;
/// Records up to here come along with their entry, bytes: most entries that are looked at are outdated by another.
const INLINE: usize = 8 << 10;
/// So many contents come with them at most: a build makes hundreds of headers.
const MOST_BLOBS: usize = 100_000;
/// So many are taken over at once: as many as sessions that knew nothing of one another.
const MOST: usize = 64;
/// A session writes to one place for this long: who looks there meanwhile may never see what is written there afterwards.
const TENURE: Duration = Duration::from_secs(30);

/// By element, the records on the grid that are in the store here, by their digests: what is left out of the store since was
/// forgotten on purpose.
#[derive(Debug, Default)]
pub(super) struct Known {
    all: Mutex<HashMap<ElementKey, HashSet<Digest>>>,
    /// Why records could not be left the last time.
    failed: Mutex<Option<String>>,
}

/// Records as they are left.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Left {
    /// What `Store::export` gave.
    pub records: Vec<u8>,
    /// Contents that their launches need.
    pub blobs: Vec<Digest>,
    /// What [`Grid::merged`] gave before that: these records are outdated now.
    pub merged: Vec<Digest>,
    /// How the session that leaves them goes, as JSON; may be empty.
    pub session: String,
}

/// Records that somebody has left.
#[derive(Debug)]
pub struct Found(Entry);

/// The place where a session leaves its records; nobody else does so there.
#[derive(Debug, Default)]
pub struct Spot {
    held: Option<(Place, Instant)>,
    /// What was left last.
    last: Option<Digest>,
}

/// Records with the contents' digests, as they travel.
#[derive(Clone, PartialEq, prost::Message)]
struct Packed {
    #[prost(bytes = "vec", tag = "1")]
    records: Vec<u8>,
    #[prost(message, repeated, tag = "2")]
    blobs: Vec<reapi::Digest>,
    #[prost(string, tag = "3")]
    session: String,
}

/// The field with the blobs.
const BLOBS: u64 = 2;

impl Known {
    fn all(&self) -> MutexGuard<'_, HashMap<ElementKey, HashSet<Digest>>> {
        self.all.lock()
    }

    /// Why records could not be left, if they could not the last time.
    pub(super) fn failed(&self) -> Option<String> {
        self.failed.lock().clone()
    }

    fn note_left<T>(&self, left: &Result<T, Unobtainable>) {
        let failed = left.as_ref().err().map(ToString::to_string);
        *self.failed.lock() = failed;
    }
}

impl Grid {
    /// What others have left of an element and is neither in the store here nor in what is found with it.
    pub fn find_records(&self, element: &ElementKey) -> Result<Vec<Found>, Unobtainable> {
        let taken = self.taken(element, places::today())?;
        let entries = self.entries_at(element, &taken);
        let there: HashSet<Digest> = entries.iter().map(|entry| entry.digest).collect();
        let mut known = self.records.all();
        let known = known.entry(element.clone()).or_default();
        known.retain(|digest| there.contains(digest));
        Ok(unmerged(entries, known).into_iter().map(Found).collect())
    }

    /// Fetches what was found.
    pub fn read_records(&self, found: &Found) -> Result<Left, Unobtainable> {
        let Packed { records, blobs, session } = unpack(&self.client, &found.0)?;
        let blobs = blobs.iter().filter_map(|blob| digest_of(Some(blob))).collect();
        Ok(Left { records, blobs, merged: found.0.further.clone(), session })
    }

    /// Notes that what was found is in the store now.
    pub fn note_merged(&self, element: &ElementKey, found: &Found) {
        self.records.all().entry(element.clone()).or_default().insert(found.0.digest);
    }

    /// Which records on the grid are in the store, by their digests.
    pub fn merged(&self, element: &ElementKey) -> Vec<Digest> {
        self.records.all().get(element).into_iter().flatten().copied().collect()
    }

    /// Leaves an element's records at a session's place; gives how many bytes they take up. The blobs are the local cache's.
    ///
    /// An error has been told of.
    pub fn publish_records(
        &self,
        cache: &Cache,
        element: &ElementKey,
        spot: &mut Spot,
        left: &Left,
    ) -> Result<u64, Unobtainable> {
        let size = self.publish_at_spot(cache, element, spot, left);
        self.records.note_left(&size);
        size
    }

    fn publish_at_spot(
        &self,
        cache: &Cache,
        element: &ElementKey,
        spot: &mut Spot,
        left: &Left,
    ) -> Result<u64, Unobtainable> {
        let place = self
            .place(element, spot)
            .map_err(Unobtainable::from)
            .inspect_err(|error| self.tell(&format!("what was learnt of {element} is not left"), error))?;
        let name = place.name(element);
        let packed = pack(left).map_err(Unusable::from)?;
        let digest = Digest::of(&packed);
        let (result, large) = entry::carrying(&name, packed, &[], INLINE);
        let result = super::provenance::sign(result, &left.merged);
        let mut messages = [name.messages, place.its_day().name(element).messages].concat();
        messages.extend(large.map(|payload| (digest, payload.into())));
        let files = left.blobs.iter().map(|blob| (*blob, cache.blobs.path(blob))).collect();
        self.uploads.deliver(&Parcel { action: name.action, messages, files, result })?;
        let mut known = self.records.all();
        let known = known.entry(element.clone()).or_default();
        if let Some(last) = spot.last.replace(digest) {
            known.remove(&last);
        }
        known.insert(digest);
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

    /// The session's place; another one when it has had it long enough.
    fn place(&self, element: &ElementKey, spot: &mut Spot) -> Result<Place, GridError> {
        if let Some((place, since)) = spot.held
            && since.elapsed() < TENURE
        {
            return Ok(place);
        }
        let today = places::today();
        let place = places::free(today, &self.taken(element, today)?);
        *spot = Spot { held: Some((place, Instant::now())), last: None };
        Ok(place)
    }

    /// Where something was left on the last two days on which anything was.
    fn taken(&self, element: &ElementKey, today: u64) -> Result<Vec<Place>, GridError> {
        // Most often that is today or yesterday, and needs no second question.
        let near = [today.saturating_sub(1), today];
        let asked = places::days(today).chain(near.into_iter().flat_map(places::places));
        let mut there = self.there(element, asked.collect())?;
        let days = places::last_days(&there);
        let far = days.iter().filter(|day| !near.contains(day)).copied();
        let far: Vec<Place> = far.flat_map(places::places).collect();
        if !far.is_empty() {
            there.extend(self.there(element, far)?);
        }
        there.retain(|place| place.slot.is_some() && days.contains(&place.day));
        Ok(there)
    }

    fn there(&self, element: &ElementKey, mut places: Vec<Place>) -> Result<Vec<Place>, GridError> {
        let actions: Vec<Digest> = places.iter().map(|place| place.name(element).action).collect();
        let missing: HashSet<Digest> = self.client.missing(&actions)?.into_iter().collect();
        let mut actions = actions.into_iter();
        places.retain(|_| actions.next().is_some_and(|action| !missing.contains(&action)));
        Ok(places)
    }

    fn entries_at(&self, element: &ElementKey, places: &[Place]) -> Vec<Entry> {
        let names: Vec<_> = places.iter().map(|place| place.name(element)).collect();
        let asked: Vec<(Digest, &[String])> = names.iter().map(|name| (name.action, &[][..])).collect();
        let mut entries = Vec::new();
        for (name, result) in names.iter().zip(self.client.results(&asked)) {
            let entry = match result {
                Ok(Some(result)) => entry::read(name, &result).ok_or_else(|| Unusable::NotOurs.into()),
                // Its Action comes first, and whatever it names may have been thrown away.
                Ok(None) => continue,
                Err(error) => Err(error.into()),
            };
            match entry {
                Ok(entry) => entries.push(entry),
                Err(error) => self.tell(&format!("not all is here that was learnt of {element}"), &error),
            }
        }
        entries
    }
}

/// How an element's sessions of today and yesterday went, as those that have left records said last, in no order. What makes no sense is
/// passed over.
pub fn sessions_of(client: &Client, element: &ElementKey) -> Result<Vec<String>, GridError> {
    let today = places::today();
    let names = [today.saturating_sub(1), today].into_iter().flat_map(places::places);
    let mut names: Vec<_> = names.map(|place| place.name(element)).collect();
    let actions: Vec<Digest> = names.iter().map(|name| name.action).collect();
    let missing: HashSet<Digest> = client.missing(&actions)?.into_iter().collect();
    names.retain(|name| !missing.contains(&name.action));
    let asked: Vec<(Digest, &[String])> = names.iter().map(|name| (name.action, &[][..])).collect();
    let results = names.iter().zip(client.results(&asked));
    let entries = results.filter_map(|(name, result)| entry::read(name, &result.ok()??));
    let sessions = entries.filter_map(|entry| Some(unpack(client, &entry).ok()?.session));
    Ok(sessions.filter(|session| !session.is_empty()).collect())
}

fn unpack(client: &Client, entry: &Entry) -> Result<Packed, Unobtainable> {
    let nonsense = |error: &dyn std::fmt::Display| Unusable::Nonsense(error.to_string());
    let packed = match &entry.payload {
        Payload::Here(bytes) => bytes,
        Payload::Blob(blob) => &client.read(blob)?,
    };
    let bytes = zstd::bulk::decompress(packed, LONGEST).map_err(|error| nonsense(&error))?;
    // Two bytes can be a blob's digest, which takes sixteen times that in memory.
    if fields(&bytes).filter(|field| field.number == BLOBS).count() > MOST_BLOBS {
        return Err(nonsense(&"it names too many blobs").into());
    }
    Ok(Packed::decode(&*bytes).map_err(|error| nonsense(&error))?)
}

fn pack(left: &Left) -> std::io::Result<Vec<u8>> {
    let blobs = left.blobs.iter().map(to_reapi).collect();
    let packed = Packed { records: left.records.clone(), blobs, session: left.session.clone() };
    zstd::bulk::compress(&packed.encode_to_vec(), COMPRESSION)
}

/// Those of some entries that are not known, nor outdated by another, each once.
fn unmerged(mut entries: Vec<Entry>, known: &HashSet<Digest>) -> Vec<Entry> {
    let others = |entry: &Entry| {
        let own = entry.digest;
        entry.further.iter().filter(move |digest| **digest != own).copied().collect::<Vec<_>>()
    };
    let mut passed: HashSet<Digest> = entries.iter().flat_map(others).collect();
    passed.extend(known);
    entries.retain(|entry| passed.insert(entry.digest));
    entries.truncate(MOST);
    entries
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(content: &[u8], merged: &[&[u8]]) -> Entry {
        let further = merged.iter().map(|content| Digest::of(content)).collect();
        Entry { payload: Payload::Here(content.into()), digest: Digest::of(content), blobs: vec![], further }
    }

    fn of(entries: Vec<Entry>, known: &[&[u8]]) -> Vec<Vec<u8>> {
        let known = known.iter().map(|content| Digest::of(content)).collect();
        let payload = |entry: Entry| match entry.payload {
            Payload::Here(bytes) => bytes,
            Payload::Blob(_) => Vec::new(),
        };
        unmerged(entries, &known).into_iter().map(payload).collect()
    }

    #[test]
    fn what_is_in_another_is_passed_over() {
        let chain = || vec![entry(b"1", &[]), entry(b"3", &[b"2"]), entry(b"2", &[b"1"])];
        assert_eq!(of(chain(), &[]), [b"3"]);
        assert_eq!(of(chain(), &[b"3"]), [[0; 0]; 0]);
        // The middle one's place is hidden by another, or was read too early.
        assert_eq!(of(vec![entry(b"1", &[]), entry(b"3", &[b"2"])], &[]), [b"1", b"3"]);
    }

    #[test]
    fn sessions_that_knew_nothing_of_one_another_count_all() {
        let both = vec![entry(b"a", &[b"0"]), entry(b"b", &[b"0"]), entry(b"0", &[]), entry(b"a", &[b"0"])];
        assert_eq!(of(both, &[b"x"]), [b"a", b"b"]);
        assert_eq!(of(vec![entry(b"a", &[b"a"])], &[]), [b"a"], "nothing outdates itself");
    }

    #[test]
    fn records_are_read_as_they_were_packed() {
        let left = Left {
            records: b"records".to_vec(),
            blobs: vec![Digest::of(b"1")],
            merged: Vec::new(),
            session: "{}".into(),
        };
        let bytes = zstd::bulk::decompress(&pack(&left).unwrap(), LONGEST).unwrap();
        let packed = Packed::decode(&*bytes).unwrap();
        assert_eq!((packed.records, packed.session), (left.records, left.session));
        assert_eq!(digest_of(packed.blobs.first()), left.blobs.first().copied());
    }
}
