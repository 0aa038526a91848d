//! Compression of blobs with zstd, and undoing it without trusting what comes.

use std::io;

/// Smaller blobs gain too little.
pub(super) const WORTH_IT: u64 = 1 << 10;
/// zstd's fastest ordinary level: the network is rarely slower than a higher one.
pub(super) const LEVEL: i32 = 1;

/// The bytes compressed; `None` when that is no gain.
pub(super) fn pack(bytes: &[u8]) -> Option<Vec<u8>> {
    if (bytes.len() as u64) < WORTH_IT {
        return None;
    }
    zstd::bulk::compress(bytes, LEVEL).ok().filter(|packed| packed.len() < bytes.len())
}

/// The bytes that were compressed, of which there must be no more than `size`.
pub(super) fn unpack(packed: &[u8], size: u64) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let decoder = zstd::stream::read::Decoder::new(packed)?;
    io::copy(&mut io::Read::take(decoder, size.saturating_add(1)), &mut bytes)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_packed_comes_back_and_no_more() {
        let bytes = vec![7; 100_000];
        let packed = pack(&bytes).unwrap();
        assert!(packed.len() < 1000);
        assert_eq!(unpack(&packed, 100_000).unwrap(), bytes);
        assert_eq!(unpack(&packed, 10).unwrap().len(), 11, "a bomb does not go off");
        assert!(unpack(b"no zstd", 10).is_err());
    }

    #[test]
    fn what_gains_nothing_is_left_alone() {
        assert_eq!(pack(b"short"), None);
        let noise: Vec<u8> = std::iter::repeat_with(|| fastrand::u8(..)).take(4096).collect();
        assert_eq!(pack(&noise), None);
    }
}
