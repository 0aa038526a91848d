//! A file asked for by name.

/// One file asked for by name.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Include {
    /// By which directive or operator.
    pub kind: Kind,
    /// With which delimiters.
    pub form: Form,
    /// The name between the delimiters.
    pub name: String,
}

/// The directive or operator that names a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// `#include`
    Include,
    /// `#include_next`
    IncludeNext,
    /// `#import`
    Import,
    /// `__has_include`
    HasInclude,
    /// `__has_include_next`
    HasIncludeNext,
    /// `#embed`
    Embed,
    /// `__has_embed`
    HasEmbed,
}

/// The delimiters of a header name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Form {
    /// `"name"`: the includer's folder comes first.
    Quote,
    /// `<name>`: the search path only.
    Angle,
}

impl Kind {
    /// Whether it asks for the file without reading it.
    pub fn is_probe(self) -> bool {
        matches!(self, Self::HasInclude | Self::HasIncludeNext | Self::HasEmbed)
    }
}
