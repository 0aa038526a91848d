//! Words: bytes and identifiers, as the lexers see them.

/// A table that is true for some bytes.
pub(super) const fn special(bytes: &[u8]) -> [bool; 256] {
    let mut table = [false; 256];
    let mut n = 0;
    while n < bytes.len() {
        table[bytes[n] as usize] = true;
        n += 1;
    }
    table
}

static WORD: [bool; 256] = {
    let mut table = special(b"_$");
    let mut byte = 0;
    while byte < 256 {
        table[byte] |= (byte as u8).is_ascii_alphanumeric() || byte >= 0x80;
        byte += 1;
    }
    table
};

/// Whether a byte can be inside an identifier or number.
pub(super) fn is_word(byte: u8) -> bool {
    WORD[usize::from(byte)]
}

/// The identifier or number that a text begins with.
pub(super) fn word(text: &[u8]) -> &[u8] {
    &text[..text.iter().position(|byte| !is_word(*byte)).unwrap_or(text.len())]
}

/// Whether a byte is a blank within a line.
pub(super) fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | 0x0b | 0x0c)
}

/// Whether a text contains a part.
pub(super) fn contains(text: &[u8], part: &[u8]) -> bool {
    memchr::memmem::find(text, part).is_some()
}

/// Whether a text contains an identifier, not as a part of a longer one.
pub(super) fn contains_word(text: &[u8], name: &[u8]) -> bool {
    memchr::memmem::find_iter(text, name)
        .any(|at| word(&text[at..]).len() == name.len() && (at == 0 || !is_word(text[at - 1])))
}

/// Whether a line begins as a C++20 module or import declaration (cpp.pre, `module-file`).
pub(super) fn is_module_line(text: &[u8]) -> bool {
    let first = word(text);
    let rest = text[first.len()..].trim_ascii_start();
    match first {
        b"export" => matches!(word(rest), b"module" | b"import"),
        b"import" => matches!(rest, [b'<' | b'"' | b':', ..]) || ends_as_name(rest),
        b"module" => matches!(rest, [b';' | b':', ..]) || ends_as_name(rest),
        _ => false,
    }
}

/// `a.b:c` up to a semicolon or attribute.
fn ends_as_name(text: &[u8]) -> bool {
    let len = text.iter().take_while(|byte| is_word(**byte) || matches!(byte, b'.' | b':')).count();
    let after = text[len..].trim_ascii_start();
    len > 0 && (after.starts_with(b";") || after.starts_with(b"[["))
}

/// The identifiers in a directive and where they begin, strings and characters left out.
pub(super) fn names(text: &[u8]) -> impl Iterator<Item = (usize, &[u8])> {
    let mut at = 0;
    std::iter::from_fn(move || {
        while let Some(&byte) = text.get(at) {
            if matches!(byte, b'"' | b'\'') {
                at = after_literal(text, at);
                continue;
            }
            if !is_word(byte) {
                at += 1;
                continue;
            }
            let (begin, name) = (at, word(&text[at..]));
            at += name.len();
            if !byte.is_ascii_digit() {
                return Some((begin, name));
            }
        }
        None
    })
}

fn after_literal(text: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    while let Some(&byte) = text.get(at) {
        at += if byte == b'\\' { 2 } else { 1 };
        if byte == text[open] {
            break;
        }
    }
    at
}
