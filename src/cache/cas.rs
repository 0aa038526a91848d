//! Content-addressed blobs on disk: `cas/ab/<hex>-<size>`.
//!
//! A blob appears by renaming a whole file, without waiting for the disk: after a crash a file may have lost its bytes, and
//! shows it by its size or its digest. No blob is given out before its bytes were compared with its name.

use std::collections::HashMap;
use std::fs::{self, File};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;

use super::error::{CacheError, if_there};
use super::folder::{Folder, Stamp, refresh};
use super::limit::Limit;
use crate::base::digest::Digest;

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

/// A blob that is open.
#[derive(Debug)]
pub struct Blob {
    /// Its bytes.
    pub file: File,
    /// When the file was changed last, since 1970: as long as that holds, its bytes are the blob's. `None` where nobody else can
    /// change it.
    pub modified: Option<Duration>,
}

/// What is known of a file that is a blob now.
enum Verdict {
    /// A later change would show in its stamp.
    Settled(Stamp),
    /// A later change might not show.
    Unsettled,
}

impl Blobs {
    /// The blobs below `root`; what is added counts against `limit`. Nothing is read or made yet.
    pub fn new(root: &Path, limit: Arc<Limit>) -> Self {
        Self { folder: Folder::new(root, "cas", limit), known: Mutex::default() }
    }

    /// Stores `bytes`, if they are not there yet.
    pub fn put_bytes(&self, bytes: &[u8]) -> Result<Digest> {
        let digest = Digest::of(bytes);
        if !self.holds(&digest)? {
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
        if !self.holds(&digest)? {
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
    ///
    /// A file that has just been written could change unseen: of that a copy is compared, and given out.
    pub fn open(&self, digest: &Digest) -> Result<Option<Blob>> {
        match self.look(digest)? {
            None => Ok(None),
            Some((file, Verdict::Settled(stamp))) => {
                Ok(Some(Blob { file, modified: Some(stamp.modified()) }))
            }
            Some((file, Verdict::Unsettled)) => self.copy(digest, &file),
        }
    }

    /// Whether the blob is there, compared with its digest.
    fn holds(&self, digest: &Digest) -> Result<bool> {
        self.look(digest).map(|found| found.is_some())
    }

    /// The blob's file, compared with its digest; deleted when it is something else.
    fn look(&self, digest: &Digest) -> Result<Option<(File, Verdict)>> {
        let path = self.path(digest);
        let Some(file) = if_there(File::open(&path)).map_err(CacheError::new(&path, "read"))? else {
            return Ok(None);
        };
        let verdict = self.verify(digest, &file).map_err(CacheError::new(&path, "read"))?;
        if verdict.is_none() {
            self.folder.discard(&path, "the bytes are not those of its digest");
        }
        Ok(verdict.map(|verdict| (file, verdict)))
    }

    /// A copy that nobody else can change.
    fn copy(&self, digest: &Digest, mut file: &File) -> Result<Option<Blob>> {
        let copy = self.folder.temporary()?;
        let path = copy.path().to_owned();
        let mut copy = copy.into_file();
        let copied = file.rewind().and_then(|()| Digest::of_copy(file, &mut copy));
        let copied = copied.and_then(|copied| copy.rewind().map(|()| copied));
        let same = copied.map_err(CacheError::new(&path, "copy a blob here"))? == *digest;
        Ok(same.then_some(Blob { file: copy, modified: None }))
    }

    /// All bytes of the blob, under the terms of [`Blobs::open`].
    pub fn read(&self, digest: &Digest) -> Result<Option<Vec<u8>>> {
        let path = self.path(digest);
        let Some(mut file) = if_there(File::open(&path)).map_err(CacheError::new(&path, "read"))? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        let read = file
            .metadata()
            .and_then(|meta| if meta.is_file() { file.read_to_end(&mut bytes) } else { Ok(0) });
        read.map_err(CacheError::new(&path, "read"))?;
        if Digest::of(&bytes) != *digest {
            self.folder.discard(&path, "the bytes are not those of its digest");
            return Ok(None);
        }
        refresh(&file);
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

    /// Whether the file's bytes are the blob's, by a look at its stamp if they were read before; `None` if not.
    fn verify(&self, digest: &Digest, mut file: &File) -> io::Result<Option<Verdict>> {
        // Refreshing a file's time of use changes its stamp, and would hide a change at the same moment.
        let refreshed = refresh(file);
        let stamp = Stamp::of(file)?;
        let known = || self.known.lock();
        if !refreshed && known().get(digest) == Some(&stamp) {
            return Ok(Some(Verdict::Settled(stamp)));
        }
        if !file.metadata()?.is_file() || Digest::of_reader(file)? != *digest {
            known().remove(digest);
            return Ok(None);
        }
        file.rewind()?;
        if stamp.is_settled() && Stamp::of(file)? == stamp {
            let mut known = known();
            if known.len() >= MOST_KNOWN {
                known.clear();
            }
            known.insert(*digest, stamp);
            return Ok(Some(Verdict::Settled(stamp)));
        }
        Ok(Some(Verdict::Unsettled))
    }
}

fn name(digest: &Digest) -> String {
    format!("{}-{}", digest.hex(), digest.size)
}
