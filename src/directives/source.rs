//! Source: a file's text after translation phases 1 and 2, where that is the same in every language mode.

use std::borrow::Cow;

use super::lexer::Lost;

/// A text without continued lines, carriage returns, NULs, trigraphs or byte order mark.
pub(super) struct Source<'t> {
    /// The text; lines end in `\n`.
    pub text: Cow<'t, [u8]>,
    /// Whether continued lines were joined; raw strings would have to take that back.
    pub spliced: bool,
}

/// The third characters of trigraphs (C11 5.2.1.1).
const TRIGRAPHS: &[u8] = b"=/'()!<>-";

/// Joins continued lines; lost on what compilers read differently: NULs, lone carriage returns, trigraphs.
pub(super) fn prepare(content: &[u8]) -> Result<Source<'_>, Lost> {
    let text = content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content);
    let mut splices = Vec::new();
    for at in memchr::memchr3_iter(b'\\', b'?', 0, text) {
        match text[at] {
            0 => return Err(Lost),
            b'?' if is_trigraph(&text[at..]) => return Err(Lost),
            b'\\' => splices.extend(splice_len(&text[at..]).map(|len| (at, len))),
            _ => {}
        }
    }
    let joined = if splices.is_empty() { Cow::Borrowed(text) } else { Cow::Owned(without(text, &splices)) };
    Ok(Source { text: plain_newlines(joined)?, spliced: !splices.is_empty() })
}

fn is_trigraph(text: &[u8]) -> bool {
    matches!(text, [b'?', b'?', third, ..] if TRIGRAPHS.contains(third))
}

/// The length of a backslash, blanks and a newline; compilers accept the blanks with a warning.
pub(super) fn splice_len(text: &[u8]) -> Option<usize> {
    let blanks = text[1..].iter().take_while(|byte| matches!(byte, b' ' | b'\t' | 0x0b | 0x0c)).count();
    match &text[1 + blanks..] {
        [b'\n', ..] => Some(blanks + 2),
        [b'\r', b'\n', ..] => Some(blanks + 3),
        _ => None,
    }
}

fn without(text: &[u8], cuts: &[(usize, usize)]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(text.len());
    let mut from = 0;
    for &(at, len) in cuts {
        kept.extend_from_slice(&text[from..at]);
        from = at + len;
    }
    kept.extend_from_slice(&text[from..]);
    kept
}

/// Clang ends a line at a lone carriage return, GCC does not.
fn plain_newlines(text: Cow<'_, [u8]>) -> Result<Cow<'_, [u8]>, Lost> {
    let returns: Vec<(usize, usize)> = memchr::memchr_iter(b'\r', &text).map(|at| (at, 1)).collect();
    if returns.is_empty() {
        return Ok(text);
    }
    if returns.iter().any(|(at, _)| text.get(at + 1) != Some(&b'\n')) {
        return Err(Lost);
    }
    Ok(Cow::Owned(without(&text, &returns)))
}
