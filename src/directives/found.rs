//! What is found in a file: its directives, and what they stand for.

use sha2::{Digest as _, Sha256};

use super::hazards::Hazards;
use super::macros::MacroUse;
use crate::base::digest::short;

/// What the directives of one file say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scan {
    /// Digest of the directives and `_Pragma` operators (SHA-256, cut to 128 bits), or of the whole content where
    /// those could not be told from the text with certainty.
    pub fingerprint: [u8; 16],
    /// The files asked for by name, in order, each once; more than are really read, never fewer.
    pub includes: Vec<Include>,
    /// Whether an `#include` names its file through a macro.
    pub computed_include: bool,
    /// Whether the file says `#pragma once`, so that equal content elsewhere is skipped.
    pub once: bool,
    /// What makes the file's result depend on more than its directives.
    pub hazards: Hazards,
    /// How macros reach conditions, to find positions (`__LINE__`) in them across files.
    pub macros: MacroUse,
}

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

/// The domain keeps a content from passing for another file's directives.
pub(crate) fn fingerprint(domain: &str, bytes: &[u8]) -> [u8; 16] {
    short(Sha256::new().chain_update(domain).chain_update([0]).chain_update(bytes))
}
