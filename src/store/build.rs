//! The end of a build: what it adds to its element, what was not asked for grows old, what grew too old goes.

use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};

use super::format::RecordRow;
use super::image::Image;
use super::{ElementKey, Made, Record, RecordId, Result, Store, Use, generated, write};
use crate::store::clock::now_ms;

/// Complete builds in a row that a command may be missing from. A configure check or a test program that only every
/// other build runs must not be forgotten in between; one that was removed should not be launched for long.
const UNSEEN_BUILDS: u32 = 5;

/// Superseded commands that are kept of what makes one thing, beside those that builds ask for.
const MOST_SUPERSEDED: usize = 3;

/// What a build adds to what is remembered of its element.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Build {
    /// Commands that read other files than before, and those, templated.
    pub rescanned: Vec<(Record, Vec<String>)>,
    /// What is added to the records' counters.
    pub uses: Vec<(RecordId, Use)>,
    /// The files that it made.
    pub made: Vec<Made>,
    /// The records that it asked for.
    pub seen: HashSet<RecordId>,
    /// Whether it counts against records that it did not ask for.
    pub complete: bool,
}

impl Store {
    /// Ends a build of the element. One that is `complete` also ages the records that it did not ask for, and those that five
    /// complete builds in a row did not ask for go, with the sets and paths only they used.
    pub fn finish_build(&self, key: &ElementKey, build: &Build) -> Result<()> {
        let mut lives = self.lives();
        let number = self.number_or_next(key, &lives)?;
        let mut image = match lives.remove(key) {
            Some(journal) => journal.image,
            None => self.journal(number)?.image,
        };
        finish(&mut image, build);
        self.rewrite(key, number, &image)
    }
}

/// Adds a build to an element's image.
pub(super) fn finish(image: &mut Image, build: &Build) {
    for (record, inputs) in &build.rescanned {
        // Full tables: then the record stays as it was.
        let _ = write::stage(image, record, inputs);
    }
    for (id, used) in &build.uses {
        if let Some(row) = image.records.get_mut(id) {
            write::add(row, used);
        }
    }
    for made in &build.made {
        generated::stage(image, made);
    }
    image.header.builds += 1;
    image.header.last_built = now_ms() / 1000;
    supersede(image, build);
    age(image, build);
    image.compact();
    if build.complete {
        image.keep_generated(&build.made.iter().map(|made| made.path.as_str()).collect());
    }
}

/// A superseded command that the build has asked for is back, in the place of those that make the same.
fn supersede(image: &mut Image, build: &Build) {
    let first = |id: &RecordId, row: &RecordRow| row.first().unwrap_or(*id);
    let back: HashSet<RecordId> = image
        .records
        .iter()
        .filter(|(id, row)| row.superseded && build.seen.contains(id))
        .map(|(id, row)| first(id, row))
        .collect();
    let mut superseded: HashMap<RecordId, Vec<(Reverse<u64>, RecordId)>> = HashMap::new();
    for (id, row) in &mut image.records {
        if build.seen.contains(id) {
            row.superseded = false;
        } else if build.complete && back.contains(&first(id, row)) {
            row.superseded = true;
        }
        if row.superseded {
            superseded.entry(first(id, row)).or_default().push((Reverse(row.written_ms), *id));
        }
    }
    for mut ids in superseded.into_values() {
        ids.sort_unstable();
        for (_, id) in ids.into_iter().skip(MOST_SUPERSEDED) {
            image.records.remove(&id);
        }
    }
}

/// Counts a build for and against the records.
fn age(image: &mut Image, build: &Build) {
    for (id, row) in &mut image.records {
        if build.seen.contains(id) {
            row.unseen_builds = 0;
        } else if build.complete {
            row.unseen_builds = row.unseen_builds.saturating_add(1);
        }
    }
    image.records.retain(|_, row| row.unseen_builds < UNSEEN_BUILDS);
}
