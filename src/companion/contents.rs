//! The contents that an element's launches need, as one blob: for records that travel by hand.

use prost::Message as _;

use super::memory::bounded;
use crate::backend::Cache;
use crate::inputs::digest::Digest;
use crate::store::Element;

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
    let traced = element.records.iter().filter_map(|record| record.traced.as_ref());
    let given = traced.flat_map(|traced| &traced.given).map(|given| given.content);
    let is_here = |blob: &Digest| cache.blobs.contains(blob).unwrap_or_default();
    let mut needed: Vec<Digest> = generated.chain(given).filter(is_here).collect();
    needed.sort_by_key(|blob| (blob.size, *blob));
    bounded(needed.into_iter())
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
pub(super) fn unpack(cache: &Cache, packed: &[u8]) -> Result<(), String> {
    let bytes = zstd::bulk::decompress(packed, 2 * MOST as usize).map_err(|error| error.to_string())?;
    let contents = Contents::decode(&*bytes).map_err(|error| error.to_string())?;
    for content in contents.all {
        cache.blobs.put_bytes(&content).map_err(|error| error.to_string())?;
    }
    Ok(())
}
