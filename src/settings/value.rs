//! Value: the text of a setting, and where it came from.

use std::fmt;
use std::path::PathBuf;

use serde::Serialize;

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Nothing set it.
    Default,
    /// This environment variable.
    Variable(String),
    /// This line of a configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Variable(name) => f.write_str(name),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
        }
    }
}

/// Whose names and rules a value was written by.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Family {
    Own,
    Recc,
}

/// One value that was set.
#[derive(Debug, Clone)]
pub(super) struct Value {
    /// Row of the table.
    pub row: usize,
    /// What follows the prefix of a map; else empty.
    pub key: String,
    pub text: String,
    pub source: Source,
    pub family: Family,
}

impl Value {
    /// Whether a flag of this value is on. In recc any text switches a flag on, `0` too.
    pub(super) fn is_on(&self) -> bool {
        match self.family {
            Family::Recc => !self.text.is_empty(),
            Family::Own => !matches!(self.text.as_str(), "" | "0" | "no" | "off" | "false"),
        }
    }

    /// The parts of a list: separated by commas, each stripped of backslashes, which keep a comma from separating.
    pub(super) fn parts(&self) -> Vec<String> {
        let mut parts = Vec::new();
        let mut part = String::new();
        let mut escaped = false;
        for letter in self.text.chars() {
            match letter {
                ',' if !escaped => parts.push(std::mem::take(&mut part)),
                '\\' => {}
                _ => part.push(letter),
            }
            escaped = letter == '\\';
        }
        parts.push(part);
        parts.retain(|part| !part.is_empty());
        parts
    }
}

#[cfg(test)]
mod tests {
    use super::{Family, Source, Value};

    fn value(text: &str, family: Family) -> Value {
        Value { row: 0, key: String::new(), text: text.into(), source: Source::Default, family }
    }

    #[test]
    fn a_backslash_keeps_a_comma() {
        assert_eq!(value("a\\,b,c", Family::Recc).parts(), ["a,b", "c"]);
        assert_eq!(value(",a,,b,", Family::Own).parts(), ["a", "b"]);
        assert!(value("", Family::Recc).parts().is_empty());
    }

    #[test]
    fn zero_is_on_for_recc_and_off_for_us() {
        assert!(value("0", Family::Recc).is_on());
        assert!(!value("", Family::Recc).is_on());
        assert!(!value("0", Family::Own).is_on());
        assert!(value("1", Family::Own).is_on());
    }
}
