//! The keys of the rows: how an element's rows hang together in sled's one tree.
//!
//! | key | value |
//! | --- | --- |
//! | `a` | the schema, 4 bytes: there from the beginning, so its absence shows that sled lost its log |
//! | `e` project NUL element | the element's number, 4 bytes |
//! | `d` number `h` | `format::Header` |
//! | `d` number `j` position | `format::Entry` |
//! | `d` number `y` time | a session's row, JSON |
//! | `w` number session | the session's report, JSON, compressed |
//! | `z` | the number of the last session that statistics do not count, 8 bytes |
//! | `q` number record | a command in quarantine, JSON |
//!
//! Numbers are big-endian, so that sled keeps them in order. The entries are the element's journal: replayed in order they
//! give its records. A new record is one small row at the end, which sled writes far cheaper than rows in many places, and
//! which is there as a whole or not at all; the end of a build writes the journal anew in few large rows.

use super::{ElementKey, RecordId};

/// An element's number: the prefix of all its rows.
pub(super) type Number = u32;

/// The row that holds the schema.
pub(super) const SCHEMA: &[u8] = b"a";
/// The row that holds where statistics begin.
pub(super) const ZERO: &[u8] = b"z";
/// Before every row that maps an element's name to its number.
pub(super) const NAMES: &[u8] = b"e";
/// Before every row that belongs to an element's number.
pub(super) const DATA: &[u8] = b"d";

/// Before every report: apart from the other rows of an element, which are read whenever it is.
const REPORTS: &[u8] = b"w";

/// Before every row of a command in quarantine: not among an element's other rows, in which an older spec-cc would not
/// know it.
const QUARANTINES: &[u8] = b"q";

/// What a row below an element's number holds; the letter in its key.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Kind {
    Header = b'h' as isize,
    Entry = b'j' as isize,
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

pub(super) fn entry(number: Number, position: u32) -> Vec<u8> {
    let mut row = of_kind(number, Kind::Entry);
    row.extend(position.to_be_bytes());
    row
}

pub(super) fn session(number: Number, nanos: u64) -> Vec<u8> {
    let mut row = of_kind(number, Kind::Session);
    row.extend(nanos.to_be_bytes());
    row
}

/// The prefix of an element's reports.
pub(super) fn reports(number: Number) -> Vec<u8> {
    [REPORTS, &number.to_be_bytes()].concat()
}

pub(super) fn report(number: Number, session: u64) -> Vec<u8> {
    [&reports(number)[..], &session.to_be_bytes()].concat()
}

/// The prefix of an element's commands in quarantine.
pub(super) fn quarantine(number: Number) -> Vec<u8> {
    [QUARANTINES, &number.to_be_bytes()].concat()
}

pub(super) fn quarantined(number: Number, record: RecordId) -> Vec<u8> {
    [&quarantine(number)[..], &record.0].concat()
}

/// The kind of an element's row, and what follows it in the key.
pub(super) fn parse(row: &[u8]) -> Option<(Number, Kind, &[u8])> {
    let (number, rest) = row.strip_prefix(DATA)?.split_first_chunk::<4>()?;
    let (&kind, rest) = rest.split_first()?;
    let kind = match kind {
        b'h' => Kind::Header,
        b'j' => Kind::Entry,
        b'y' => Kind::Session,
        _ => return None,
    };
    Some((Number::from_be_bytes(*number), kind, rest))
}
