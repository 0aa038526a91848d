//! The contents that an element's launches need, as one blob: for records that travel by hand.

use prost::Message as _;

use super::error::ControlError;
use crate::base::digest::Digest;
use crate::cache::Cache;
use crate::session::memory::bounded;
use crate::store::{Element, Record};
use crate::traced::Traced;

/// How much of them travels, bytes: what a build generates and what configure tests are made of is small, and an artifact keeps it.
const MOST: u64 = 4 << 20;
/// Text that repeats; what costs more time gains little (zstd's levels).
const COMPRESSION: i32 = 3;

/// What is in the blob; by what name each goes follows from its bytes.
#[derive(Clone, PartialEq, prost::Message)]
struct Contents {
    #[prost(bytes = "vec", repeated, tag = "1")]
    all: Vec<Vec<u8>>,
}

/// The contents that an element's records name and the cache has, the smallest first.
pub(super) fn needed(element: &Element, cache: &Cache) -> Vec<Digest> {
    let generated = element.generated.values().map(|made| made.content);
    let probes = element.records.iter().filter(|record| is_probe(record));
    let given = probes.filter_map(|probe| probe.traced.as_ref()).flat_map(|traced| &traced.given);
    let given = given.map(|given| given.content);
    let is_here = |blob: &Digest| cache.blobs.contains(blob).unwrap_or_default();
    let mut needed: Vec<Digest> = generated.chain(given).filter(is_here).collect();
    needed.sort_by_key(|blob| (blob.size, *blob));
    bounded(needed.into_iter())
}

/// Only configure tests are shown the files that they were given; others have theirs from the build.
fn is_probe(record: &Record) -> bool {
    Traced::is_probe(record)
}

/// The first of these contents, up to a size, as a blob.
pub(super) fn pack(cache: &Cache, needed: &[Digest]) -> std::io::Result<Vec<u8>> {
    let mut room = MOST;
    let fits = |blob: &&Digest| {
        let left = room.checked_sub(blob.size);
        room = left.unwrap_or_default();
        left.is_some()
    };
    let read = |blob| cache.blobs.read(blob).ok().flatten();
    let all = needed.iter().take_while(fits).filter_map(read).collect();
    zstd::bulk::compress(&Contents { all }.encode_to_vec(), COMPRESSION)
}

/// Takes the contents in such a blob into the cache; the error says what is wrong with it.
pub(super) fn unpack(cache: &Cache, packed: &[u8]) -> Result<(), ControlError> {
    let bytes = zstd::bulk::decompress(packed, 2 * MOST as usize)?;
    let contents = Contents::decode(&*bytes)?;
    for content in contents.all {
        cache.blobs.put_bytes(&content)?;
    }
    Ok(())
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_is_in_the_other_cache_then() {
        let room = tempfile::tempdir().unwrap();
        let [one, other] = ["one", "other"].map(|name| Cache::new(&room.path().join(name), u64::MAX));
        let contents = [vec![1; 10], vec![2; 20], vec![3; MOST as usize]];
        let [small, larger, too_large] = contents.map(|content| one.blobs.put_bytes(&content).unwrap());
        let missing = Digest::of(b"missing");
        let packed = pack(&one, &[missing, small, larger, too_large]).unwrap();
        unpack(&other, &packed).unwrap();
        let is_there = [small, larger, too_large, missing].map(|blob| other.blobs.contains(&blob).unwrap());
        assert_eq!(is_there, [true, true, false, false]);
    }

    #[test]
    fn what_makes_no_sense_or_is_too_large_is_refused() {
        let room = tempfile::tempdir().unwrap();
        let cache = Cache::new(room.path(), u64::MAX);
        let packed = |bytes: &[u8]| zstd::bulk::compress(bytes, COMPRESSION).unwrap();
        let all = vec![vec![0; 3 * MOST as usize]];
        for bad in [b"bad".to_vec(), packed(b"bad"), packed(&Contents { all }.encode_to_vec())] {
            assert!(unpack(&cache, &bad).is_err());
        }
    }
}
