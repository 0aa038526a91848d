//! Carrying an element between stores: one blob that describes itself.
//!
//! Magic (8 bytes), version (u32 LE), length of the rest (u64 LE), SHA-256 of the rest, then a `format::Parcel`.

use std::collections::HashMap;

use prost::Message as _;
use sha2::{Digest as _, Sha256};

use super::build::finish;
use super::element::MOST_INPUTS;
use super::format::{Entry, Parcel, RecordEntry, RecordRow, SetEntry};
use super::generated::Generated;
use super::image::Image;
use super::table::Table;
use super::weight::weight;
use super::{Build, ElementKey, RecordId, Result, SetId, Store, StoreError, set};
use crate::store::clock::now_ms;
use crate::store::error::{ImportError, VERSION};

const MAGIC: &[u8; 8] = b"spec-cc\x01";
const HEAD: usize = 8 + 4 + 8 + 32;

/// The longest blob that is read: some thirty times an element of ten thousand commands.
const LONGEST: usize = 128 << 20;

/// The most memory that the contents of one may take up, bytes: some ten times those of ten thousand commands. Merging needs as
/// much again.
const HEAVIEST: usize = 192 << 20;

/// The most records and texts that an element grows to by imports: they come one after the other, and from anybody.
const MOST_RECORDS: usize = 250_000;
const MOST_TEXTS: usize = 1 << 20;

impl Store {
    /// The element as one blob, without its sessions and its commands in quarantine; for [`Store::import`] here or elsewhere.
    pub fn export(&self, key: &ElementKey) -> Result<Vec<u8>> {
        self.export_with(key, Image::compact)
    }

    /// The element as it will be if `build` ends as it stands now, as [`Store::export`] gives it. Nothing is changed here.
    pub fn export_after(&self, key: &ElementKey, build: &Build) -> Result<Vec<u8>> {
        self.export_with(key, |image| finish(image, build))
    }

    fn export_with(&self, key: &ElementKey, change: impl FnOnce(&mut Image)) -> Result<Vec<u8>> {
        let lives = self.lives();
        let number = self.number(key)?.ok_or_else(|| StoreError::Unknown(key.clone()))?;
        let mut image = match lives.get(key) {
            Some(journal) => journal.image.clone(),
            None => self.journal(number)?.image,
        };
        drop(lives);
        change(&mut image);
        let quarantined = self.quarantined_below(number)?;
        if !quarantined.is_empty() {
            image.records.retain(|id, _| !quarantined.iter().any(|found| found.records.contains(id)));
            image.compact();
        }
        let (project, element) = (key.project.clone(), key.element.clone());
        let parcel =
            Parcel { project, element, header: Some(image.counted(0)), contents: Some(image.entry()) };
        Ok(seal(&parcel.encode_to_vec()))
    }

    /// Merges an exported element into the one of its name, or of the name `rename`; gives that name. Of two records
    /// with one id the one written later stays. On any error nothing is changed.
    pub fn import(&self, bytes: &[u8], rename: Option<ElementKey>) -> Result<ElementKey> {
        let parcel = open(unseal(bytes)?)?;
        let key = rename.unwrap_or_else(|| ElementKey::new(&*parcel.project, &*parcel.element));
        if key.to_string().parse().as_ref() != Ok(&key) || key.to_string().contains('\0') {
            return Err(ImportError::Contents("the element has no proper name").into());
        }
        let mut lives = self.lives();
        let number = self.number_or_next(&key, &lives)?;
        let journal = self.journal(number)?;
        let merged = merge(journal.image, parcel)?;
        lives.remove(&key);
        self.rewrite(&key, number, &merged)?;
        Ok(key)
    }
}

fn seal(body: &[u8]) -> Vec<u8> {
    let length = (body.len() as u64).to_le_bytes();
    [MAGIC, &VERSION.to_le_bytes()[..], &length, &Sha256::digest(body), body].concat()
}

fn unseal(bytes: &[u8]) -> std::result::Result<&[u8], ImportError> {
    let found = bytes.len() as u64;
    let rest = bytes.strip_prefix(MAGIC).ok_or(ImportError::Magic)?;
    let cut = ImportError::Length { expected: HEAD as u64, found };
    let (version, rest) = rest.split_first_chunk().ok_or_else(|| cut.clone())?;
    let version = u32::from_le_bytes(*version);
    if version > VERSION {
        return Err(ImportError::Newer { found: version });
    }
    let (length, rest) = rest.split_first_chunk().ok_or_else(|| cut.clone())?;
    let (sum, body) = rest.split_first_chunk::<32>().ok_or(cut)?;
    let expected = u64::from_le_bytes(*length);
    if expected != body.len() as u64 {
        return Err(ImportError::Length { expected: expected.saturating_add(HEAD as u64), found });
    }
    if body.len() > LONGEST {
        return Err(ImportError::TooLarge(found));
    }
    if Sha256::digest(body)[..] != sum[..] {
        return Err(ImportError::Checksum);
    }
    Ok(body)
}

/// Decodes a parcel that is not too much for this machine.
fn open(body: &[u8]) -> std::result::Result<Parcel, ImportError> {
    match weight(body) {
        heavy if heavy > HEAVIEST => Err(ImportError::TooHeavy(heavy)),
        _ => Parcel::decode(body).map_err(|_| ImportError::Contents("not a parcel")),
    }
}

/// `old` with the records of `parcel` that are new or newer, and what they need.
fn merge(mut image: Image, parcel: Parcel) -> std::result::Result<Image, ImportError> {
    if let Some(theirs) = &parcel.header {
        image.header.builds = image.header.builds.max(theirs.builds);
        image.header.last_built = image.header.last_built.max(theirs.last_built.min(now_ms() / 1000));
    }
    let contents = parcel.contents.unwrap_or_default();
    let sets = merge_sets(&contents, &mut image)?;
    let words = intern_all(&mut image.words, &contents.words)?;
    for RecordEntry { id, row } in contents.records {
        let id = id.try_into().map(RecordId).map_err(|_| ImportError::Contents("a record's identity"))?;
        let row = row.ok_or(ImportError::Contents("a record without a command"))?;
        let row = translate(row, &words, &sets)?;
        if row.record(id, &image.words).is_none() {
            return Err(ImportError::Contents("a record's fields"));
        }
        if image.records.get(&id).is_none_or(|ours| ours.written_ms < row.written_ms) {
            image.records.insert(id, row);
        }
    }
    for entry in contents.generated {
        if let Some(made) = Generated::from_entry(&entry) {
            image.generated.entry(entry.path).or_insert(made);
        }
    }
    image.compact();
    if image.records.len() > MOST_RECORDS || image.paths.len() + image.words.len() > MOST_TEXTS {
        return Err(ImportError::Contents("more commands than an element has"));
    }
    Ok(image)
}

/// Adds the parcel's sets to the image; gives the identity here of each identity there. The identity is computed from the
/// paths: what the parcel claims is only a name within the parcel.
fn merge_sets(
    contents: &Entry,
    image: &mut Image,
) -> std::result::Result<HashMap<Vec<u8>, SetId>, ImportError> {
    let moved = intern_all(&mut image.paths, &contents.paths)?;
    let mut room = MOST_INPUTS;
    let mut ids = HashMap::new();
    for SetEntry { id, numbers } in &contents.sets {
        let numbers =
            set::decode(numbers, moved.len()).ok_or(ImportError::Contents("a dependency set's numbers"))?;
        room = room.checked_sub(numbers.len()).ok_or(ImportError::Contents("too many inputs"))?;
        let mut ours: Vec<u32> = numbers.iter().filter_map(|&n| moved.get(n as usize).copied()).collect();
        ours.sort_unstable();
        ours.dedup();
        let ours_id = SetId::of(ours.iter().map(|&number| image.paths.mark(number)));
        image.sets.entry(ours_id).or_insert_with(|| set::encode(&ours));
        ids.insert(id.clone(), ours_id);
    }
    Ok(ids)
}

fn intern_all(table: &mut Table, texts: &[String]) -> std::result::Result<Vec<u32>, ImportError> {
    texts
        .iter()
        .map(|text| table.intern(text))
        .collect::<Option<_>>()
        .ok_or(ImportError::Contents("too many strings"))
}

fn translate(
    mut row: RecordRow,
    words: &[u32],
    sets: &HashMap<Vec<u8>, SetId>,
) -> std::result::Result<RecordRow, ImportError> {
    for number in row.words_mut() {
        *number = *words.get(*number as usize).ok_or(ImportError::Contents("a word that is not there"))?;
    }
    let set = sets.get(&row.set).ok_or(ImportError::Contents("a dependency set that is not there"))?;
    row.set = set.0.to_vec();
    // A clock that runs ahead elsewhere must not keep our own later records out.
    row.written_ms = row.written_ms.min(now_ms());
    Ok(row)
}
