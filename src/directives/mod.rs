//! Directives: what in a file's text decides which other files the compiler reads.
//!
//! A file is lexed only as far as needed to tell its preprocessor directives from its text. Two files with equal
//! fingerprints include the same files, wherever they stand. If the language mode (`-std=`, trigraphs, C or C++) could
//! change what is a directive, the lexer is *lost*, and the fingerprint covers the whole content instead.

mod assembly;
mod conservative;
pub(crate) mod directive;
mod found;
mod guards;
mod hazards;
mod include;
mod lexer;
pub mod macros;
mod probes;
mod skip;
mod source;
#[cfg(test)]
mod tests;
mod words;

pub use found::Scan;
use found::fingerprint;
pub use hazards::Hazards;
pub use include::{Form, Include, Kind};
pub use macros::MacroUse;

/// What the directives in a file's content say; total, whatever the content is.
pub fn scan(content: &[u8]) -> Scan {
    let mut scan = source::prepare(content)
        .and_then(|source| lexer::lex(&source))
        .map_or_else(|lexer::Lost| opaque(content), directive::Findings::into_scan);
    scan.hazards |= hazards::clock_ends(content);
    if hazards::has_offload_word(content) {
        scan.hazards |= Hazards::OFFLOAD_WORD;
    }
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
