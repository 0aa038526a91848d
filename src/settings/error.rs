//! What is wrong with a setting.

use std::path::PathBuf;

use super::value::Source;

/// What is wrong with a setting, and where it was set.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// The configuration file is there and cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A value that its setting does not take.
    #[error("{name} = {value:?} (from {origin}): {problem}")]
    Value {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// Where that came from.
        origin: Source,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A setting of recc's that spec-cc does not know how to obey and must not ignore.
    #[error("{name} (from {origin}): {why}")]
    Unhonoured {
        /// recc's variable.
        name: String,
        /// Where it was set.
        origin: Source,
        /// What follows from that.
        why: &'static str,
    },
}
