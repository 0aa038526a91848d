//! Directives: what decides, inside one file, which other files the compiler reads.
//!
//! A file is lexed as far as needed to tell its preprocessor directives from its text. Two files with equal
//! fingerprints include the same files wherever they stand. Where the language mode (`-std=`, trigraphs, C or C++)
//! could change what is a directive, the lexer is *lost* and the fingerprint covers the whole content instead.

mod assembly;
mod conservative;
pub(crate) mod directive;
mod hazards;
mod lexer;
mod skip;
mod source;
#[cfg(test)]
mod tests;
mod words;

use sha2::{Digest as _, Sha256};

use crate::base::digest::short;

pub use directive::MacroUse;
pub use hazards::Hazards;

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

/// What the directives in a file's content say; total, whatever the content is.
pub fn scan(content: &[u8]) -> Scan {
    let mut scan = source::prepare(content)
        .and_then(|source| lexer::lex(&source))
        .map_or_else(|lexer::Lost| opaque(content), directive::Findings::into_scan);
    scan.hazards |= hazards::clock_ends(content);
    if assembly::is_unclear(content) {
        scan.hazards |= Hazards::ASSEMBLY;
    }
    scan
}

fn opaque(content: &[u8]) -> Scan {
    let mut scan = conservative::scan(content);
    scan.fingerprint = fingerprint("content", content);
    scan
}

/// The domain keeps a content from passing for another file's directives.
fn fingerprint(domain: &str, bytes: &[u8]) -> [u8; 16] {
    short(Sha256::new().chain_update(domain).chain_update([0]).chain_update(bytes))
}
