//! Probes: the operators that ask for a file without including it, and what they ask for.

use super::words::{is_word, word};
use crate::directives::include::{Form, Kind};

/// The operator that a word is. Older releases of GCC have those that end in underscores.
pub(super) fn operator(word: &[u8]) -> Option<Kind> {
    match word {
        b"__has_include" | b"__has_include__" => Some(Kind::HasInclude),
        b"__has_include_next" | b"__has_include_next__" => Some(Kind::HasIncludeNext),
        b"__has_embed" => Some(Kind::HasEmbed),
        _ => None,
    }
}

/// Whether `##` may complete a word to an operator. One of the two pieces has four letters of its beginning or all but three of them.
pub(super) fn is_piece(word: &[u8]) -> bool {
    const ENDS: [&[u8]; 3] = [b"_has_", b"has_", b"as_"];
    const WHAT: [&[u8]; 3] = [b"include", b"include_next", b"embed"];
    let begins = word.len() >= 4 && word.starts_with(b"__ha");
    if begins {
        return operator(word).is_none()
            && [&b"__has_include_next__"[..], b"__has_include__", b"__has_embed"]
                .iter()
                .any(|whole| whole.starts_with(word));
    }
    let rest = ENDS.iter().find_map(|begin| word.strip_prefix(*begin));
    rest.is_some_and(|rest| WHAT.contains(&rest))
}

/// The header name a text begins with; `None` when it is no literal one.
pub(super) fn header(text: &[u8]) -> Option<(Form, &[u8])> {
    let (form, close) = match text.first()? {
        b'"' => (Form::Quote, b'"'),
        b'<' => (Form::Angle, b'>'),
        _ => return None,
    };
    let line = &text[1..text.iter().position(|byte| *byte == b'\n').unwrap_or(text.len())];
    let name = &line[..memchr::memchr(close, line)?];
    // The string's escapes and the header's would differ.
    (!name.is_empty() && !name.contains(&b'\\')).then_some((form, name))
}

/// The header name that is all there is between the parentheses a text begins with, if macros that pass it on do not change it: it
/// is a string, or tokens that are spelled as they are here.
pub(super) fn operand(text: &[u8]) -> Option<(Form, &[u8])> {
    let inside = text.trim_ascii_start().strip_prefix(b"(")?.trim_ascii_start();
    let (form, name) = header(inside)?;
    let closed = inside[name.len() + 2..].trim_ascii_start().starts_with(b")");
    let plain = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'/' | b'+' | b'-');
    // `//` begins a comment, `->` and `<-` are other tokens.
    let spelled = name.iter().all(plain)
        && !name.windows(2).any(|pair| pair == b"//")
        && !name.starts_with(b"-")
        && !name.ends_with(b"-");
    (closed && (form == Form::Quote || spelled)).then_some((form, name))
}

/// Whether what follows a text is an argument of a macro's: its tokens are read before the operator is known to be one.
pub(super) fn is_in_call(text: &[u8]) -> bool {
    let mut calls = Vec::new();
    for (at, byte) in text.iter().enumerate() {
        match byte {
            b'(' => calls.push(last_word(&text[..at]).is_some_and(|name| name != b"defined")),
            b')' => drop(calls.pop()),
            _ => {}
        }
    }
    calls.contains(&true)
}

/// Whether a text ends in `defined`, `defined(` or a directive that only asks that.
pub(super) fn asks_whether_defined(text: &[u8]) -> bool {
    let text = text.trim_ascii_end();
    let asking = last_word(text.strip_suffix(b"(").unwrap_or(text));
    matches!(
        asking,
        Some(b"defined" | b"ifdef" | b"ifndef" | b"elifdef" | b"elifndef" | b"define" | b"undef")
    )
}

/// The word that a text ends in, blanks left out.
pub(super) fn last_word(text: &[u8]) -> Option<&[u8]> {
    let text = text.trim_ascii_end();
    let begin = text.iter().rposition(|byte| !is_word(*byte)).map_or(0, |before| before + 1);
    Some(word(&text[begin..])).filter(|word| !word.is_empty())
}
