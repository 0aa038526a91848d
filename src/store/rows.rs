//! The keys of the rows: how an element's rows hang together in sled's one tree.
//!
//! | key | value |
//! | --- | --- |
//! | `a` | the schema, 4 bytes: there from the beginning, so its absence shows that sled lost its log |
//! | `e` project NUL element | the element's number, 4 bytes |
//! | `d` number `h` | `format::Header` |
//! | `d` number `p` first | `format::Chunk`: paths from number `first` on |
//! | `d` number `r` record id | `format::RecordRow` |
//! | `d` number `s` set id | `set::encode`d path numbers |
//! | `d` number `w` first | `format::Chunk`: words (arguments and the like) from number `first` on |
//! | `d` number `y` time | a session's row, JSON |
//!
//! Numbers are big-endian, so that sled keeps them in order.

use super::{ElementKey, RecordId, SetId};

/// An element's number: the prefix of all its rows.
pub(super) type Number = u32;

/// The row that holds the schema.
pub(super) const SCHEMA: &[u8] = b"a";
/// Before every row that maps an element's name to its number.
pub(super) const NAMES: &[u8] = b"e";
/// Before every row that belongs to an element's number.
pub(super) const DATA: &[u8] = b"d";

/// What a row below an element's number holds; the letter in its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Header = b'h' as isize,
    Paths = b'p' as isize,
    Record = b'r' as isize,
    Set = b's' as isize,
    Words = b'w' as isize,
    Session = b'y' as isize,
}

pub(super) fn name(key: &ElementKey) -> Vec<u8> {
    [NAMES, key.project.as_bytes(), &[0], key.element.as_bytes()].concat()
}

/// The element that a row below [`NAMES`] is about.
pub(super) fn parse_name(row: &[u8]) -> Option<ElementKey> {
    let text = std::str::from_utf8(row.strip_prefix(NAMES)?).ok()?;
    let (project, element) = text.split_once('\0')?;
    Some(ElementKey::new(project, element))
}

pub(super) fn parse_number(value: &[u8]) -> Option<Number> {
    Some(Number::from_be_bytes(value.try_into().ok()?))
}

/// The prefix of all rows of an element.
pub(super) fn element(number: Number) -> Vec<u8> {
    [DATA, &number.to_be_bytes()].concat()
}

/// The prefix of all rows of one kind.
pub(super) fn of_kind(number: Number, kind: Kind) -> Vec<u8> {
    let mut row = element(number);
    row.push(kind as u8);
    row
}

pub(super) fn header(number: Number) -> Vec<u8> {
    of_kind(number, Kind::Header)
}

/// The row of the strings from `first` on; `kind` is `Paths` or `Words`.
pub(super) fn chunk(number: Number, kind: Kind, first: usize) -> Vec<u8> {
    let mut row = of_kind(number, kind);
    row.extend((first as u32).to_be_bytes());
    row
}

pub(super) fn record(number: Number, id: RecordId) -> Vec<u8> {
    let mut row = of_kind(number, Kind::Record);
    row.extend(id.0);
    row
}

pub(super) fn set(number: Number, id: SetId) -> Vec<u8> {
    let mut row = of_kind(number, Kind::Set);
    row.extend(id.0);
    row
}

pub(super) fn session(number: Number, nanos: u64) -> Vec<u8> {
    let mut row = of_kind(number, Kind::Session);
    row.extend(nanos.to_be_bytes());
    row
}

/// The kind of an element's row, and what follows it in the key.
pub(super) fn parse(row: &[u8]) -> Option<(Number, Kind, &[u8])> {
    let (number, rest) = row.strip_prefix(DATA)?.split_first_chunk::<4>()?;
    let (&kind, rest) = rest.split_first()?;
    let kind = match kind {
        b'h' => Kind::Header,
        b'p' => Kind::Paths,
        b'r' => Kind::Record,
        b's' => Kind::Set,
        b'w' => Kind::Words,
        b'y' => Kind::Session,
        _ => return None,
    };
    Some((Number::from_be_bytes(*number), kind, rest))
}
