//! The end of a build: what was not asked for grows old, what grew too old goes.

use std::collections::HashSet;

use prost::Message as _;
use sled::Batch;

use super::image::{Image, now_ms};
use super::rows::{self, Number};
use super::{ElementKey, RecordId, Result, SetId, Store};

/// Complete builds in a row that a command may be missing from. A configure check or a test program that only every
/// other build runs must not be forgotten in between; one that was removed should not be launched for long.
const UNSEEN_BUILDS: u32 = 5;

/// An element is written anew when more than one in this many of its strings is out of use: that costs as much as writing
/// it first.
const WASTE_SHARE: usize = 4;

impl Store {
    /// Ends a build of the element that asked for the records in `seen`. A `complete` build also ages the others, and
    /// those that five complete builds in a row did not ask for go, with the sets and paths only they used.
    pub fn finish_build(&self, key: &ElementKey, seen: &HashSet<RecordId>, complete: bool) -> Result<()> {
        let mut lives = self.lives();
        lives.remove(key);
        let number = match self.number(key)? {
            Some(number) => number,
            None => self.next_number(&lives)?,
        };
        let old = self.image(number)?;
        let mut new = Image { lost: 0, ..old.clone() };
        new.header.builds += 1;
        new.header.last_built = now_ms() / 1000;
        age(&mut new, seen, complete);
        new.drop_unused_sets();
        let mut small = new.clone();
        small.compact();
        if worth_it(&new, &small) {
            self.replace(key, number, &small)
        } else {
            self.apply(difference(key, number, &old, &new))
        }
    }
}

/// Counts a build for and against the records.
fn age(image: &mut Image, seen: &HashSet<RecordId>, complete: bool) {
    for (id, row) in &mut image.records {
        if seen.contains(id) {
            row.unseen_builds = 0;
        } else if complete {
            row.unseen_builds = row.unseen_builds.saturating_add(1);
        }
    }
    image.records.retain(|_, row| row.unseen_builds < UNSEEN_BUILDS);
}

fn worth_it(image: &Image, small: &Image) -> bool {
    let wasteful = |all: usize, used: usize| (all - used) * WASTE_SHARE > all;
    wasteful(image.paths.len(), small.paths.len()) || wasteful(image.words.len(), small.words.len())
}

/// The rows that turn `old` into `new`, which has the same tables.
fn difference(key: &ElementKey, number: Number, old: &Image, new: &Image) -> Batch {
    let mut batch = Batch::default();
    batch.insert(rows::name(key), &number.to_be_bytes());
    batch.insert(rows::header(number), new.counted().encode_to_vec());
    for (id, row) in &old.records {
        match new.records.get(id) {
            None => batch.remove(rows::record(number, *id)),
            Some(kept) if kept != row => batch.insert(rows::record(number, *id), kept.encode_to_vec()),
            Some(_) => {}
        }
    }
    let gone = |id: &&SetId| !new.sets.contains_key(id);
    old.sets.keys().filter(gone).for_each(|id| batch.remove(rows::set(number, *id)));
    batch
}
