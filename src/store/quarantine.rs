//! Quarantine: the commands of an element that a verified run has shown to make something else than was to be served.

use prost::Message as _;
use serde::{Deserialize, Serialize};
use sled::Batch;

use super::{ElementKey, RecordId, Result, Store, rows};

/// A command whose results are not to be had from anywhere but its compiler.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Quarantined {
    /// The names of its record: the one by what it makes, and its own.
    pub records: Vec<RecordId>,
    /// Under what the result was found, as [`Digest`](crate::base::digest::Digest) writes itself.
    pub keys: Vec<String>,
    /// Its first output, relative to the project root.
    pub output: String,
    /// How what the compiler left differs from what was to be served.
    pub differs: Vec<String>,
    /// Which input was not seen, as far as that can be told.
    pub cause: String,
    /// When, in seconds since 1970.
    pub since: u64,
}

impl Store {
    /// Puts a command of the element into quarantine, in place of what was said of it before. On disk when it returns.
    pub fn quarantine(&self, key: &ElementKey, found: &Quarantined) -> Result<()> {
        let value = serde_json::to_vec(found)?;
        let lives = self.lives();
        let number = self.number_or_next(key, &lives)?;
        let mut batch = Batch::default();
        batch.insert(rows::name(key), &number.to_be_bytes());
        if !self.sled("read", self.db.contains_key(rows::header(number)))? {
            // So that the number is taken, be there no record.
            batch.insert(rows::header(number), super::format::Header::default().encode_to_vec());
        }
        batch.insert(rows::quarantined(number, found.records.first().copied().unwrap_or_default()), value);
        self.apply(batch)?;
        drop(lives);
        self.flush()
    }

    /// The element's commands that are in quarantine. Rows that make no sense are passed over.
    pub fn quarantined(&self, key: &ElementKey) -> Result<Vec<Quarantined>> {
        match self.number(key)? {
            Some(number) => self.quarantined_below(number),
            None => Ok(Vec::new()),
        }
    }

    /// Lets all commands of the element out of quarantine.
    pub fn lift(&self, key: &ElementKey) -> Result<()> {
        let _quiet = self.lives();
        let Some(number) = self.number(key)? else { return Ok(()) };
        let mut batch = Batch::default();
        self.lift_below(number, &mut batch)?;
        self.apply(batch)?;
        self.flush()
    }

    /// Adds to a batch what removes the rows of an element's quarantine.
    pub(super) fn lift_below(&self, number: rows::Number, batch: &mut Batch) -> Result<()> {
        for row in self.db.scan_prefix(rows::quarantine(number)).keys() {
            batch.remove(self.sled("read", row)?);
        }
        Ok(())
    }

    /// The commands in quarantine of the element with this number.
    pub(super) fn quarantined_below(&self, number: rows::Number) -> Result<Vec<Quarantined>> {
        let mut found = Vec::new();
        for value in self.db.scan_prefix(rows::quarantine(number)).values() {
            found.extend(serde_json::from_slice(&self.sled("read", value)?).ok());
        }
        Ok(found)
    }
}
