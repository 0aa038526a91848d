//! Content-addressed blobs on disk: `cas/ab/<hex>-<size>`.
//!
//! A blob appears by renaming a whole file, without waiting for the disk: after a crash a file may have lost its bytes, and
//! shows it by its size or its digest. No blob is given out before its bytes were compared with its name.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::error::if_there;
use super::folder::{Folder, Stamp, discard, refresh};
use super::{CacheError, Limit};
use crate::inputs::digest::Digest;

type Result<T> = std::result::Result<T, CacheError>;

/// So many blobs are known to be whole, some 15 MB of memory; then all are compared once more.
const MOST_KNOWN: usize = 1 << 17;

/// The blobs below a cache's folder. Any number of threads and processes may use one folder.
#[derive(Debug)]
pub struct Blobs {
    folder: Folder,
    /// What the blobs that were compared with their digests looked like then.
    known: Mutex<HashMap<Digest, Stamp>>,
}

impl Blobs {
    /// The blobs below `root`; what is added counts against `limit`. Nothing is read or made yet.
    pub fn new(root: &Path, limit: Arc<Limit>) -> Self {
        Self { folder: Folder::new(root, "cas", limit), known: Mutex::default() }
    }

    /// Stores `bytes`, if they are not there yet.
    pub fn put_bytes(&self, bytes: &[u8]) -> Result<Digest> {
        let digest = Digest::of(bytes);
        if self.open(&digest)?.is_none() {
            let mut file = self.folder.temporary()?;
            file.write_all(bytes).map_err(CacheError::new(file.path(), "write"))?;
            self.folder.place(&file, &name(&digest))?;
        }
        Ok(digest)
    }

    /// Stores a copy of all of `file`, whatever its position, which moves. The digest is that of the bytes copied, even if
    /// the file changes meanwhile.
    pub fn put_file(&self, file: &File) -> Result<Digest> {
        let mut copy = self.folder.temporary()?;
        let path = copy.path().to_owned();
        let mut source = file;
        source.rewind().map_err(CacheError::new(&path, "read the file to copy here"))?;
        let digest = Digest::of_copy(source, copy.as_file_mut())
            .map_err(CacheError::new(&path, "copy a file here"))?;
        if self.open(&digest)?.is_none() {
            self.folder.place(&copy, &name(&digest))?;
        }
        Ok(digest)
    }

    /// Stores a copy of the file at `path`.
    pub fn put_path(&self, path: &Path) -> Result<Digest> {
        self.put_file(&File::open(path).map_err(CacheError::new(path, "read"))?)
    }

    /// The blob, at its beginning and compared with its digest; `None` if it is not there. A file that is not what its name
    /// says is deleted.
    pub fn open(&self, digest: &Digest) -> Result<Option<File>> {
        let path = self.path(digest);
        let Some(file) = if_there(File::open(&path)).map_err(CacheError::new(&path, "read"))? else {
            return Ok(None);
        };
        match self.verify(digest, &file) {
            Ok(true) => Ok(Some(file)),
            Ok(false) => {
                discard(&path, "the bytes are not those of its digest");
                Ok(None)
            }
            Err(error) => Err(CacheError::new(&path, "read")(error)),
        }
    }

    /// All bytes of the blob, under the terms of [`Blobs::open`].
    pub fn read(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        let Some(mut file) = self.open(digest)? else { return Ok(None) };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(CacheError::new(&self.path(digest), "read"))?;
        Ok(Some(bytes))
    }

    /// Whether there is a file of this name and size. Its bytes are compared only by [`Blobs::open`].
    pub fn contains(&self, digest: &Digest) -> Result<bool> {
        let path = self.path(digest);
        let meta = if_there(fs::metadata(&path)).map_err(CacheError::new(&path, "look for"))?;
        Ok(meta.is_some_and(|meta| meta.is_file() && meta.len() == digest.size))
    }

    /// Where the blob is, if it is there.
    pub fn path(&self, digest: &Digest) -> PathBuf {
        self.folder.path(&name(digest))
    }

    /// Whether the file's bytes are the blob's, by a look at its stamp if they were read before.
    fn verify(&self, digest: &Digest, mut file: &File) -> io::Result<bool> {
        // Refreshing a file's time of use changes its stamp, and would hide a change at the same moment: read it again.
        let refreshed = refresh(file);
        let stamp = Stamp::of(file)?;
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if !refreshed && known().get(digest) == Some(&stamp) {
            return Ok(true);
        }
        if !file.metadata()?.is_file() || Digest::of_reader(file)? != *digest {
            known().remove(digest);
            return Ok(false);
        }
        file.rewind()?;
        if stamp.is_settled() && Stamp::of(file)? == stamp {
            let mut known = known();
            if known.len() >= MOST_KNOWN {
                known.clear();
            }
            known.insert(*digest, stamp);
        }
        Ok(true)
    }
}

fn name(digest: &Digest) -> String {
    format!("{}-{}", digest.hex(), digest.size)
}
