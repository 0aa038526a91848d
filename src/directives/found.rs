//! What is found in a file: its directives, and what they stand for.

use sha2::{Digest as _, Sha256};

use super::hazards::Hazards;
use super::include::Include;
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
    /// Which of them are only asked for where they would be read if they were there (see `guards.rs`); by their places.
    pub harmless: Box<[bool]>,
    /// Whether an `#include` names its file through a macro.
    pub computed_include: bool,
    /// Whether the file says `#pragma once`, so that equal content elsewhere is skipped.
    pub once: bool,
    /// What makes the file's result depend on more than its directives.
    pub hazards: Hazards,
    /// How macros reach conditions, to find positions (`__LINE__`) in them across files.
    pub macros: MacroUse,
}

/// The domain keeps a content from passing for another file's directives.
pub(crate) fn fingerprint(domain: &str, bytes: &[u8]) -> [u8; 16] {
    short(Sha256::new().chain_update(domain).chain_update([0]).chain_update(bytes))
}
