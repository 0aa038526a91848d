//! An element as the planner sees it: its records, and the dependency sets they share.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use prost::Message as _;

use super::format::Header;
use super::image::Image;
use super::{ElementKey, Generated, Record, Result, SetId, Store, rows};

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
    /// The files that its builds make and its commands read, by templated path.
    pub generated: BTreeMap<String, Generated>,
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

    fn new(key: &ElementKey, image: &Image) -> Self {
        let mut room = MOST_INPUTS;
        let mut sets = HashMap::with_capacity(image.sets.len());
        for id in image.sets.keys() {
            if let Some(numbers) = (room > 0).then(|| image.set(*id)).flatten() {
                room = room.saturating_sub(numbers.len());
                sets.insert(*id, Arc::from(numbers));
            }
        }
        let records = image.records.iter().filter_map(|(id, row)| row.record(*id, &image.words));
        let mut records: Vec<Record> = records.filter(|record| sets.contains_key(&record.set)).collect();
        records.sort_by_key(|record| (record.order, record.id));
        Self {
            key: key.clone(),
            paths: image.paths.since(0),
            sets,
            lost: image.lost + image.records.len() - records.len(),
            records,
            generated: image.generated.clone(),
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
    /// How many records it has, less those that are superseded.
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
        let lives = self.lives();
        if let Some(journal) = lives.get(key) {
            return Ok(Element::new(key, &journal.image));
        }
        let journal = self.number(key)?.map(|number| self.journal(number)).transpose()?;
        Ok(Element::new(key, &journal.unwrap_or_default().image))
    }

    /// A summary of every element, by name.
    pub fn elements(&self) -> Result<Vec<Summary>> {
        let _quiet = self.lives();
        let mut list = Vec::new();
        for row in self.db.scan_prefix(rows::NAMES) {
            let (name, value) = self.sled("read", row)?;
            let (Some(key), Some(number)) = (rows::parse_name(&name), rows::parse_number(&value)) else {
                continue;
            };
            let Header { commands, inputs, builds, last_built, .. } = self.header(number)?;
            list.push(Summary { key, commands, inputs, builds, last_built });
        }
        Ok(list)
    }

    /// The element's header; with counts of its own if its build has not ended.
    fn header(&self, number: rows::Number) -> Result<Header> {
        let row = self.sled("read", self.db.get(rows::header(number)))?.unwrap_or_default();
        let header = Header::decode(row.as_ref()).unwrap_or_default();
        let further = self.sled("read", self.db.contains_key(rows::entry(number, header.entries)))?;
        if !further {
            return Ok(header);
        }
        let journal = self.journal(number)?;
        Ok(journal.image.counted(journal.next as usize))
    }

    /// Forgets an element, its sessions too; no error if it is unknown.
    pub fn forget(&self, key: &ElementKey) -> Result<()> {
        let mut lives = self.lives();
        lives.remove(key);
        let Some(number) = self.number(key)? else { return Ok(()) };
        self.erase(number, Some(key))
    }
}
