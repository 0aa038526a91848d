//! Digest: a content's SHA-256 and its size, as the Remote Execution API names blobs.

use std::fmt;
use std::io::{self, Read, Write};
use std::str::FromStr;

use sha2::{Digest as _, Sha256};

/// A blob's name: SHA-256 of the content and its size in bytes (REAPI v2, message `Digest`).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    /// SHA-256 of the content.
    pub hash: [u8; 32],
    /// The content's size in bytes.
    pub size: u64,
}

/// Why a text is no digest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no digest: expected 64 lowercase hex digits, a slash and a size in bytes")]
pub struct ParseDigestError {
    text: String,
}

impl Digest {
    /// The digest of a content held in memory.
    pub fn of(content: &[u8]) -> Self {
        Self { hash: Sha256::digest(content).into(), size: content.len() as u64 }
    }

    /// The digest of all that is left in a reader; fails as the reader does.
    pub fn of_reader(reader: impl Read) -> io::Result<Self> {
        Self::of_copy(reader, io::sink())
    }

    /// Copies all that is left in a reader; the digest is that of the bytes copied.
    pub fn of_copy(mut from: impl Read, mut to: impl Write) -> io::Result<Self> {
        let mut hasher = Sha256::new();
        let mut buffer = vec![0; 128 * 1024];
        let mut size = 0;
        loop {
            match from.read(&mut buffer) {
                Ok(0) => return Ok(Self { hash: hasher.finalize().into(), size }),
                Ok(n) => {
                    hasher.update(&buffer[..n]);
                    to.write_all(&buffer[..n])?;
                    size += n as u64;
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
    }

    /// As [`hex`](Self::hex), as ASCII.
    pub fn hex_digits(&self) -> [u8; 64] {
        let mut digits = [0; 64];
        for (pair, byte) in digits.chunks_exact_mut(2).zip(self.hash) {
            pair.copy_from_slice(&[DIGITS[usize::from(byte >> 4)], DIGITS[usize::from(byte & 15)]]);
        }
        digits
    }

    /// The hash as 64 lowercase hex digits, as REAPI writes it.
    pub fn hex(&self) -> String {
        String::from_utf8_lossy(&self.hex_digits()).into_owned()
    }

    /// The digest of a content of this size with this hash, as 64 lowercase hex digits; `None` when they are none.
    pub fn from_hex(digits: &str, size: u64) -> Option<Self> {
        Some(Self { hash: hash(digits.as_bytes().try_into().ok()?)?, size })
    }
}

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// The first half of a SHA-256: enough of a key where many are kept.
pub(crate) fn short(hasher: Sha256) -> [u8; 16] {
    let mut short = [0; 16];
    short.copy_from_slice(&hasher.finalize()[..16]);
    short
}

/// Any bytes as lowercase hex digits.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().flat_map(|byte| [byte >> 4, byte & 15]).map(|n| char::from(DIGITS[usize::from(n)])).collect()
}

impl fmt::Display for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.hex(), self.size)
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for Digest {
    type Err = ParseDigestError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        parse(text).ok_or_else(|| ParseDigestError { text: text.to_owned() })
    }
}

fn parse(text: &str) -> Option<Digest> {
    let (hex, size) = text.split_once('/')?;
    if !size.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    Digest::from_hex(hex, size.parse().ok()?)
}

/// The hash that 64 lowercase hex digits stand for; `None` when they are none.
pub(crate) fn hash(digits: &[u8; 64]) -> Option<[u8; 32]> {
    let mut hash = [0; 32];
    for (byte, pair) in hash.iter_mut().zip(digits.chunks_exact(2)) {
        *byte = nibble(pair[0])? << 4 | nibble(pair[1])?;
    }
    Some(hash)
}

/// The bytes that lowercase hex digits stand for; `None` when they are none.
pub fn unhex(digits: &str) -> Option<Vec<u8>> {
    let (pairs, []) = digits.as_bytes().as_chunks::<2>() else { return None };
    pairs.iter().map(|[high, low]| Some(nibble(*high)? << 4 | nibble(*low)?)).collect()
}

fn nibble(digit: u8) -> Option<u8> {
    Some(NIBBLES[usize::from(digit)]).filter(|nibble| *nibble < 16)
}

/// What each byte stands for as a lowercase hex digit; 255 for what is none.
const NIBBLES: [u8; 256] = {
    let mut nibbles = [255; 256];
    let mut value = 0;
    while value < DIGITS.len() {
        nibbles[DIGITS[value] as usize] = value as u8;
        value += 1;
    }
    nibbles
};

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855/0";

    #[test]
    fn names_a_blob_as_reapi_does() {
        assert_eq!(Digest::of(b"").to_string(), EMPTY);
        assert_eq!(EMPTY.parse(), Ok(Digest::of(b"")));
    }

    #[test]
    fn a_reader_gives_the_same_digest_as_memory() {
        let content: Vec<u8> = (0..300_000_u32).map(|n| (n % 251) as u8).collect();
        assert_eq!(Digest::of_reader(&content[..]).ok(), Some(Digest::of(&content)));
        let mut copy = Vec::new();
        assert_eq!(Digest::of_copy(&content[..], &mut copy).ok(), Some(Digest::of(&content)));
        assert_eq!(copy, content);
    }

    #[test]
    fn hex_digits_come_back_as_bytes() {
        let bytes: Vec<u8> = (0..=255).collect();
        assert_eq!(unhex(&hex(&bytes)), Some(bytes));
        assert_eq!(unhex(""), Some(Vec::new()));
        for text in ["0", "0g", "AB", "é"] {
            assert_eq!(unhex(text), None, "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_digest() {
        let upper = EMPTY.to_uppercase();
        let long = format!("{EMPTY}99999999999999999999999");
        for text in [
            "",
            "/",
            "abc/3",
            &EMPTY[1..],
            &upper,
            &long,
            &EMPTY.replace("/0", "/+0"),
            &EMPTY.replace("/0", "/"),
        ] {
            assert!(text.parse::<Digest>().is_err(), "{text}");
        }
    }
}
