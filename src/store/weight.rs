//! What an exported element takes up in memory once it is decoded, worked out from its bytes: two bytes can be a whole record.

use super::fields::fields;
use super::format::{GeneratedEntry, GivenRow, RecordEntry, SetEntry};

/// A text, and its place in the table that it goes to: headers of both, what the allocator adds, its mark and its number.
const TEXT: usize = 160;

/// Messages with messages in them, and what is counted in them (`format`).
#[derive(Clone, Copy)]
enum Kind {
    Parcel,
    Entry,
    Record,
    Row,
    Traced,
}

/// Bytes that a decoded `format::Parcel` takes up at most, lists that have just grown among them.
pub(super) fn weight(parcel: &[u8]) -> usize {
    parcel.len().saturating_add(inner(Kind::Parcel, parcel))
}

fn inner(kind: Kind, message: &[u8]) -> usize {
    let weights = fields(message).map(|field| {
        let length = field.bytes.len();
        let of = |kind| inner(kind, field.bytes);
        match (kind, field.number) {
            (Kind::Parcel, 4) => of(Kind::Entry),
            (Kind::Entry, 2 | 4) => TEXT,
            (Kind::Entry, 5) => 2 * size_of::<SetEntry>(),
            (Kind::Entry, 6) => 2 * size_of::<RecordEntry>() + of(Kind::Record),
            (Kind::Entry, 7) => 2 * size_of::<GeneratedEntry>(),
            // A number of one byte takes four, and as many again in a list that has just grown.
            (Kind::Record, 2) => 8 * length + of(Kind::Row),
            (Kind::Row, 19) => of(Kind::Traced),
            (Kind::Traced, 1) => 2 * size_of::<GivenRow>(),
            _ => 0,
        }
    });
    weights.fold(0, usize::saturating_add)
}

#[cfg(test)]
mod tests {
    use prost::Message as _;

    use super::*;
    use crate::store::format::{Entry, Parcel, RecordRow, TracedRow};

    #[test]
    fn what_is_empty_on_the_wire_weighs_what_it_becomes() {
        let weigh = |contents: Entry| {
            weight(&Parcel { contents: Some(contents), ..Parcel::default() }.encode_to_vec())
        };
        let many = 1000;
        let given = vec![GivenRow::default(); many];
        let row =
            RecordRow { traced: Some(TracedRow { given }), args: vec![1; many], ..RecordRow::default() };
        let record = RecordEntry { row: Some(row), ..RecordEntry::default() };
        for (contents, least) in [
            (Entry { paths: vec![String::new(); many], ..Entry::default() }, size_of::<String>()),
            (Entry { words: vec![String::new(); many], ..Entry::default() }, size_of::<String>()),
            (Entry { sets: vec![SetEntry::default(); many], ..Entry::default() }, size_of::<SetEntry>()),
            (
                Entry { records: vec![RecordEntry::default(); many], ..Entry::default() },
                size_of::<RecordEntry>(),
            ),
            (
                Entry { generated: vec![GeneratedEntry::default(); many], ..Entry::default() },
                size_of::<GeneratedEntry>(),
            ),
            (Entry { records: vec![record], ..Entry::default() }, size_of::<GivenRow>() + size_of::<u32>()),
        ] {
            let weight = weigh(contents.clone());
            assert!(weight >= many * least, "{weight} < {many} * {least}: {contents:?}");
        }
        assert!(weigh(Entry::default()) < 16);
    }
}
