//! The end of a build: what was not asked for grows old, what grew too old goes.

use std::collections::HashSet;

use super::image::Image;
use super::journal::now_ms;
use super::{ElementKey, RecordId, Result, Store};

/// Complete builds in a row that a command may be missing from. A configure check or a test program that only every
/// other build runs must not be forgotten in between; one that was removed should not be launched for long.
const UNSEEN_BUILDS: u32 = 5;

impl Store {
    /// Ends a build of the element that asked for the records in `seen`. A `complete` build also ages the others, and
    /// those that five complete builds in a row did not ask for go, with the sets and paths only they used.
    pub fn finish_build(&self, key: &ElementKey, seen: &HashSet<RecordId>, complete: bool) -> Result<()> {
        let mut lives = self.lives();
        let number = self.number_or_next(key, &lives)?;
        let mut image = match lives.remove(key) {
            Some(journal) => journal.image,
            None => self.journal(number)?.image,
        };
        image.header.builds += 1;
        image.header.last_built = now_ms() / 1000;
        age(&mut image, seen, complete);
        image.compact();
        self.rewrite(key, number, &image)
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
