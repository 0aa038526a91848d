//! Why a compile was not served by a launch.

use std::fmt;

use serde::{Deserialize, Serialize};

/// The kinds of reasons. `Display` is one line for a person, about "it", the command; the serialized names are a contract.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, thiserror::Error,
)]
#[serde(rename_all = "snake_case")]
pub enum MissReason {
    /// No record of it.
    #[error("it was not recorded yet")]
    NewCommand,
    /// Another command has made its output since; it is kept, but not launched.
    #[error("another command had taken its place")]
    Superseded,
    /// The record of that output is of another command line or environment.
    #[error("its command line or environment has changed")]
    ChangedCommand,
    /// The launch may have read other files than the compile would.
    #[error("its includes or directives changed after it was launched")]
    ChangedSet,
    /// The launch read a file that was changed afterwards.
    #[error("an input changed after it was launched")]
    ChangedInput,
    /// A file that the build had yet to make came out otherwise than predicted.
    #[error("an input was made with other content than predicted")]
    Mispredicted,
    /// Late: nobody had come to look at its launch yet.
    #[error("it was asked for before its launch was looked at")]
    NotLookedAt,
    /// Late: the launch waited for a file that came only just before.
    #[error("it was asked for as soon as an input was there")]
    LateInput,
    /// Left out: the session's launches had cost as much as they may.
    #[error("the session's launches had reached their limit")]
    Capped,
    /// Left out: launching it has done no good lately.
    #[error("its last launches were all wasted")]
    KeptBeingWasted,
    /// Left out: asking a grid for it takes longer than compiling it.
    #[error("it is cheaper than its round trip")]
    TooCheap,
    /// Its output was there, so that the build would hardly ask.
    #[error("its output was up to date when the session opened")]
    UpToDate,
    /// The session's mode or backend launches nothing.
    #[error("the session launches nothing")]
    NotLaunching,
    /// Such a command is not launched, or its launch cannot serve this build.
    #[error("it cannot be launched")]
    Refused,
    /// The launch came to nothing.
    #[error("its launch failed")]
    Failed,
    /// It would have been served, and its compiler ran instead, to verify that.
    #[error("it was verified")]
    Verified,
    /// The same, and what would have been served was something else.
    #[error("it was verified, and what would have been served is NOT what its compiler gave")]
    Mismatched,
    /// Left out: what was once to be served of it was not what its compiler gave.
    #[error("it is quarantined")]
    Quarantined,
    /// The launch's result was no longer in the cache.
    #[error("its result had been removed from the cache")]
    Evicted,
}

impl MissReason {
    /// Whether the command was left out although it could have been launched.
    pub fn is_left_out(self) -> bool {
        matches!(self, Self::Capped | Self::KeptBeingWasted | Self::TooCheap | Self::Quarantined)
    }

    /// The same with what it is about: a file, or what a compiler said.
    pub fn of(self, detail: impl fmt::Display) -> Miss {
        Miss { why: self, detail: detail.to_string() }
    }
}

/// Why one compile was not served by a launch.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Miss {
    /// The kind of reason.
    pub why: MissReason,
    /// What it is about; empty when there is no more to say.
    pub detail: String,
}

impl From<MissReason> for Miss {
    fn from(why: MissReason) -> Self {
        why.of("")
    }
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.detail.as_str() {
            "" => write!(f, "{}", self.why),
            detail => write!(f, "{}: {detail}", self.why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_the_contract() {
        let name = |why: MissReason| serde_json::to_value(why).ok();
        assert_eq!(name(MissReason::NewCommand), Some("new_command".into()));
        assert_eq!(name(MissReason::KeptBeingWasted), Some("kept_being_wasted".into()));
    }
}
