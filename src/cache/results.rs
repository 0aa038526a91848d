//! Action results on disk: `ac/ab/<hex of the action's digest>`.
//!
//! A file holds a SHA-256 and the `ActionResult` it vouches for. Without it an empty file, as a crash may leave, would read
//! as a success without outputs.

use std::fs::File;
use std::io::{Read as _, Write as _};
use std::path::Path;
use std::sync::Arc;

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use prost::Message as _;
use sha2::{Digest as _, Sha256};

use super::cas::Blobs;
use super::error::{CacheError, if_there};
use super::folder::{Folder, refresh};
use super::limit::Limit;
use crate::action::from_reapi;
use crate::base::digest::Digest;

type Result<T> = std::result::Result<T, CacheError>;

/// The action results below a cache's folder.
#[derive(Debug)]
pub struct Results {
    folder: Folder,
}

impl Results {
    /// The results below `root`; what is added counts against `limit`. Nothing is read or made yet.
    pub fn new(root: &Path, limit: Arc<Limit>) -> Self {
        Self { folder: Folder::new(root, "ac", limit) }
    }

    /// The result of `action`, if it is there and all blobs it names are in `blobs` (by name and size; opening one may still
    /// find it damaged).
    pub fn get(&self, action: &Digest, blobs: &Blobs) -> Result<Option<reapi::ActionResult>> {
        let path = self.folder.path(&action.hex());
        let Some(mut file) = if_there(File::open(&path)).map_err(CacheError::new(&path, "read"))? else {
            return Ok(None);
        };
        let mut bytes = Vec::new();
        file.read_to_end(&mut bytes).map_err(CacheError::new(&path, "read"))?;
        let Some(result) = unseal(action, &bytes) else {
            self.folder.discard(&path, "this is no action result");
            return Ok(None);
        };
        if !all_there(&result, blobs)? {
            return Ok(None);
        }
        refresh(&file);
        Ok(Some(result))
    }

    /// Removes the result of `action`, if it is there. Its blobs stay.
    pub fn remove(&self, action: &Digest) -> Result<()> {
        let path = self.folder.path(&action.hex());
        if_there(std::fs::remove_file(&path)).map(drop).map_err(CacheError::new(&path, "remove"))
    }

    /// Stores the result of `action` in place of an earlier one. Its blobs should be stored first.
    pub fn put(&self, action: &Digest, result: &reapi::ActionResult) -> Result<()> {
        let body = result.encode_to_vec();
        let mut file = self.folder.temporary()?;
        let written = file.write_all(&sum(action, &body)).and_then(|()| file.write_all(&body));
        written.map_err(CacheError::new(file.path(), "write"))?;
        self.folder.place(&file, &action.hex())
    }
}

/// The action is in the sum, so that a file under a wrong name is noticed.
fn sum(action: &Digest, body: &[u8]) -> [u8; 32] {
    Sha256::new()
        .chain_update(action.hash)
        .chain_update(action.size.to_le_bytes())
        .chain_update(body)
        .finalize()
        .into()
}

fn unseal(action: &Digest, bytes: &[u8]) -> Option<reapi::ActionResult> {
    let (told, body) = bytes.split_first_chunk::<32>()?;
    (*told == sum(action, body)).then_some(())?;
    reapi::ActionResult::decode(body).ok()
}

fn all_there(result: &reapi::ActionResult, blobs: &Blobs) -> Result<bool> {
    let files = result.output_files.iter().map(|file| file.digest.as_ref());
    let streams = [&result.stdout_digest, &result.stderr_digest].into_iter().flatten().map(Some);
    for digest in files.chain(streams) {
        if !is_there(digest, blobs)? {
            return Ok(false);
        }
    }
    for folder in &result.output_directories {
        if !tree_is_there(folder.tree_digest.as_ref(), blobs)? {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Whether a REAPI `Tree` and the files in it are there.
fn tree_is_there(digest: Option<&reapi::Digest>, blobs: &Blobs) -> Result<bool> {
    let Some(digest) = digest.and_then(from_reapi) else { return Ok(false) };
    let tree = blobs.read(&digest)?.and_then(|bytes| reapi::Tree::decode(bytes.as_slice()).ok());
    let Some(tree) = tree else { return Ok(false) };
    for file in tree.root.iter().chain(&tree.children).flat_map(|folder| &folder.files) {
        if !is_there(file.digest.as_ref(), blobs)? {
            return Ok(false);
        }
    }
    Ok(true)
}

fn is_there(digest: Option<&reapi::Digest>, blobs: &Blobs) -> Result<bool> {
    digest.and_then(from_reapi).map_or(Ok(false), |digest| blobs.contains(&digest))
}
