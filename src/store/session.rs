//! Sessions' rows: what each build of an element gained, as its owner writes it down.

use serde::Serialize;
use serde::de::DeserializeOwned;
use sled::Batch;

use super::rows::{self, Kind};
use super::{ElementKey, Result, Store};
use crate::store::clock::now_ns;

/// Sessions kept of one element.
const SESSIONS: usize = 50;

impl Store {
    /// Keeps `row` as the latest session of the element, and the 49 before it.
    pub fn put_session<T: Serialize>(&self, key: &ElementKey, row: &T) -> Result<()> {
        let value = serde_json::to_vec(row)?;
        let lives = self.lives();
        let mut batch = Batch::default();
        let number = self.number_or_next(key, &lives)?;
        let times = self.session_times(number)?;
        // A clock set back must not put a session before an earlier one.
        let time = times.last().map_or(0, |&last| last.saturating_add(1)).max(now_ns());
        batch.insert(rows::name(key), &number.to_be_bytes());
        batch.insert(rows::session(number, time), value);
        for &old in times.iter().rev().skip(SESSIONS - 1) {
            batch.remove(rows::session(number, old));
        }
        self.apply(batch)
    }

    /// The sessions of one element or of all, oldest first. Rows that are no `T` are passed over.
    pub fn sessions<T: DeserializeOwned>(&self, key: Option<&ElementKey>) -> Result<Vec<(ElementKey, T)>> {
        let keys = match key {
            Some(key) => vec![key.clone()],
            None => self.elements()?.into_iter().map(|summary| summary.key).collect(),
        };
        let mut list = Vec::new();
        for key in keys {
            let Some(number) = self.number(&key)? else { continue };
            for row in self.db.scan_prefix(rows::of_kind(number, Kind::Session)) {
                let (name, value) = self.sled("read", row)?;
                if let (Some(time), Ok(session)) = (session_time(&name), serde_json::from_slice(&value)) {
                    list.push((time, key.clone(), session));
                }
            }
        }
        list.sort_by_key(|(time, ..)| *time);
        Ok(list.into_iter().map(|(_, key, session)| (key, session)).collect())
    }

    /// Has statistics begin behind the session `id`.
    pub fn zero(&self, id: u64) -> Result<()> {
        let mut batch = Batch::default();
        batch.insert(rows::ZERO, &id.to_be_bytes());
        self.apply(batch)
    }

    /// The last session that statistics do not count; 0 when they count all.
    pub fn zeroed(&self) -> Result<u64> {
        let value = self.sled("read", self.db.get(rows::ZERO))?;
        Ok(value.and_then(|value| Some(u64::from_be_bytes((*value).try_into().ok()?))).unwrap_or(0))
    }

    /// Its bytes on the disk.
    pub fn size(&self) -> Result<u64> {
        self.sled("measure", self.db.size_on_disk())
    }

    fn session_times(&self, number: rows::Number) -> Result<Vec<u64>> {
        let mut times = Vec::new();
        for name in self.db.scan_prefix(rows::of_kind(number, Kind::Session)).keys() {
            times.extend(session_time(&self.sled("read", name)?));
        }
        Ok(times)
    }
}

fn session_time(row: &[u8]) -> Option<u64> {
    let (_, _, rest) = rows::parse(row)?;
    Some(u64::from_be_bytes(rest.try_into().ok()?))
}
