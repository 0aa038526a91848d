//! Sink: where a blob is received, counted and hashed.

use std::fs::File;
use std::io::{self, Seek as _, Write};

use sha2::{Digest as _, Sha256};
use tonic::Status;

use crate::base::digest::Digest;

/// A blob on its way here.
pub(super) struct Sink {
    target: Target,
    blob: Digest,
    hasher: Sha256,
    size: u64,
}

/// Where its bytes go.
pub(super) enum Target {
    /// For small ones.
    Memory(Vec<u8>),
    /// For the others.
    File(File),
}

impl Sink {
    pub(super) fn new(blob: &Digest, target: Target) -> Self {
        Self { target, blob: *blob, hasher: Sha256::new(), size: 0 }
    }

    /// How many bytes have come.
    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// Forgets what has come.
    pub(super) fn restart(&mut self) -> io::Result<()> {
        match &mut self.target {
            Target::Memory(bytes) => bytes.clear(),
            Target::File(file) => {
                file.set_len(0)?;
                file.rewind()?;
            }
        }
        self.hasher = Sha256::new();
        self.size = 0;
        Ok(())
    }

    /// Fails unless the blob is here: what is cut off may still come, what is wrong stays wrong.
    pub(super) fn check(&self) -> Result<(), Status> {
        if self.size < self.blob.size {
            let text = format!("the stream ended after {} bytes of {}", self.size, self.blob);
            return Err(Status::aborted(text));
        }
        let came = Digest { hash: self.hasher.clone().finalize().into(), size: self.size };
        if came == self.blob { Ok(()) } else { Err(wrong(&self.blob)) }
    }

    /// The bytes' place, after [`Sink::check`].
    pub(super) fn into_target(self) -> Target {
        self.target
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.size + bytes.len() as u64 > self.blob.size {
            return Err(io::Error::new(io::ErrorKind::InvalidData, "more bytes came than the blob has"));
        }
        match &mut self.target {
            Target::Memory(memory) => memory.extend_from_slice(bytes),
            Target::File(file) => file.write_all(bytes)?,
        }
        self.hasher.update(bytes);
        self.size += bytes.len() as u64;
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// The failure of a server that sends something else under a digest.
pub(super) fn wrong(blob: &Digest) -> Status {
    Status::data_loss(format!("what the server has as {blob} is something else"))
}
