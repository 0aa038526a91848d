//! Reports: what the last session of an element says of each command, as its owner writes it down.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sled::Batch;

use super::{ElementKey, Result, Store, rows};

impl Store {
    /// Keeps `report` in place of the element's last one.
    pub fn put_report<T: Serialize>(&self, key: &ElementKey, report: &T) -> Result<()> {
        let value = serde_json::to_vec(report)?;
        let lives = self.lives();
        let number = self.number_or_next(key, &lives)?;
        let mut batch = Batch::default();
        batch.insert(rows::name(key), &number.to_be_bytes());
        batch.insert(rows::report(number), value);
        self.apply(batch)
    }

    /// The element's last report; `None` when there is none, or none that is a `T`.
    pub fn report<T: DeserializeOwned>(&self, key: &ElementKey) -> Result<Option<T>> {
        let Some(number) = self.number(key)? else { return Ok(None) };
        let value = self.sled("read", self.db.get(rows::report(number)))?;
        Ok(value.and_then(|value| serde_json::from_slice(&value).ok()))
    }
}
