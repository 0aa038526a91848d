//! Blob: something to upload, and reading it so that only what its digest says is ever sent.

use std::fs::File;
use std::io::{self, Cursor, Read};
use std::path::Path;

use sha2::{Digest as _, Sha256};

use crate::base::digest::Digest;

/// Room is made for so many bytes before they are read: what is larger is sent as a stream.
const LIKELY: u64 = 4 << 20;

/// A blob to upload.
#[derive(Debug, Clone, Copy)]
pub struct Blob<'a> {
    /// Its name.
    pub digest: Digest,
    /// Its bytes.
    pub content: Content<'a>,
}

/// Where a blob's bytes are.
#[derive(Debug, Clone, Copy)]
pub enum Content<'a> {
    /// Here.
    Bytes(&'a [u8]),
    /// In a file, read when it is needed. If that is not what the digest says any more, the upload fails.
    File(&'a Path),
}

impl Blob<'_> {
    /// All bytes. Fails if they are not those of the digest.
    pub(super) fn read(&self) -> io::Result<Vec<u8>> {
        let bytes = match self.content {
            Content::Bytes(bytes) => bytes.to_vec(),
            Content::File(path) => {
                let file = File::open(path)?;
                let mut bytes = Vec::with_capacity(self.digest.size.min(LIKELY).saturating_add(1) as usize);
                // A file that grows has the wrong digest, however long it has become.
                file.take(self.digest.size.saturating_add(1)).read_to_end(&mut bytes)?;
                bytes
            }
        };
        if Digest::of(&bytes) == self.digest { Ok(bytes) } else { Err(changed()) }
    }

    /// A reader of the bytes from `offset` on, which can tell at its end whether they were the digest's.
    pub(super) fn source(&self, offset: u64) -> io::Result<Source> {
        let reader: Box<dyn Read + Send> = match self.content {
            Content::Bytes(bytes) => Box::new(Cursor::new(bytes.to_vec())),
            Content::File(path) => Box::new(File::open(path)?),
        };
        let mut source = Source { reader, hasher: Sha256::new(), size: 0, digest: self.digest };
        if io::copy(&mut (&mut source).take(offset), &mut io::sink())? == offset {
            Ok(source)
        } else {
            Err(changed())
        }
    }

    /// What a message says of where the bytes come from.
    pub(super) fn origin(&self) -> String {
        match self.content {
            Content::Bytes(_) => self.digest.to_string(),
            Content::File(path) => path.display().to_string(),
        }
    }
}

/// Reads a blob and hashes what goes by.
pub(super) struct Source {
    reader: Box<dyn Read + Send>,
    hasher: Sha256,
    size: u64,
    digest: Digest,
}

impl Source {
    /// Fails unless all that was read makes up the blob.
    pub(super) fn check(&self) -> io::Result<()> {
        let read = Digest { hash: self.hasher.clone().finalize().into(), size: self.size };
        if read == self.digest { Ok(()) } else { Err(changed()) }
    }
}

impl Read for Source {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.hasher.update(buffer.get(..count).unwrap_or_default());
        self.size += count as u64;
        // More than the blob has would keep a stream going for as long as a file grows.
        if self.size > self.digest.size { Err(changed()) } else { Ok(count) }
    }
}

fn changed() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the content is not that of its digest any more")
}
