//! Reports: what the last sessions of an element say of each command, as their owner writes it down.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sled::Batch;

use super::{ElementKey, Result, Store, StoreError, rows};

/// Reports kept of one element.
const REPORTS: usize = 10;

/// Names repeat in a report, and what costs more time gains little (zstd's levels).
const COMPRESSION: i32 = 3;

impl Store {
    /// Keeps `report` as that of the element's session `id`, and those of the nine sessions before it.
    pub fn put_report<T: Serialize>(&self, key: &ElementKey, id: u64, report: &T) -> Result<()> {
        let json = serde_json::to_vec(report)?;
        let value = zstd::encode_all(&*json, COMPRESSION);
        let value = value.map_err(StoreError::io(&self.dir, "compress a report"))?;
        let lives = self.lives();
        let number = self.number_or_next(key, &lives)?;
        let mut batch = Batch::default();
        batch.insert(rows::name(key), &number.to_be_bytes());
        let own = rows::report(number, id);
        let kept = self.db.scan_prefix(rows::reports(number)).keys();
        let mut kept = kept.map(|row| self.sled("read", row)).collect::<Result<Vec<_>>>()?;
        kept.retain(|row| **row != *own);
        for old in kept.into_iter().rev().skip(REPORTS - 1) {
            batch.remove(old);
        }
        batch.insert(own, value);
        self.apply(batch)
    }

    /// The report of the element's session `id`, or of its last one; `None` when there is none, or none that is a `T`.
    pub fn report<T: DeserializeOwned>(&self, key: &ElementKey, id: Option<u64>) -> Result<Option<T>> {
        let Some(number) = self.number(key)? else { return Ok(None) };
        let value = if let Some(id) = id {
            self.sled("read", self.db.get(rows::report(number, id)))?
        } else {
            let last = self.db.scan_prefix(rows::reports(number)).next_back();
            self.sled("read", last.transpose())?.map(|(_, value)| value)
        };
        let json = value.and_then(|value| zstd::decode_all(&*value).ok());
        Ok(json.and_then(|json| serde_json::from_slice(&json).ok()))
    }
}
