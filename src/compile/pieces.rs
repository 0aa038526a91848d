//! Files that are searched a piece at a time: an object may have a gigabyte.

use std::io::{self, Read};

/// Bytes that are looked at together.
const PIECE: usize = 1 << 20;

/// Whether `is_in` holds of some stretch of the file, were it one of at most `longest` bytes.
pub(crate) fn any(file: impl Read, longest: usize, is_in: impl Fn(&[u8]) -> bool) -> io::Result<bool> {
    any_of(file, longest, PIECE, is_in)
}

fn any_of(
    mut file: impl Read,
    longest: usize,
    piece: usize,
    is_in: impl Fn(&[u8]) -> bool,
) -> io::Result<bool> {
    let mut held = Vec::new();
    loop {
        let read = file.by_ref().take(piece as u64).read_to_end(&mut held)?;
        if is_in(&held) {
            return Ok(true);
        }
        if read < piece {
            return Ok(false);
        }
        // The end may be the beginning of one.
        held.drain(..held.len().saturating_sub(longest));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_across_pieces_is_found() {
        let text = b"................needle........";
        let is_in = |piece: &[u8]| piece.windows(6).any(|part| part == b"needle");
        for piece in 1..=text.len() {
            assert!(any_of(&text[..], 6, piece, is_in).unwrap(), "{piece}");
            assert!(!any_of(&text[..21], 6, piece, is_in).unwrap(), "{piece}");
        }
    }
}
