//! The values of the rows: protobuf messages, so that a field more or less passes between versions.
//!
//! A field's number is never used again for something else. What a newer version adds must do no harm when an older
//! one drops it; anything else needs a new `disk::SCHEMA`.

use super::table::Table;
use super::{Given, Record, RecordId, SetId, Traced};
use crate::base::digest::Digest;

/// An element's own row.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct Header {
    #[prost(uint64, tag = "1")]
    pub builds: u64,
    /// Seconds since 1970; 0 when no build has finished yet.
    #[prost(uint64, tag = "2")]
    pub last_built: u64,
    #[prost(uint64, tag = "3")]
    pub commands: u64,
    #[prost(uint64, tag = "4")]
    pub inputs: u64,
    /// The number of entries that `commands` and `inputs` count.
    #[prost(uint32, tag = "5")]
    pub entries: u32,
}

/// One step of an element's history: what it adds to the tables, sets and records, or replaces among the records. The
/// tables are numbered through all entries.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct Entry {
    /// The number of the first of `paths`.
    #[prost(uint32, tag = "1")]
    pub first_path: u32,
    #[prost(string, repeated, tag = "2")]
    pub paths: Vec<String>,
    /// The number of the first of `words`.
    #[prost(uint32, tag = "3")]
    pub first_word: u32,
    #[prost(string, repeated, tag = "4")]
    pub words: Vec<String>,
    #[prost(message, repeated, tag = "5")]
    pub sets: Vec<SetEntry>,
    #[prost(message, repeated, tag = "6")]
    pub records: Vec<RecordEntry>,
    #[prost(message, repeated, tag = "7")]
    pub generated: Vec<GeneratedEntry>,
}

/// A file that builds make, as the last one made it.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct GeneratedEntry {
    /// Templated.
    #[prost(string, tag = "1")]
    pub path: String,
    /// SHA-256.
    #[prost(bytes = "vec", tag = "2")]
    pub hash: Vec<u8>,
    #[prost(uint64, tag = "3")]
    pub size: u64,
    /// How many builds in a row made it with another content than the one before.
    #[prost(uint32, tag = "4")]
    pub changes: u32,
    /// What was there before it was made: SHA-256 and size, one after another.
    #[prost(bytes = "vec", tag = "5")]
    pub from: Vec<u8>,
    /// When the last build made it, nanoseconds since the epoch; 0 when that is not known.
    #[prost(sfixed64, tag = "6")]
    pub made_ns: i64,
}

/// A dependency set.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct SetEntry {
    #[prost(bytes = "vec", tag = "1")]
    pub id: Vec<u8>,
    /// `set::encode`d numbers of paths.
    #[prost(bytes = "vec", tag = "2")]
    pub numbers: Vec<u8>,
}

/// What a traced command has besides.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct TracedRow {
    #[prost(message, repeated, tag = "1")]
    pub given: Vec<GivenRow>,
}

/// A file that a traced command was given.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct GivenRow {
    #[prost(string, tag = "1")]
    pub path: String,
    /// Empty where no link leads on.
    #[prost(string, tag = "2")]
    pub real: String,
    #[prost(bytes = "vec", tag = "3")]
    pub hash: Vec<u8>,
    #[prost(uint64, tag = "4")]
    pub size: u64,
}

/// A record and its identity.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct RecordEntry {
    #[prost(bytes = "vec", tag = "1")]
    pub id: Vec<u8>,
    #[prost(message, optional, tag = "2")]
    pub row: Option<RecordRow>,
}

/// A record; its texts are numbers in the element's table of words.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct RecordRow {
    #[prost(uint32, tag = "1")]
    pub compiler: u32,
    #[prost(uint32, repeated, tag = "2")]
    pub args: Vec<u32>,
    #[prost(uint32, tag = "3")]
    pub cwd: u32,
    /// Names and values in turn.
    #[prost(uint32, repeated, tag = "4")]
    pub env: Vec<u32>,
    #[prost(uint32, tag = "5")]
    pub source: u32,
    #[prost(uint32, repeated, tag = "6")]
    pub outputs: Vec<u32>,
    #[prost(bytes = "vec", tag = "7")]
    pub set: Vec<u8>,
    #[prost(bytes = "vec", tag = "8")]
    pub shape: Vec<u8>,
    #[prost(uint32, tag = "9")]
    pub order: u32,
    #[prost(uint64, tag = "10")]
    pub cost_us: u64,
    #[prost(uint64, tag = "11")]
    pub wall_us: u64,
    #[prost(uint32, tag = "12")]
    pub asked: u32,
    #[prost(uint32, tag = "13")]
    pub launched: u32,
    #[prost(uint32, tag = "14")]
    pub useful: u32,
    #[prost(uint32, tag = "15")]
    pub wasted: u32,
    #[prost(uint32, tag = "16")]
    pub unseen_builds: u32,
    /// Milliseconds since 1970; decides which of two records of one id is the newer.
    #[prost(uint64, tag = "17")]
    pub written_ms: u64,
    /// The sum of the words' marks: a row whose words were lost and numbered anew must not become another command.
    #[prost(fixed64, tag = "18")]
    pub sum: u64,
    #[prost(message, optional, tag = "19")]
    pub traced: Option<TracedRow>,
    #[prost(uint32, tag = "20")]
    pub wasted_in_row: u32,
    #[prost(uint32, tag = "21")]
    pub mispredicted: u32,
    /// Empty where the record's own name is that by what it makes.
    #[prost(bytes = "vec", tag = "22")]
    pub first: Vec<u8>,
    #[prost(bool, tag = "23")]
    pub superseded: bool,
}

impl TracedRow {
    fn new(traced: &Traced) -> Self {
        let row = |Given { path, real, content }: &Given| GivenRow {
            path: path.clone(),
            real: if real == path { String::new() } else { real.clone() },
            hash: content.hash.to_vec(),
            size: content.size,
        };
        Self { given: traced.given.iter().map(row).collect() }
    }

    fn traced(&self) -> Option<Traced> {
        let given = |row: &GivenRow| {
            let real = if row.real.is_empty() { &row.path } else { &row.real };
            let content = Digest { hash: row.hash.as_slice().try_into().ok()?, size: row.size };
            Some(Given { path: row.path.clone(), real: real.clone(), content })
        };
        Some(Traced { given: self.given.iter().map(given).collect::<Option<_>>()? })
    }
}

/// An exported element.
#[derive(Clone, PartialEq, Eq, prost::Message)]
pub(super) struct Parcel {
    #[prost(string, tag = "1")]
    pub project: String,
    #[prost(string, tag = "2")]
    pub element: String,
    #[prost(message, optional, tag = "3")]
    pub header: Option<Header>,
    #[prost(message, optional, tag = "4")]
    pub contents: Option<Entry>,
}

impl RecordRow {
    /// `record` with its texts interned in `words`; `None` when the table is full.
    pub(super) fn new(record: &Record, set: SetId, words: &mut Table, written_ms: u64) -> Option<Self> {
        let mut word = |text: &String| words.intern(text);
        let mut row = Self {
            compiler: word(&record.compiler)?,
            args: record.args.iter().map(&mut word).collect::<Option<_>>()?,
            cwd: word(&record.cwd)?,
            env: record
                .env
                .iter()
                .flat_map(|(name, value)| [name, value])
                .map(&mut word)
                .collect::<Option<_>>()?,
            source: word(&record.source)?,
            outputs: record.outputs.iter().map(&mut word).collect::<Option<_>>()?,
            set: set.0.to_vec(),
            shape: record.shape.to_vec(),
            order: record.order,
            cost_us: record.cost_us,
            wall_us: record.wall_us,
            asked: record.asked,
            launched: record.launched,
            useful: record.useful,
            wasted: record.wasted,
            unseen_builds: record.unseen_builds.into(),
            written_ms,
            sum: 0,
            traced: record.traced.as_ref().map(TracedRow::new),
            wasted_in_row: record.wasted_in_row,
            mispredicted: record.mispredicted,
            first: record.first.map_or_else(Vec::new, |first| first.0.to_vec()),
            superseded: record.superseded,
        };
        row.sum = row.sum_of(words);
        Some(row)
    }

    /// The record that this row means; `None` if a word is missing or another, or a field has the wrong length.
    pub(super) fn record(&self, id: RecordId, words: &Table) -> Option<Record> {
        if !self.is_whole(words) {
            return None;
        }
        let word = |&number: &u32| words.get(number).map(str::to_owned);
        let env: Vec<String> = self.env.iter().map(word).collect::<Option<_>>()?;
        let (pairs, []) = env.as_chunks::<2>() else { return None };
        Some(Record {
            id,
            compiler: word(&self.compiler)?,
            args: self.args.iter().map(word).collect::<Option<_>>()?,
            cwd: word(&self.cwd)?,
            env: pairs.iter().map(|[name, value]| (name.clone(), value.clone())).collect(),
            source: word(&self.source)?,
            outputs: self.outputs.iter().map(word).collect::<Option<_>>()?,
            set: self.set_id()?,
            shape: self.shape.as_slice().try_into().ok()?,
            order: self.order,
            cost_us: self.cost_us,
            wall_us: self.wall_us,
            asked: self.asked,
            launched: self.launched,
            useful: self.useful,
            wasted: self.wasted,
            wasted_in_row: self.wasted_in_row,
            mispredicted: self.mispredicted,
            unseen_builds: u8::try_from(self.unseen_builds).unwrap_or(u8::MAX),
            first: self.first(),
            superseded: self.superseded,
            traced: match &self.traced {
                Some(row) => Some(row.traced()?),
                None => None,
            },
        })
    }

    /// Whether the words that the row names are still the ones it was written with.
    pub(super) fn is_whole(&self, words: &Table) -> bool {
        self.sum == self.sum_of(words)
    }

    fn sum_of(&self, words: &Table) -> u64 {
        self.words().fold(0, |sum, number| sum.wrapping_add(words.mark(number) as u64))
    }

    /// The record's name by what it makes, where its own is another.
    pub(super) fn first(&self) -> Option<RecordId> {
        self.first.as_slice().try_into().ok().map(RecordId)
    }

    pub(super) fn set_id(&self) -> Option<SetId> {
        self.set.as_slice().try_into().ok().map(SetId)
    }

    /// Every word number of the row.
    pub(super) fn words(&self) -> impl Iterator<Item = u32> {
        let lists = self.args.iter().chain(&self.env).chain(&self.outputs);
        [self.compiler, self.cwd, self.source].into_iter().chain(lists.copied())
    }

    /// Every word number of the row, to be replaced.
    pub(super) fn words_mut(&mut self) -> impl Iterator<Item = &mut u32> {
        [&mut self.compiler, &mut self.cwd, &mut self.source]
            .into_iter()
            .chain(&mut self.args)
            .chain(&mut self.env)
            .chain(&mut self.outputs)
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use proptest::prelude::*;
    use prost::Message as _;

    use super::*;

    fn table(texts: &[&str]) -> Table {
        let mut table = Table::default();
        for text in texts {
            assert!(table.intern(text).is_some());
        }
        table
    }

    fn record() -> impl Strategy<Value = Record> {
        let texts = || proptest::collection::vec("[a-z{}/ .=-]{0,12}", 0..6);
        let counts = (
            any::<u32>(),
            any::<u64>(),
            any::<u64>(),
            any::<u32>(),
            any::<u32>(),
            any::<u32>(),
            any::<u32>(),
        );
        let env = proptest::collection::vec(("[A-Z]{1,4}", ".{0,4}"), 0..3);
        let fixed = (any::<[u8; 16]>(), any::<[u8; 16]>(), any::<u8>());
        (texts(), texts(), env, ".{0,8}", counts, fixed).prop_map(|(args, outputs, env, text, n, fixed)| {
            Record {
                id: RecordId(fixed.0),
                compiler: text.clone(),
                args,
                cwd: format!("{{root}}/{text}"),
                env,
                source: text,
                outputs,
                set: SetId([7; 16]),
                shape: fixed.1,
                order: n.0,
                cost_us: n.1,
                wall_us: n.2,
                asked: n.3,
                launched: n.4,
                useful: n.5,
                wasted: n.6,
                wasted_in_row: n.5,
                mispredicted: n.4,
                unseen_builds: fixed.2,
                first: (n.4 % 2 == 0).then_some(RecordId(fixed.1)),
                superseded: n.5 % 2 == 0,
                traced: (n.3 % 2 == 0).then(|| Traced {
                    given: vec![Given {
                        path: "{root}/a.o".into(),
                        real: fixed.2.to_string(),
                        content: Digest::of(&fixed.0),
                    }],
                }),
            }
        })
    }

    proptest! {
        #[test]
        fn a_record_comes_back_from_its_row(record in record()) {
            let mut words = Table::default();
            let row = RecordRow::new(&record, record.set, &mut words, 5).unwrap();
            let row = RecordRow::decode(row.encode_to_vec().as_slice()).unwrap();
            prop_assert_eq!(row.record(record.id, &words), Some(record));
        }

        #[test]
        fn any_bytes_are_a_row_or_an_error(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
            if let Ok(row) = RecordRow::decode(bytes.as_slice()) {
                let _ = row.record(RecordId::default(), &table(&["word"]));
            }
        }
    }

    #[test]
    fn a_row_whose_words_were_replaced_is_no_record() {
        let mut words = Table::default();
        let row = RecordRow::new(
            &Record { source: "a.c".into(), ..Record::default() },
            SetId::default(),
            &mut words,
            0,
        );
        let row = row.unwrap();
        assert!(row.record(RecordId::default(), &words).is_some());
        let others = table(&["", "b.c"]);
        assert_eq!(row.record(RecordId::default(), &others), None);
    }

    #[test]
    fn a_field_from_the_future_is_passed_over() {
        let mut words = Table::default();
        let mut bytes =
            RecordRow::new(&Record::default(), SetId::default(), &mut words, 0).unwrap().encode_to_vec();
        bytes.extend([0xfa, 0x3f, 3, b'n', b'e', b'w']);
        let row = RecordRow::decode(bytes.as_slice()).unwrap();
        assert_eq!(row.record(RecordId::default(), &words), Some(Record::default()));
    }
}
