//! Adding records.

use parking_lot::MutexGuard;
use sled::Batch;

use super::format::{Entry, RecordEntry, RecordRow, SetEntry};
use super::image::Image;
use super::journal::Lives;
use super::{ElementKey, Record, RecordId, Result, SetId, Store, Use, set};
use crate::store::clock::now_ms;

impl Store {
    /// Keeps `record` in place of the one with its id, with the set of the paths in `inputs` as what it read; gives
    /// that set's identity. The order and number of mentions in `inputs` do not matter. On disk after [`Store::flush`],
    /// or half a second later.
    pub fn put(&self, key: &ElementKey, record: &Record, inputs: &[String]) -> Result<SetId> {
        let full = || self.damaged("an element's numbers are used up");
        self.write(key, |image| stage(image, record, inputs).ok_or_else(full))
    }

    pub(super) fn lives(&self) -> MutexGuard<'_, Lives> {
        self.lives.lock()
    }

    /// Appends to the element's journal the entry by which `change` changes its image.
    pub(super) fn write<T>(
        &self,
        key: &ElementKey,
        change: impl FnOnce(&mut Image) -> Result<(Entry, T)>,
    ) -> Result<T> {
        let mut lives = self.lives();
        let mut journal = match lives.remove(key) {
            Some(journal) => journal,
            None => self.journal(self.number_or_next(key, &lives)?)?,
        };
        // The journal comes back among the living only when the entry is written: an image ahead of its rows would give
        // later entries wrong numbers.
        let (entry, told) = change(&mut journal.image)?;
        let mut batch = Batch::default();
        journal.append(key, entry, &mut batch);
        self.apply(batch)?;
        lives.insert(key.clone(), journal);
        Ok(told)
    }
}

/// Adds `record` to the image; gives the entry that does the same. `None` if a table is full.
pub(super) fn stage(image: &mut Image, record: &Record, inputs: &[String]) -> Option<(Entry, SetId)> {
    let (first_path, first_word) = (image.paths.len(), image.words.len());
    let mut numbers = inputs.iter().map(|path| image.paths.intern(path)).collect::<Option<Vec<u32>>>()?;
    numbers.sort_unstable();
    numbers.dedup();
    let id = SetId::of(numbers.iter().map(|&number| image.paths.mark(number)));
    let row = RecordRow::new(record, id, &mut image.words, now_ms())?;

    let mut sets = Vec::new();
    let numbers = set::encode(&numbers);
    if image.sets.get(&id) != Some(&numbers) {
        sets.push(SetEntry { id: id.0.to_vec(), numbers: numbers.clone() });
        image.sets.insert(id, numbers);
    }
    let records = vec![entry(record.id, &row)];
    image.records.insert(record.id, row);
    let (paths, words) = (image.paths.since(first_path), image.words.since(first_word));
    let (first_path, first_word) = (first_path as u32, first_word as u32);
    let entry = Entry { first_path, paths, first_word, words, sets, records, generated: Vec::new() };
    Some((entry, id))
}

fn entry(id: RecordId, row: &RecordRow) -> RecordEntry {
    RecordEntry { id: id.0.to_vec(), row: Some(row.clone()) }
}

/// Adds a use to a record's counters.
pub(super) fn add(row: &mut RecordRow, used: &Use) {
    row.asked = row.asked.saturating_add(used.asked);
    row.launched = row.launched.saturating_add(used.launched);
    row.useful = row.useful.saturating_add(used.useful);
    row.wasted = row.wasted.saturating_add(used.wasted);
    row.mispredicted = row.mispredicted.saturating_add(used.mispredicted);
    row.wasted_in_row = used.wasted_in_row.unwrap_or(row.wasted_in_row);
    row.order = used.order.unwrap_or(row.order);
    row.cost_us = used.cost_us.unwrap_or(row.cost_us);
    row.wall_us = used.wall_us.unwrap_or(row.wall_us);
}
