//! Exported elements with any body. The fuzz target `store` has this file as its own, too.
use sha2::{Digest as _, Sha256};

/// What stands before the body: magic, version, length, checksum.
pub(crate) const HEAD: usize = 8 + 4 + 8 + 32;

/// `body` with a head that fits it.
pub(crate) fn sealed(body: &[u8]) -> Vec<u8> {
    let mut bytes = b"spec-cc\x01\x01\0\0\0".to_vec();
    bytes.extend((body.len() as u64).to_le_bytes());
    bytes.extend(Sha256::digest(body));
    bytes.extend(body);
    bytes
}
