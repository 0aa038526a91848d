//! Plain: stretches of text in which nothing begins that the lexer has to know of.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::words::special;

/// Bytes that end a plain stretch.
const ENDS: &[u8; 4] = b"\n\"'/";

static END: [bool; 256] = special(ENDS);

/// The same for a text in which words may count; few texts have one.
static END_OR_WORD: [bool; 256] = special(b"\n\"'/_bB.");

/// Parts of the words that count outside of directives, and of what `##` may make them of; the assembler's are looked for apart, since case does not matter there.
static WORDS: LazyLock<[Finder<'static>; 4]> =
    LazyLock::new(|| ["__TI", "__DA", "_Pragma", "_macro"].map(Finder::new));

/// Whether a text may hold a word that counts outside of directives.
pub(super) fn may_hold_word(text: &[u8]) -> bool {
    may_hold_assembler_word(text) || WORDS.iter().any(|word| word.find(text).is_some())
}

/// Whether `incb` or `.inc` may be there, in any case.
#[allow(clippy::needless_bitwise_bool, reason = "without branches it becomes vector code")]
fn may_hold_assembler_word(text: &[u8]) -> bool {
    let Some(last) = text.len().checked_sub(3) else { return false };
    // Letters become lower case; a few other bytes pass for letters, which costs only time.
    let lower = |from: usize| text[from..from + last].iter().map(|byte| byte | 0x20);
    lower(0).zip(lower(1)).zip(lower(2)).zip(lower(3)).fold(false, |found, (((a, b), c), d)| {
        let incb = (a == b'i') & (b == b'n') & (c == b'c') & (d == b'b');
        let include = (a == b'.') & (b == b'i') & (c == b'n') & (d == b'c');
        found | incb | include
    })
}

/// The length of the plain stretch that a text begins with, if no word counts in it; eight bytes at a time.
pub(super) fn len(text: &[u8]) -> usize {
    const EACH: u64 = u64::from_ne_bytes([1; 8]);
    const HIGH: u64 = EACH << 7;
    let (words, rest) = text.as_chunks::<8>();
    for (at, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The lowest mark is of a byte that is zero, those above may be wrong (Hacker's Delight, 6-1).
        let marks = ENDS.iter().fold(0, |marks, &byte| {
            let zero = word ^ (u64::from(byte) * EACH);
            marks | zero.wrapping_sub(EACH) & !zero & HIGH
        });
        if marks != 0 {
            return at * 8 + marks.trailing_zeros() as usize / 8;
        }
    }
    let at = rest.iter().position(|byte| END[usize::from(*byte)]).unwrap_or(rest.len());
    words.len() * 8 + at
}

/// Where the plain stretch from `at` on ends, where words may count.
pub(super) fn end_before_words(text: &[u8], mut at: usize) -> usize {
    while let Some(&byte) = text.get(at) {
        if END_OR_WORD[usize::from(byte)] && !is_harmless(text, at, byte) {
            break;
        }
        at += 1;
    }
    at
}

/// Whether a special byte begins no word of interest, by its neighbours; most do not.
fn is_harmless(text: &[u8], at: usize, byte: u8) -> bool {
    match byte {
        b'_' => !matches!(text[at + 1..], [b'_', b'T' | b'D', ..] | [b'P', b'r', ..] | [b'm', b'a', ..]),
        // As in `incbin`.
        b'b' | b'B' => at == 0 || !text[at - 1].eq_ignore_ascii_case(&b'c'),
        b'.' => !matches!(text[at + 1..], [b'i' | b'I', b'n' | b'N', ..]),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_word_is_noticed_wherever_it_stands() {
        for word in [
            "__TIME__",
            "__DATE__",
            "__TIMESTAMP__",
            "_Pragma",
            "push_macro",
            "pop_macro",
            ".IncLude",
            "inCBin",
        ] {
            for before in 0..40 {
                let text = format!("{}{word}", "x ".repeat(before));
                assert!(may_hold_word(text.as_bytes()), "{text}");
            }
        }
        assert!(!may_hold_word(b"int in; struct inc b; f(a.in);"));
    }

    proptest! {
        #[test]
        fn a_stretch_ends_at_the_first_end(text in prop::collection::vec(prop_oneof![
            4 => any::<u8>(), 1 => prop::sample::select(ENDS.as_slice()), 1 => Just(b'\n' + 1), 1 => Just(b'/' | 0x80),
        ], 0..60)) {
            let first = text.iter().position(|byte| ENDS.contains(byte)).unwrap_or(text.len());
            prop_assert_eq!(len(&text), first);
        }
    }
}
