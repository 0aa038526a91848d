//! An element's journal, as it is played back and appended to.

use std::collections::HashMap;

use prost::Message as _;
use sled::Batch;

use super::ElementKey;
use super::format::{Entry, Header};
use super::image::{Image, split};
use super::rows::{self, Kind, Number};

/// An element's journal, played back, and where it goes on.
#[derive(Default, Debug)]
pub(super) struct Journal {
    pub number: Number,
    /// The position of the next entry.
    pub next: u32,
    pub image: Image,
}

/// The journals that are held in memory, because something was written to them.
pub(super) type Lives = HashMap<ElementKey, Journal>;

impl Journal {
    /// Takes in one row; `None` if it does not follow the ones before.
    pub(super) fn take(&mut self, row: &[u8], value: &[u8]) -> Option<()> {
        let (_, kind, rest) = rows::parse(row)?;
        match kind {
            Kind::Header => self.image.header = Header::decode(value).ok()?,
            Kind::Entry => {
                (rows::parse_number(rest)? == self.next).then_some(())?;
                self.image.play(Entry::decode(value).ok()?)?;
                self.next = self.next.checked_add(1)?;
            }
            Kind::Session => {}
        }
        Some(())
    }

    /// The rows that append `entry`.
    pub(super) fn append(&mut self, key: &ElementKey, entry: Entry, batch: &mut Batch) {
        if self.next == 0 {
            batch.insert(rows::name(key), &self.number.to_be_bytes());
        }
        for part in split(entry) {
            batch.insert(rows::entry(self.number, self.next), part.encode_to_vec());
            self.next += 1;
        }
    }
}
