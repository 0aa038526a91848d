//! A file that a traced command has left: why it cannot be kept. Read a piece at a time, for a program may have a gigabyte.

use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use super::archive;
use crate::command::Scratch;

/// Bytes that are looked at together.
const PIECE: usize = 1 << 20;

/// What is wrong with the file at `path`, in words that follow its name; nothing of one that may be kept.
pub(super) fn fault(path: &Path, scratch: &Scratch) -> io::Result<Option<&'static str>> {
    let mut file = File::open(path)?;
    if archive::has_times(&mut file)? {
        return Ok(Some("says when its members were made"));
    }
    if scratch.is_empty() {
        return Ok(None);
    }
    io::Seek::rewind(&mut file)?;
    Ok(has(file, scratch.longest(), PIECE, |piece| scratch.is_in(piece))?
        .then_some("has a random name in it"))
}

/// Whether `is_in` holds of a stretch of at most `longest` bytes of the file.
fn has(mut file: impl Read, longest: usize, piece: usize, is_in: impl Fn(&[u8]) -> bool) -> io::Result<bool> {
    let mut held = Vec::with_capacity(piece + longest);
    loop {
        let read = file.by_ref().take(piece as u64).read_to_end(&mut held)?;
        if is_in(&held) {
            return Ok(true);
        }
        if read == 0 {
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
        for piece in 1..text.len() {
            assert!(has(&text[..], 6, piece, is_in).unwrap(), "{piece}");
            assert!(!has(&text[..21], 6, piece, is_in).unwrap(), "{piece}");
        }
    }
}
