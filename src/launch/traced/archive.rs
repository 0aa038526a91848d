//! Archives: whether one depends on more than what is in its members.

/// What an archive begins with (`ar(5)`).
const MAGIC: &[u8] = b"!<arch>\n";

/// Length of a member's header.
const HEADER: usize = 60;

/// Whether `bytes` are an archive that says of a member when it was made, as `ar` does unless it is deterministic (`D` in
/// `ar(1)`). What only looks like an archive counts as one that does.
pub(super) fn has_times(bytes: &[u8]) -> bool {
    let Some(mut rest) = bytes.strip_prefix(MAGIC) else { return false };
    while !rest.is_empty() {
        let Some((header, members)) = rest.split_at_checked(HEADER) else { return true };
        let text = |field: std::ops::Range<usize>| {
            header.get(field).and_then(|field| std::str::from_utf8(field).ok()).map(str::trim)
        };
        if !matches!(text(16..28), Some("" | "0")) {
            return true;
        }
        let Some(size) = text(48..58).and_then(|size| size.parse::<usize>().ok()) else { return true };
        // Members begin at even places.
        rest = members.get(size.saturating_add(size % 2)..).unwrap_or_default();
    }
    false
}

#[cfg(test)]
mod tests {
    use super::has_times;

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
}
