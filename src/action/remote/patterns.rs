//! Patterns that keep commands from a server, by the paths of their inputs.

use std::hash::{Hash, Hasher};

use regex::RegexSet;

/// `INVALID_INPUT_PATHS_REGEX`: expressions that match whole paths.
#[derive(Debug, Clone, Default)]
pub struct Patterns {
    texts: Vec<String>,
    set: RegexSet,
}

impl Patterns {
    /// Fails on an expression that is none, or one of ECMAScript's, which recc knows, that cannot be matched in linear time.
    pub fn new(texts: Vec<String>) -> Result<Self, regex::Error> {
        let set = RegexSet::new(texts.iter().map(|text| format!("^(?:{text})$")))?;
        Ok(Self { texts, set })
    }

    /// Returns whether one of them matches a path as a whole.
    pub(super) fn match_path(&self, path: &str) -> bool {
        self.set.is_match(path)
    }

    /// Returns whether there is none.
    pub(super) fn is_empty(&self) -> bool {
        self.texts.is_empty()
    }
}

impl PartialEq for Patterns {
    fn eq(&self, other: &Self) -> bool {
        self.texts == other.texts
    }
}

impl Eq for Patterns {}

impl Hash for Patterns {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.texts.hash(state);
    }
}
