//! The journals on disk: read, written anew, erased.

use prost::Message as _;
use sled::Batch;

use super::image::{Image, split};
use super::journal::{Journal, Lives};
use super::room::check_room;
use super::rows::{self, Kind, Number};
use super::{ElementKey, Result, Store, StoreError};

impl Store {
    /// The element's number, if it has rows.
    pub(super) fn number(&self, key: &ElementKey) -> Result<Option<Number>> {
        let value = self.sled("read", self.db.get(rows::name(key)))?;
        Ok(value.and_then(|value| rows::parse_number(&value)))
    }

    /// The element's number, or one for a new element: past every one that has rows or is about to have some.
    pub(super) fn number_or_next(&self, key: &ElementKey, lives: &Lives) -> Result<Number> {
        if let Some(number) = self.number(key)? {
            return Ok(number);
        }
        let last = self.db.scan_prefix(rows::DATA).keys().next_back().transpose();
        let on_disk = self.sled("read", last)?.and_then(|row| rows::parse(&row).map(|(number, ..)| number));
        let last = lives.values().map(|live| live.number).chain(on_disk).max();
        last.map_or(Some(0), |last| last.checked_add(1))
            .ok_or_else(|| self.damaged("its numbers are used up"))
    }

    /// The journal below `number`. One that contradicts itself is erased: it would do so at every build.
    pub(super) fn journal(&self, number: Number) -> Result<Journal> {
        let mut journal = Journal { number, ..Journal::default() };
        for row in self.db.scan_prefix(rows::element(number)) {
            let (row, value) = self.sled("read", row)?;
            if journal.take(&row, &value).is_none() {
                tracing::warn!(
                    "{}: an element's journal has a hole; its records are forgotten",
                    self.dir.display()
                );
                self.erase(number, None)?;
                return Ok(Journal { number, ..Journal::default() });
            }
        }
        Ok(journal)
    }

    /// Writes the image in place of the journal, in one step.
    pub(super) fn rewrite(&self, key: &ElementKey, number: Number, image: &Image) -> Result<()> {
        let mut batch = Batch::default();
        for row in self.db.scan_prefix(rows::of_kind(number, Kind::Entry)).keys() {
            batch.remove(self.sled("read", row)?);
        }
        let entries = split(image.entry());
        batch.insert(rows::name(key), &number.to_be_bytes());
        batch.insert(rows::header(number), image.counted(entries.len()).encode_to_vec());
        for (position, entry) in entries.iter().enumerate() {
            batch.insert(rows::entry(number, position as u32), entry.encode_to_vec());
        }
        self.apply(batch)
    }

    /// Deletes all rows below `number`; with `name` what leads to it from there, and its quarantine, too.
    pub(super) fn erase(&self, number: Number, name: Option<&ElementKey>) -> Result<()> {
        let mut batch = Batch::default();
        let rows = self.db.scan_prefix(rows::element(number)).keys();
        for row in rows.chain(self.db.scan_prefix(rows::reports(number)).keys()) {
            batch.remove(self.sled("read", row)?);
        }
        if let Some(key) = name {
            batch.remove(rows::name(key));
            self.lift_below(number, &mut batch)?;
        }
        self.sled("write", self.db.apply_batch(batch))
    }

    /// Writes a batch, in one step, if the disk has room for it.
    pub(super) fn apply(&self, batch: Batch) -> Result<()> {
        check_room(&self.dir)?;
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
