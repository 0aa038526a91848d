//! The name an element's records are kept under.

use std::fmt;
use std::str::FromStr;

/// Project and element: `freedesktop-sdk` and `components/zlib.bst`, say.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct ElementKey {
    /// The project's name; without a slash, so that the text form reads back.
    pub project: String,
    /// The element's name in its project; slashes allowed.
    pub element: String,
}

impl ElementKey {
    /// The key of `element` in `project`.
    pub fn new(project: impl Into<String>, element: impl Into<String>) -> Self {
        Self { project: project.into(), element: element.into() }
    }
}

impl fmt::Display for ElementKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.project, self.element)
    }
}

/// A text that names no element: not `project/element`.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("not an element's name (project/element): {0:?}")]
pub struct KeyError(pub String);

impl FromStr for ElementKey {
    type Err = KeyError;

    fn from_str(text: &str) -> Result<Self, KeyError> {
        match text.split_once('/') {
            Some((project, element)) if !project.is_empty() && !element.is_empty() => {
                Ok(Self::new(project, element))
            }
            _ => Err(KeyError(text.to_owned())),
        }
    }
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn text_splits_at_the_first_slash() {
        let key: ElementKey = "sdk/components/zlib.bst".parse().unwrap();
        assert_eq!(key, ElementKey::new("sdk", "components/zlib.bst"));
        assert_eq!(key.to_string(), "sdk/components/zlib.bst");
        for text in ["", "zlib.bst", "/zlib.bst", "sdk/"] {
            assert_eq!(text.parse::<ElementKey>(), Err(KeyError(text.into())));
        }
    }
}
