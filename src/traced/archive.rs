//! Archives: whether one depends on more than what is in its members.

use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;

/// What an archive begins with (`ar(5)`).
const MAGIC: &[u8] = b"!<arch>\n";

/// Length of a member's header.
const HEADER: usize = 60;

/// Whether a file, at its beginning, is an archive that says of a member when it was made, as `ar` does unless it is
/// deterministic (`D` in `ar(1)`). What only looks like an archive counts as one that does.
pub(super) fn has_times(file: &mut (impl Read + Seek)) -> io::Result<bool> {
    let mut magic = [0; MAGIC.len()];
    if !fills(file, &mut magic)? || magic != MAGIC {
        return Ok(false);
    }
    let length = file.seek(SeekFrom::End(0))?;
    let mut at = MAGIC.len() as u64;
    while at < length {
        file.seek(SeekFrom::Start(at))?;
        let mut header = [0; HEADER];
        if !fills(file, &mut header)? {
            return Ok(true);
        }
        let text = |field: Range<usize>| {
            header.get(field).and_then(|field| std::str::from_utf8(field).ok()).map(str::trim)
        };
        if !matches!(text(16..28), Some("" | "0")) {
            return Ok(true);
        }
        let Some(size) = text(48..58).and_then(|size| size.parse::<u64>().ok()) else { return Ok(true) };
        // Members begin at even places. Ten digits do not come near the end of 64 bits.
        at += HEADER as u64 + size + size % 2;
    }
    Ok(false)
}

/// Whether there are so many bytes left.
fn fills(file: &mut impl Read, buffer: &mut [u8]) -> io::Result<bool> {
    match file.read_exact(buffer) {
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        read => read.map(|()| true),
    }
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use proptest::prelude::*;

    fn has_times(bytes: &[u8]) -> bool {
        super::has_times(&mut Cursor::new(bytes)).unwrap()
    }

    fn archive(time: &str) -> Vec<u8> {
        let header = format!("{:<16}{time:<12}{:<6}{:<6}{:<8}{:<10}`\n", "a.o/", "0", "0", "644", "3");
        [b"!<arch>\n".as_slice(), header.as_bytes(), b"abc\n", header.as_bytes(), b"abc\n"].concat()
    }

    #[test]
    fn members_with_times_are_seen() {
        assert!(!has_times(&archive("0")));
        assert!(has_times(&archive("1700000000")));
        assert!(!has_times(b"\x7fELF"));
        assert!(has_times(b"!<arch>\ncut"));
    }

    proptest! {
        #[test]
        fn any_change_of_an_archive_is_read_to_its_end(at in 0_usize..136, byte: u8, end in 0_usize..136) {
            let mut bytes = archive("0");
            bytes[at] = byte;
            bytes.truncate(end);
            has_times(&bytes);
        }
    }
}
