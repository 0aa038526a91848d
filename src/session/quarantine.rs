//! What is in quarantine: commands that are to be had from their compilers alone, and results that are not to be given out.

use std::collections::{HashMap, HashSet};

use parking_lot::{Mutex, MutexGuard};

use crate::base::digest::Digest;
use crate::cache::bars::Bars;
use crate::store::{ElementKey, Quarantined, RecordId, Store, StoreError};

/// What the store keeps of it, in memory for each command that a build asks for; where there is no store, until the companion ends.
#[derive(Debug, Default)]
pub(crate) struct Quarantine(Mutex<HashMap<ElementKey, Vec<Quarantined>>>);

impl Quarantine {
    /// Takes over what the store keeps.
    pub(super) fn load(store: &Store, bars: &Bars) -> Result<Self, StoreError> {
        let mut held = HashMap::new();
        for element in store.elements()? {
            let found = store.quarantined(&element.key)?;
            if !found.is_empty() {
                held.insert(element.key, found);
            }
        }
        let quarantine = Self(Mutex::new(held));
        quarantine.bar(bars);
        Ok(quarantine)
    }

    /// Whether one of these records of an element is in quarantine.
    pub(crate) fn holds(&self, key: &ElementKey, records: &[RecordId]) -> bool {
        let held = self.held();
        let mut found = held.get(key).into_iter().flatten().flat_map(|found| &found.records);
        found.any(|held| records.contains(held))
    }

    /// Adds a command of an element, in place of what was said of it before.
    pub(crate) fn add(&self, bars: &Bars, key: &ElementKey, found: Quarantined) {
        let mut held = self.held();
        let of_element = held.entry(key.clone()).or_default();
        of_element.retain(|other| other.records.first() != found.records.first());
        of_element.push(found);
        drop(held);
        self.bar(bars);
    }

    /// Lets all commands of an element out.
    pub(crate) fn lift(&self, bars: &Bars, key: &ElementKey) {
        self.held().remove(key);
        self.bar(bars);
    }

    /// The commands of an element that are in it.
    pub(crate) fn of(&self, key: &ElementKey) -> Vec<Quarantined> {
        self.held().get(key).cloned().unwrap_or_default()
    }

    /// How many are in it, of an element or of all.
    pub(crate) fn count(&self, key: Option<&ElementKey>) -> usize {
        let held = self.held();
        held.iter().filter(|(of, _)| key.is_none_or(|key| key == *of)).map(|(_, found)| found.len()).sum()
    }

    fn bar(&self, bars: &Bars) {
        let held = self.held();
        let keys = held.values().flatten().flat_map(|found| &found.keys);
        bars.set(keys.filter_map(|key| key.parse::<Digest>().ok()).collect::<HashSet<_>>());
    }

    fn held(&self) -> MutexGuard<'_, HashMap<ElementKey, Vec<Quarantined>>> {
        self.0.lock()
    }
}
