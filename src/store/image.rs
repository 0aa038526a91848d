//! An element's journal played back: all of its tables, sets and records.

use std::collections::{BTreeMap, HashMap, HashSet};

use super::format::{Entry, Header, RecordEntry, RecordRow, SetEntry};
use super::generated::Generated;
use super::table::Table;
use super::{RecordId, SetId, set};

/// About how many bytes of a rewritten journal share a row. sled keeps sixteen rows a page and moves a page beyond a
/// quarter of `disk::SEGMENT` to a file of its own.
const ENTRY_BYTES: usize = 2 << 10;

/// What an element's entries add up to.
#[derive(Clone, Default, Debug)]
pub(super) struct Image {
    pub header: Header,
    pub paths: Table,
    pub words: Table,
    pub sets: HashMap<SetId, Vec<u8>>,
    pub records: BTreeMap<RecordId, RecordRow>,
    pub generated: BTreeMap<String, Generated>,
    /// Sets and records that made no sense and were passed over.
    pub lost: usize,
}

impl Image {
    /// Adds an entry; `None` if it does not follow the ones before, and then nothing after it can be trusted either.
    pub(super) fn play(&mut self, entry: Entry) -> Option<()> {
        self.paths.extend(entry.first_path, entry.paths)?;
        self.words.extend(entry.first_word, entry.words)?;
        for SetEntry { id, numbers } in entry.sets {
            match id.try_into() {
                Ok(id) => drop(self.sets.insert(SetId(id), numbers)),
                Err(_) => self.lost += 1,
            }
        }
        for RecordEntry { id, row } in entry.records {
            match (id.try_into(), row) {
                (Ok(id), Some(row)) => drop(self.records.insert(RecordId(id), row)),
                _ => self.lost += 1,
            }
        }
        for entry in entry.generated {
            match Generated::from_entry(&entry) {
                Some(made) => drop(self.generated.insert(entry.path, made)),
                None => self.lost += 1,
            }
        }
        Some(())
    }

    /// Drops the records and sets that are not whole, the sets that no record names, and the strings that nothing names.
    pub(super) fn compact(&mut self) {
        self.records.retain(|_, row| row.is_whole(&self.words));
        let used: HashSet<SetId> = self.records.values().filter_map(RecordRow::set_id).collect();
        let sets: Vec<(SetId, Vec<u32>)> =
            used.into_iter().filter_map(|id| Some((id, self.set(id)?))).collect();
        let moved = self.paths.keep(sets.iter().flat_map(|(_, numbers)| numbers.iter().copied()));
        let renumber =
            |numbers: &[u32]| -> Vec<u32> { numbers.iter().filter_map(|&n| look_up(&moved, n)).collect() };
        self.sets = sets.iter().map(|(id, numbers)| (*id, set::encode(&renumber(numbers)))).collect();
        self.records.retain(|_, row| row.set_id().is_some_and(|id| self.sets.contains_key(&id)));

        let moved = self.words.keep(self.records.values().flat_map(RecordRow::words));
        for number in self.records.values_mut().flat_map(RecordRow::words_mut) {
            *number = look_up(&moved, *number).unwrap_or(u32::MAX);
        }
    }

    /// Drops the generated files that no set has and that are not among those of these paths: a command may find one that it does
    /// not read.
    pub(super) fn keep_generated(&mut self, made: &HashSet<&str>) {
        let read: HashSet<&str> = (0..self.paths.len() as u32).filter_map(|n| self.paths.get(n)).collect();
        self.generated.retain(|path, _| read.contains(path.as_str()) || made.contains(path.as_str()));
    }

    /// The path numbers of a set; `None` if they are not those of the paths that its identity says: such a set could hide a
    /// changed input.
    pub(super) fn set(&self, id: SetId) -> Option<Vec<u32>> {
        let numbers = set::decode(self.sets.get(&id)?, self.paths.len())?;
        let found = SetId::of(numbers.iter().map(|&number| self.paths.mark(number)));
        (found == id).then_some(numbers)
    }

    /// The header with this image's counts, for a journal of `entries` entries.
    pub(super) fn counted(&self, entries: usize) -> Header {
        Header {
            commands: self.records.values().filter(|row| !row.superseded).count() as u64,
            inputs: self.paths.len() as u64,
            entries: entries as u32,
            ..self.header
        }
    }

    /// All of this image as one entry. Sorted, so that the same image always gives the same bytes.
    pub(super) fn entry(&self) -> Entry {
        let set =
            |(id, numbers): (&SetId, &Vec<u8>)| SetEntry { id: id.0.to_vec(), numbers: numbers.clone() };
        let mut sets: Vec<SetEntry> = self.sets.iter().map(set).collect();
        sets.sort_unstable_by(|a, b| a.id.cmp(&b.id));
        let records = self.records.iter();
        Entry {
            paths: self.paths.since(0),
            words: self.words.since(0),
            sets,
            records: records
                .map(|(id, row)| RecordEntry { id: id.0.to_vec(), row: Some(row.clone()) })
                .collect(),
            generated: self.generated.iter().map(|(path, made)| made.entry(path)).collect(),
            ..Entry::default()
        }
    }
}

/// `entry` as several of a size that suits sled.
pub(super) fn split(entry: Entry) -> Vec<Entry> {
    let mut parts = Parts::default();
    let (mut first_path, mut first_word) = (entry.first_path, entry.first_word);
    for path in entry.paths {
        let part = parts.room_for(path.len());
        if part.paths.is_empty() {
            part.first_path = first_path;
        }
        part.paths.push(path);
        first_path += 1;
    }
    for word in entry.words {
        let part = parts.room_for(word.len());
        if part.words.is_empty() {
            part.first_word = first_word;
        }
        part.words.push(word);
        first_word += 1;
    }
    for set in entry.sets {
        parts.room_for(set.numbers.len() + set.id.len()).sets.push(set);
    }
    for record in entry.records {
        parts.room_for(prost::Message::encoded_len(&record)).records.push(record);
    }
    for made in entry.generated {
        parts.room_for(prost::Message::encoded_len(&made)).generated.push(made);
    }
    parts.entries
}

#[derive(Default)]
struct Parts {
    entries: Vec<Entry>,
    /// Bytes left in the last entry.
    room: usize,
}

impl Parts {
    fn room_for(&mut self, bytes: usize) -> &mut Entry {
        if self.room < bytes || self.entries.is_empty() {
            self.entries.push(Entry::default());
            self.room = ENTRY_BYTES;
        }
        self.room = self.room.saturating_sub(bytes);
        let last = self.entries.len() - 1;
        &mut self.entries[last]
    }
}

fn look_up(moved: &[Option<u32>], number: u32) -> Option<u32> {
    moved.get(number as usize).copied().flatten()
}
