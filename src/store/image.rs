//! All rows of an element at once: read, compacted, written anew.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::time::{SystemTime, UNIX_EPOCH};

use prost::Message as _;
use sled::Batch;

use super::format::{Chunk, Header, RecordRow};
use super::rows::{self, Kind, Number};
use super::{ElementKey, RecordId, Result, SetId, Store, StoreError, set};

/// Bytes of strings a row: far below what sled would move to a file of its own, large enough to keep rows few.
const CHUNK_BYTES: usize = 8 << 10;

/// An element's rows in memory, all but its sessions.
#[derive(Clone, Default, Debug)]
pub(super) struct Image {
    pub header: Header,
    pub paths: Vec<String>,
    pub words: Vec<String>,
    pub sets: HashMap<SetId, Vec<u8>>,
    pub records: BTreeMap<RecordId, RecordRow>,
    /// Rows that made no sense and were passed over.
    pub lost: usize,
}

impl Image {
    /// Takes in one row. A broken record or set is passed over; a hole in a table is the whole element's damage.
    fn add(&mut self, kind: Kind, rest: &[u8], value: &[u8]) -> std::result::Result<(), &'static str> {
        match kind {
            Kind::Header => {
                self.header = Header::decode(value).map_err(|_| "an element's header is not readable")?
            }
            Kind::Paths => append(&mut self.paths, rest, value)?,
            Kind::Words => append(&mut self.words, rest, value)?,
            Kind::Set => match rest.try_into() {
                Ok(id) => drop(self.sets.insert(SetId(id), value.to_vec())),
                Err(_) => self.lost += 1,
            },
            Kind::Record => match (rest.try_into(), RecordRow::decode(value)) {
                (Ok(id), Ok(row)) => drop(self.records.insert(RecordId(id), row)),
                _ => self.lost += 1,
            },
            Kind::Session => {}
        }
        Ok(())
    }

    /// Drops the sets that no record names.
    pub(super) fn drop_unused_sets(&mut self) {
        let used: HashSet<SetId> = self.records.values().filter_map(RecordRow::set_id).collect();
        self.sets.retain(|id, _| used.contains(id));
    }

    /// Drops the strings that no set and no record names, and numbers the others anew in their old order. Sets that do
    /// not fit the table go too.
    pub(super) fn compact(&mut self) {
        let sets: Vec<(SetId, Vec<u32>)> = std::mem::take(&mut self.sets)
            .into_iter()
            .filter_map(|(id, bytes)| Some((id, set::decode(&bytes, self.paths.len())?)))
            .collect();
        let moved = keep(&mut self.paths, sets.iter().flat_map(|(_, numbers)| numbers.iter().copied()));
        self.sets =
            sets.into_iter().map(|(id, numbers)| (id, set::encode(&translate(&moved, &numbers)))).collect();

        let words_used: Vec<u32> = self.records.values().flat_map(RecordRow::words).collect();
        let moved = keep(&mut self.words, words_used.into_iter());
        for number in self.records.values_mut().flat_map(RecordRow::words_mut) {
            *number = moved.get(*number as usize).copied().flatten().unwrap_or(u32::MAX);
        }
    }

    /// The header with this image's counts.
    pub(super) fn counted(&self) -> Header {
        Header { commands: self.records.len() as u64, inputs: self.paths.len() as u64, ..self.header }
    }

    /// The rows that write this image below `number`.
    pub(super) fn write(&self, number: Number, batch: &mut Batch) {
        batch.insert(rows::header(number), self.counted().encode_to_vec());
        write_chunks(number, Kind::Paths, 0, &self.paths, batch);
        write_chunks(number, Kind::Words, 0, &self.words, batch);
        for (id, bytes) in &self.sets {
            batch.insert(rows::set(number, *id), bytes.as_slice());
        }
        for (id, row) in &self.records {
            batch.insert(rows::record(number, *id), row.encode_to_vec());
        }
    }
}

/// The rows for `texts`, which are numbered from `first` on.
pub(super) fn write_chunks(
    number: Number,
    kind: Kind,
    first: usize,
    texts: &[impl AsRef<str>],
    batch: &mut Batch,
) {
    let mut first = first;
    let mut chunk = Chunk::default();
    let mut bytes = 0;
    for text in texts {
        chunk.texts.push(text.as_ref().to_owned());
        bytes += text.as_ref().len();
        if bytes >= CHUNK_BYTES {
            batch.insert(rows::chunk(number, kind, first), chunk.encode_to_vec());
            first += chunk.texts.len();
            chunk.texts.clear();
            bytes = 0;
        }
    }
    if !chunk.texts.is_empty() {
        batch.insert(rows::chunk(number, kind, first), chunk.encode_to_vec());
    }
}

fn append(table: &mut Vec<String>, rest: &[u8], value: &[u8]) -> std::result::Result<(), &'static str> {
    let chunk = Chunk::decode(value).map_err(|_| "a table of strings is not readable")?;
    if rows::parse_number(rest).map(|first| first as usize) != Some(table.len()) {
        return Err("a table of strings has a hole");
    }
    table.extend(chunk.texts);
    Ok(())
}

/// Keeps the texts that are `used`; gives each old number's new one.
fn keep(texts: &mut Vec<String>, used: impl Iterator<Item = u32>) -> Vec<Option<u32>> {
    let mut moved = vec![None; texts.len()];
    for number in used {
        if let Some(slot) = moved.get_mut(number as usize) {
            *slot = Some(0);
        }
    }
    let mut next = 0;
    for slot in moved.iter_mut().flatten() {
        *slot = next;
        next += 1;
    }
    let mut kept = moved.iter().map(Option::is_some);
    texts.retain(|_| kept.next().unwrap_or(false));
    moved
}

fn translate(moved: &[Option<u32>], numbers: &[u32]) -> Vec<u32> {
    numbers.iter().filter_map(|&n| moved.get(n as usize).copied().flatten()).collect()
}

impl Store {
    /// The element's number, if it has rows.
    pub(super) fn number(&self, key: &ElementKey) -> Result<Option<Number>> {
        let value = self.sled("read", self.db.get(rows::name(key)))?;
        Ok(value.and_then(|value| rows::parse_number(&value)))
    }

    /// All rows of the element with this number; none if they contradict each other, for then the element is forgotten.
    pub(super) fn image(&self, number: Number) -> Result<Image> {
        let mut image = Image::default();
        for row in self.db.scan_prefix(rows::element(number)) {
            let (row, value) = self.sled("read", row)?;
            let added = rows::parse(&row)
                .map_or(Err("a row of no known kind"), |(_, kind, rest)| image.add(kind, rest, &value));
            if let Err(what) = added {
                tracing::warn!("{}: {what}; an element's records are forgotten", self.dir.display());
                self.erase(number, None)?;
                return Ok(Image::default());
            }
        }
        Ok(image)
    }

    /// Deletes all rows below `number`, and those that lead to it from `name`.
    pub(super) fn erase(&self, number: Number, name: Option<&ElementKey>) -> Result<()> {
        let mut batch = Batch::default();
        for row in self.db.scan_prefix(rows::element(number)).keys() {
            batch.remove(self.sled("read", row)?);
        }
        if let Some(key) = name {
            batch.remove(rows::name(key));
        }
        self.sled("write", self.db.apply_batch(batch))
    }

    /// Writes `image` in place of all rows of the element but the sessions', in one step.
    pub(super) fn replace(&self, key: &ElementKey, number: Number, image: &Image) -> Result<()> {
        let mut batch = Batch::default();
        batch.insert(rows::name(key), &number.to_be_bytes());
        for row in self.db.scan_prefix(rows::element(number)).keys() {
            let row = self.sled("read", row)?;
            if !matches!(rows::parse(&row), Some((_, Kind::Session, _))) {
                batch.remove(row);
            }
        }
        image.write(number, &mut batch);
        self.apply(batch)
    }

    /// Writes a batch, in one step, if the disk has room for it.
    pub(super) fn apply(&self, batch: Batch) -> Result<()> {
        super::disk::check_room(&self.dir)?;
        self.sled("write", self.db.apply_batch(batch))
    }

    /// Turns sled's error into this room's, and has the next open check the files.
    pub(super) fn sled<T>(&self, action: &'static str, result: sled::Result<T>) -> Result<T> {
        result.map_err(|error| {
            self.closing.distrust();
            StoreError::from_sled(&self.dir, action, error)
        })
    }

    pub(super) fn damaged(&self, what: &str) -> StoreError {
        self.closing.distrust();
        StoreError::Damaged { path: self.dir.clone(), what: what.to_owned() }
    }
}

/// Milliseconds since 1970.
pub(super) fn now_ms() -> u64 {
    now_ns() / 1_000_000
}

/// Nanoseconds since 1970.
pub(super) fn now_ns() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos() as u64)
}
