//! An element as the planner sees it: its records, and the dependency sets they share.

use std::collections::HashMap;
use std::sync::Arc;

use prost::Message as _;

use super::format::Header;
use super::image::Image;
use super::rows;
use super::table::Table;
use super::{ElementKey, Record, Result, SetId, Store, set};

/// The most inputs, counted over all sets, that one element may hold in memory: 64 MiB of numbers. Ten thousand
/// commands with 500 inputs each need a third of it; only a hostile import comes near.
pub(super) const MOST_INPUTS: usize = 16 << 20;

/// What the store remembers of an element.
#[derive(Clone, Debug)]
pub struct Element {
    /// Its name.
    pub key: ElementKey,
    /// The paths that its sets name by number, templated.
    pub paths: Vec<String>,
    /// The dependency sets: ascending numbers into `paths`.
    pub sets: HashMap<SetId, Arc<[u32]>>,
    /// The records in the order of the last build. Each one's set is in `sets`.
    pub records: Vec<Record>,
    /// How many builds have finished.
    pub builds: u64,
    /// When the last one finished, in seconds since 1970; 0 for never.
    pub last_built: u64,
    /// Records that were passed over because their rows contradict each other.
    pub lost: usize,
}

impl Element {
    /// The paths that `record` read.
    pub fn inputs(&self, record: &Record) -> impl Iterator<Item = &str> {
        let numbers = self.sets.get(&record.set).map_or(&[][..], |set| set);
        numbers.iter().filter_map(|&number| self.paths.get(number as usize)).map(String::as_str)
    }

    /// Checks each set against its identity: a set that names other paths than were read could hide a changed input.
    fn new(key: &ElementKey, image: Image) -> Self {
        let marks: Vec<u128> = image.paths.iter().map(|path| set::mark(path)).collect();
        let mut room = MOST_INPUTS;
        let mut sets = HashMap::with_capacity(image.sets.len());
        for (id, bytes) in image.sets {
            let Some(numbers) = (room > 0).then(|| set::decode(&bytes, image.paths.len())).flatten() else {
                continue;
            };
            if SetId::of(numbers.iter().filter_map(|&n| marks.get(n as usize).copied())) == id {
                room = room.saturating_sub(numbers.len());
                sets.insert(id, Arc::from(numbers));
            }
        }
        let rows = image.records.len();
        let words = Table::from(image.words);
        let mut records: Vec<Record> = image
            .records
            .iter()
            .filter_map(|(id, row)| row.record(*id, &words))
            .filter(|record| sets.contains_key(&record.set))
            .collect();
        records.sort_by_key(|record| (record.order, record.id));
        Self {
            key: key.clone(),
            paths: image.paths,
            sets,
            lost: image.lost + rows - records.len(),
            records,
            builds: image.header.builds,
            last_built: image.header.last_built,
        }
    }
}

/// One line of the list of elements.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Summary {
    /// The element's name.
    pub key: ElementKey,
    /// How many records it has.
    pub commands: u64,
    /// How many different files they read.
    pub inputs: u64,
    /// How many builds have finished.
    pub builds: u64,
    /// When the last one finished, in seconds since 1970; 0 for never.
    pub last_built: u64,
}

impl Store {
    /// Everything that is remembered of an element; nothing if it is unknown.
    pub fn load(&self, key: &ElementKey) -> Result<Element> {
        let _quiet = self.lives();
        let image = self.number(key)?.map_or_else(|| Ok(Image::default()), |number| self.image(number))?;
        Ok(Element::new(key, image))
    }

    /// A summary of every element, by name.
    pub fn elements(&self) -> Result<Vec<Summary>> {
        let mut list = Vec::new();
        for row in self.db.scan_prefix(rows::NAMES) {
            let (name, value) = self.sled("read", row)?;
            let (Some(key), Some(number)) = (rows::parse_name(&name), rows::parse_number(&value)) else {
                continue;
            };
            let header = self.sled("read", self.db.get(rows::header(number)))?.unwrap_or_default();
            let Header { commands, inputs, builds, last_built } =
                Header::decode(header.as_ref()).unwrap_or_default();
            list.push(Summary { key, commands, inputs, builds, last_built });
        }
        Ok(list)
    }

    /// Forgets an element, its sessions too; no error if it is unknown.
    pub fn forget(&self, key: &ElementKey) -> Result<()> {
        let mut lives = self.lives();
        lives.remove(key);
        let Some(number) = self.number(key)? else { return Ok(()) };
        self.erase(number, Some(key))
    }
}
