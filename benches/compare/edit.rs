//! What people change between two builds.

use anyhow::Result;

use crate::shared::package::{Package, Sources};

/// One kind of change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Edit {
    /// Nothing: the same sources, from clean.
    Nothing,
    Source,
    /// A header that nearly all sources include.
    HotHeader,
    /// A header of the library below.
    Below,
    /// A source includes another header.
    IncludeMore,
    /// Another flag for each compile.
    Flag,
    /// configure finds out something else, and each compile sees it.
    Configure,
}

impl Edit {
    pub(crate) const ALL: [Self; 7] = [
        Self::Nothing,
        Self::Source,
        Self::HotHeader,
        Self::Below,
        Self::IncludeMore,
        Self::Flag,
        Self::Configure,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Nothing => "nothing",
            Self::Source => "a source",
            Self::HotHeader => "a hot header",
            Self::Below => "a header below",
            Self::IncludeMore => "an include more",
            Self::Flag => "a flag for all",
            Self::Configure => "another configure result",
        }
    }

    /// The name as a C identifier.
    pub(crate) fn mark(self) -> String {
        self.name().replace(' ', "_")
    }

    /// Edits the sources; `mark` is in no build before. Returns flags for all compiles; nothing when the package has nothing of the kind.
    pub(crate) fn apply(
        self,
        sources: &mut Sources,
        package: &Package,
        mark: &str,
    ) -> Result<Option<String>> {
        let mut flags = String::new();
        match self {
            Self::Source => sources.edit_source(mark)?,
            Self::HotHeader if package.below.is_some() => return Ok(None),
            Self::Below if package.below.is_none() => return Ok(None),
            Self::HotHeader | Self::Below => sources.edit_widest(mark)?,
            Self::IncludeMore => sources.include_more(mark)?,
            Self::Flag => flags = format!("-D{mark}"),
            Self::Configure if !sources.configure_otherwise(mark)? => return Ok(None),
            Self::Nothing | Self::Configure => {}
        }
        Ok(Some(flags))
    }
}
