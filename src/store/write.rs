//! Adding records, and counting their use.

use std::collections::{HashMap, HashSet};
use std::sync::{MutexGuard, PoisonError};

use prost::Message as _;
use sled::Batch;

use super::format::{Header, RecordRow};
use super::image::{now_ms, write_chunks};
use super::rows::{self, Kind, Number};
use super::table::Table;
use super::{ElementKey, Record, RecordId, Result, SetId, Store, Use, set};

/// The elements that are being written to.
pub(super) type Lives = HashMap<ElementKey, Live>;

/// What must be at hand to add a record without reading the element's rows again.
#[derive(Debug)]
pub(super) struct Live {
    number: Number,
    header: Header,
    paths: Table,
    words: Table,
    sets: HashSet<SetId>,
    records: HashSet<RecordId>,
}

impl Store {
    /// Keeps `record` in place of the one with its id, with the set of the paths in `inputs` as what it read; gives
    /// that set's identity. The order and number of mentions in `inputs` do not matter. On disk after [`Store::flush`],
    /// or half a second later.
    pub fn put(&self, key: &ElementKey, record: &Record, inputs: &[String]) -> Result<SetId> {
        let mut lives = self.lives();
        let live = self.live(&mut lives, key)?;
        let put = live.stage(record, inputs).ok_or_else(|| self.full()).and_then(|staged| {
            let mut batch = staged.batch;
            batch.insert(rows::name(key), &live.number.to_be_bytes());
            self.apply(batch).map(|()| staged.set)
        });
        match put {
            Ok(id) => {
                live.sets.insert(id);
                live.records.insert(record.id);
            }
            // Numbers that were given out but not written must not be used by the next record.
            Err(_) => drop(lives.remove(key)),
        }
        put
    }

    /// Adds `uses` to the records' counters; gives how many of the records exist.
    pub fn update(&self, key: &ElementKey, uses: &[(RecordId, Use)]) -> Result<usize> {
        let _quiet = self.lives();
        let Some(number) = self.number(key)? else { return Ok(0) };
        let mut rows_changed: HashMap<RecordId, RecordRow> = HashMap::new();
        for (id, used) in uses {
            if !rows_changed.contains_key(id) {
                let value = self.sled("read", self.db.get(rows::record(number, *id)))?;
                let Some(row) = value.and_then(|value| RecordRow::decode(value.as_ref()).ok()) else {
                    continue;
                };
                rows_changed.insert(*id, row);
            }
            if let Some(row) = rows_changed.get_mut(id) {
                add(row, used);
            }
        }
        let mut batch = Batch::default();
        for (id, row) in &rows_changed {
            batch.insert(rows::record(number, *id), row.encode_to_vec());
        }
        self.apply(batch)?;
        Ok(rows_changed.len())
    }

    pub(super) fn lives(&self) -> MutexGuard<'_, Lives> {
        self.lives.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn live<'a>(&self, lives: &'a mut Lives, key: &ElementKey) -> Result<&'a mut Live> {
        if !lives.contains_key(key) {
            let live = match self.number(key)? {
                Some(number) => Live::new(number, self.image(number)?),
                None => Live::new(self.next_number(lives)?, super::image::Image::default()),
            };
            lives.insert(key.clone(), live);
        }
        lives.get_mut(key).ok_or_else(|| self.damaged("an element vanished from memory"))
    }

    /// The number for a new element: past every number that has rows or is about to have some.
    pub(super) fn next_number(&self, lives: &Lives) -> Result<Number> {
        let last = self.db.scan_prefix(rows::DATA).keys().next_back().transpose();
        let on_disk = self.sled("read", last)?.and_then(|row| rows::parse(&row).map(|(number, ..)| number));
        let last = lives.values().map(|live| live.number).chain(on_disk).max();
        last.map_or(Some(0), |last| last.checked_add(1)).ok_or_else(|| self.full())
    }

    fn full(&self) -> super::StoreError {
        self.damaged("its numbers are used up")
    }
}

/// A record that is ready to be written.
struct Staged {
    batch: Batch,
    set: SetId,
}

impl Live {
    fn new(number: Number, image: super::image::Image) -> Self {
        Self {
            number,
            header: image.counted(),
            paths: image.paths.into(),
            words: image.words.into(),
            sets: image.sets.into_keys().collect(),
            records: image.records.into_keys().collect(),
        }
    }

    /// The rows that `record` adds; `None` if a table is full.
    fn stage(&mut self, record: &Record, inputs: &[String]) -> Option<Staged> {
        let (paths, words) = (self.paths.len(), self.words.len());
        let mut numbers = inputs.iter().map(|path| self.paths.intern(path)).collect::<Option<Vec<u32>>>()?;
        numbers.sort_unstable();
        numbers.dedup();
        let set = SetId::of(numbers.iter().map(|&number| self.paths.mark(number)));
        let row = RecordRow::new(record, set, &mut self.words, now_ms())?;

        let mut batch = Batch::default();
        write_chunks(self.number, Kind::Paths, paths, self.paths.since(paths), &mut batch);
        write_chunks(self.number, Kind::Words, words, self.words.since(words), &mut batch);
        if !self.sets.contains(&set) {
            batch.insert(rows::set(self.number, set), set::encode(&numbers));
        }
        batch.insert(rows::record(self.number, record.id), row.encode_to_vec());
        let header = Header {
            commands: self.records.len() as u64 + u64::from(!self.records.contains(&record.id)),
            inputs: self.paths.len() as u64,
            ..self.header
        };
        if header != self.header {
            batch.insert(rows::header(self.number), header.encode_to_vec());
            self.header = header;
        }
        Some(Staged { batch, set })
    }
}

fn add(row: &mut RecordRow, used: &Use) {
    row.asked = row.asked.saturating_add(used.asked);
    row.launched = row.launched.saturating_add(used.launched);
    row.useful = row.useful.saturating_add(used.useful);
    row.wasted = row.wasted.saturating_add(used.wasted);
    row.order = used.order.unwrap_or(row.order);
    row.cost_us = used.cost_us.unwrap_or(row.cost_us);
    row.wall_us = used.wall_us.unwrap_or(row.wall_us);
}
