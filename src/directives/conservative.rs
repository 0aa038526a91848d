//! Loose: whatever could be a directive in any reading of a text, for files in which the lexer is lost.

use super::directive::Findings;
use super::hazards::{Hazards, clock_word, incbin_around_b, include_at_dot};
use super::source::splice_len;
use super::words::{contains, contains_word, is_module_line};
use crate::directives::found::Scan;

/// All that may be included and all hazards; the fingerprint is the caller's.
pub(super) fn scan(content: &[u8]) -> Scan {
    let text = loosen(content);
    let mut found = Findings::default();
    for at in memchr::memchr2_iter(b'#', b':', &text) {
        if text[at] == b'#' || text[..at].ends_with(b"%") {
            directive(&text[at + 1..], &mut found);
        }
    }
    found.probes(&text);
    words(&text, &mut found);
    if text.split(|byte| *byte == b'\n').any(|line| is_module_line(line.trim_ascii_start())) {
        found.hazards |= Hazards::MODULE;
    }
    found.into_scan()
}

/// The text with trigraphs replaced, lines joined, and every carriage return ending a line.
fn loosen(content: &[u8]) -> Vec<u8> {
    let mut trigraphs = Vec::with_capacity(content.len());
    let mut rest = content;
    while let Some(&byte) = rest.first() {
        let (byte, len) = match rest {
            [b'?', b'?', b'=', ..] => (b'#', 3),
            [b'?', b'?', b'/', ..] => (b'\\', 3),
            _ => (byte, 1),
        };
        trigraphs.push(byte);
        rest = &rest[len..];
    }
    let mut text = Vec::with_capacity(trigraphs.len());
    let mut at = 0;
    while let Some(&byte) = trigraphs.get(at) {
        let splice = if byte == b'\\' { splice_len(&trigraphs[at..]) } else { None };
        if splice.is_none() {
            text.push(if byte == b'\r' { b'\n' } else { byte });
        }
        at += splice.unwrap_or(1);
    }
    text
}

/// What follows a `#`, read to its line's end with and without the comments in it.
fn directive(text: &[u8], found: &mut Findings) {
    let line = &text[..memchr::memchr(b'\n', text).unwrap_or(text.len())];
    found.read(line);
    let bare = without_comments(line);
    if bare.len() < line.len() {
        found.read(&bare);
        // The directive may go on behind the comment.
        if !line.ends_with(b"*/") {
            found.mark_computed();
        }
    }
}

fn without_comments(line: &[u8]) -> Vec<u8> {
    let mut bare = Vec::with_capacity(line.len());
    let mut rest = line;
    while let Some(open) = memchr::memmem::find(rest, b"/*") {
        bare.extend_from_slice(&rest[..open]);
        bare.push(b' ');
        let inside = &rest[open + 2..];
        rest = memchr::memmem::find(inside, b"*/").map_or(&[], |close| &inside[close + 2..]);
    }
    bare.extend_from_slice(rest);
    bare
}

fn words(text: &[u8], found: &mut Findings) {
    // Pieces, which `##` may complete.
    for piece in [&b"__TI"[..], b"__DA"] {
        if contains(text, piece) {
            found.hazards |= clock_word(piece);
        }
    }
    // Behind which comment a condition goes on cannot be told here.
    if contains(text, b"__LINE__") {
        found.hazards |= Hazards::POSITION;
    }
    if contains(text, b"pragma") || contains(text, b"_Pragma") {
        found.hazards |= Hazards::OFFLOAD;
    }
    if contains(text, b"__COUNTER__") {
        found.hazards |= Hazards::COUNTER;
    }
    if contains_word(text, b"push_macro") || contains_word(text, b"pop_macro") || contains(text, b"_Pragma") {
        found.hazards |= Hazards::TEXT;
    }
    let assembler = |at: &usize| incbin_around_b(text, *at) || include_at_dot(text, *at);
    if memchr::memchr3_iter(b'b', b'B', b'.', text).any(|at| assembler(&at)) {
        found.hazards |= Hazards::INCBIN;
    }
}
