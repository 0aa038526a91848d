//! Prefix maps: options that have paths written otherwise than they are spelled.

use super::{below, mentions};

/// What a map applies to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// `__FILE__` and the like.
    Macro,
    /// Debug information.
    Debug,
}

/// One option.
#[derive(Debug, Clone, Copy)]
pub(super) struct Map<'a> {
    /// `None` for both kinds.
    kind: Option<Kind>,
    old: &'a str,
    new: &'a str,
}

/// The map that an option gives, with no text where it cannot be read.
pub(super) fn parse(word: &str) -> Option<Map<'_>> {
    const OPTIONS: [(&str, Option<Kind>); 3] = [
        ("-ffile-prefix-map=", None),
        ("-fmacro-prefix-map=", Some(Kind::Macro)),
        ("-fdebug-prefix-map=", Some(Kind::Debug)),
    ];
    let (value, kind) = OPTIONS.iter().find_map(|(name, kind)| Some((word.strip_prefix(name)?, *kind)))?;
    let (old, new) = value.split_once('=').unwrap_or_default();
    Some(Map { kind, old, new })
}

/// The maps of a command that begin at its root or below.
///
/// GCC takes the last one that fits (`remap_filename` in `file-prefix-map.cc`), clang 14 the first or the last by their text
/// (`remapDIPath`, `MacroPrefixMap`), later ones the last. All compare as text. So that it need not matter which is taken, none
/// may lead back to the root.
#[derive(Debug, Default)]
pub(super) struct Maps<'a>(Vec<Map<'a>>);

impl<'a> Maps<'a> {
    /// Takes one more; `None` when it could make one checkout's object differ from another's.
    pub(super) fn add(&mut self, map: Map<'a>, root: &str) -> Option<()> {
        // Compilers split at the first or the last of several; a beginning of the root says where it lies.
        let odd = map.new.contains('=')
            || map.old.contains("{root}")
            || root.starts_with(map.old) && map.old != root;
        if odd || map.new.contains(root) {
            return None;
        }
        match below(map.old, root) {
            Some(rest) if !mentions(rest, root) => self.0.push(map),
            _ if map.old.contains(root) => return None,
            _ => {}
        }
        Some(())
    }

    /// Whether there is one.
    pub(super) fn any(&self) -> bool {
        !self.0.is_empty()
    }

    /// Whether a path is written without the root.
    pub(super) fn cover(&self, path: &str, kind: Kind) -> bool {
        let applies = |map: &Map<'_>| map.kind.is_none_or(|only| only == kind);
        self.0.iter().any(|map| applies(map) && path.starts_with(map.old))
    }
}
