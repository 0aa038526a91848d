//! A record: what the store keeps for one compile command.

use std::fmt;

use sha2::{Digest as _, Sha256};

use super::SetId;
use crate::base::digest::{Digest, short};
use crate::base::variable::Variable;

/// The identity of a record: where the command ran and what it made first, both templated. The same output with a
/// changed flag is the same record, so the new command replaces the old one, unless one build runs both.
#[derive(
    Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug, Default, serde::Serialize, serde::Deserialize,
)]
pub struct RecordId(pub [u8; 16]);

impl RecordId {
    /// The identity of the command that makes `primary_output` in `cwd`.
    pub fn of(cwd: &str, primary_output: &str) -> Self {
        Self(short(Sha256::new().chain_update(cwd).chain_update([0]).chain_update(primary_output)))
    }

    /// The identity of a further command, told by these templated texts, that makes the same output later in the same build.
    #[must_use]
    pub fn further(self, texts: impl IntoIterator<Item = String>) -> Self {
        let texts: Vec<_> = texts.into_iter().collect();
        Self::of(&self.to_string(), &texts.join("\0"))
    }
}

impl fmt::Display for RecordId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.iter().try_for_each(|byte| write!(f, "{byte:02x}"))
    }
}

/// One compile command of an element. Texts are templated: the project root reads `{root}`.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Record {
    /// See [`RecordId::of`].
    pub id: RecordId,
    /// The compiler as it was called.
    pub compiler: String,
    /// Its arguments, templated.
    pub args: Vec<String>,
    /// The working directory, templated.
    pub cwd: String,
    /// The environment variables that matter to the compiler, as name and value.
    pub env: Vec<Variable>,
    /// The main source file, templated.
    pub source: String,
    /// The files the command writes, templated; the primary one first.
    pub outputs: Vec<String>,
    /// What the command read. `put` computes it from the inputs it is given.
    pub set: SetId,
    /// The combined fingerprint of the inputs' directives when the command last ran.
    pub shape: [u8; 16],
    /// The position in its last build, from 0.
    pub order: u32,
    /// CPU time, user and system, in microseconds.
    pub cost_us: u64,
    /// Elapsed time in microseconds.
    pub wall_us: u64,
    /// How often builds asked for it.
    pub asked: u32,
    /// How often it was launched.
    pub launched: u32,
    /// How many launches a build then asked for.
    pub useful: u32,
    /// How many launches no build asked for.
    pub wasted: u32,
    /// How many of its launches in a row were wasted.
    pub wasted_in_row: u32,
    /// How often it was launched on a content that the build then made otherwise.
    pub mispredicted: u32,
    /// How many complete builds in a row did not ask for it.
    pub unseen_builds: u8,
    /// The name by what it makes, where its own is that of a further command that makes the same.
    pub first: Option<RecordId>,
    /// Whether another command has taken its place: it is kept for when it comes back, and not launched.
    pub superseded: bool,
    /// What a traced command has besides; nothing for a compile.
    pub traced: Option<Traced>,
}

/// A command whose set is all that it touched, as a tracer saw it: what was missing too.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Traced {
    /// The files of its build that it read.
    pub given: Vec<Given>,
}

/// A file that a build has made, as a traced command found it.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Given {
    /// Its path, templated.
    pub path: String,
    /// Where a link leads that is at the path, templated; else the same.
    pub real: String,
    /// What was in it.
    pub content: Digest,
}

/// What one session adds to a record.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Use {
    /// Added to [`Record::asked`].
    pub asked: u32,
    /// Added to [`Record::launched`].
    pub launched: u32,
    /// Added to [`Record::useful`].
    pub useful: u32,
    /// Added to [`Record::wasted`].
    pub wasted: u32,
    /// Added to [`Record::mispredicted`].
    pub mispredicted: u32,
    /// Replaces [`Record::wasted_in_row`].
    pub wasted_in_row: Option<u32>,
    /// Replaces [`Record::order`].
    pub order: Option<u32>,
    /// Replaces [`Record::cost_us`].
    pub cost_us: Option<u64>,
    /// Replaces [`Record::wall_us`].
    pub wall_us: Option<u64>,
}
