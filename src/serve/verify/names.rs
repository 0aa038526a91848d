//! Names in messages that no two runs have in common: those of the temporary files that a compiler's driver makes.

/// How many letters of such a name are chance: GCC's `ccXXXXXX` (libiberty's `make_temp_file`), Clang's `NAME-%%%%%%` (its
/// `Driver::GetTemporaryPath`).
const CHANCE: usize = 6;

/// A message with the letters that are chance written `X`.
pub(super) fn nameless(said: &[u8]) -> Vec<u8> {
    let mut out = said.to_vec();
    for at in 0..said.len() {
        let rest = &said[at..];
        let begin = if rest.starts_with(b"/cc") { 3 } else { 1 };
        let is_chance: fn(&u8) -> bool = match rest {
            [b'/', b'c', b'c', ..] => u8::is_ascii_alphanumeric,
            [b'-', ..] => |byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'),
            _ => continue,
        };
        let chance = rest[begin..].iter().take_while(|byte| is_chance(byte)).count();
        if chance == CHANCE && rest.get(begin + CHANCE) == Some(&b'.') {
            out[at + begin..at + begin + CHANCE].fill(b'X');
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::nameless;

    #[test]
    fn what_is_chance_has_no_name() {
        let say = |text: &str| String::from_utf8(nameless(text.as_bytes())).unwrap();
        assert_eq!(say(" as -o x.o /tmp/ccUbUM3j.s\n"), " as -o x.o /tmp/ccXXXXXX.s\n");
        assert_eq!(say("-o /tmp/x-6d3f1a.o -c"), "-o /tmp/x-XXXXXX.o -c");
        for text in
            ["/usr/ccache7/x", "/tmp/ccache.h", "x.c:1:2: error: -O2 -Wshadow", "/cc", "-", "a-1234567.o"]
        {
            assert_eq!(say(text), text);
        }
    }
}
