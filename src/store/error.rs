//! What can go wrong with the store, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

use super::ElementKey;

/// Why the store could not do as asked. None of these may fail a build: the caller runs without memory.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A newer spec-cc wrote this store. Nothing in it was touched.
    #[error(
        "{path}: the store has format {found}, this spec-cc knows up to {known}; \
         use the newer spec-cc, or name another folder with SPEC_CC_STORE"
    )]
    Newer {
        /// The store's folder.
        path: PathBuf,
        /// The format found there.
        found: u32,
        /// The newest format this program reads.
        known: u32,
    },
    /// Another process has the store open.
    #[error("{path}: the store is in use by another process")]
    Locked {
        /// The store's folder.
        path: PathBuf,
    },
    /// The store was left in the middle of something, and this process can no longer check it safely.
    #[error("{path}: the store was not closed properly and must be checked by a fresh process")]
    Unchecked {
        /// The store's folder.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error("{path}: cannot {action}: {source}")]
    Io {
        /// The file or folder.
        path: PathBuf,
        /// What was being done, as a verb phrase.
        action: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// The store's contents contradict themselves; the next open checks it and begins anew if need be.
    #[error("{path}: the store is damaged: {what}")]
    Damaged {
        /// The store's folder.
        path: PathBuf,
        /// What was found.
        what: String,
    },
    /// The element is not in the store.
    #[error("nothing is recorded for {0}")]
    Unknown(ElementKey),
    /// The bytes to import are not an exported element.
    #[error("cannot import: {0}")]
    Import(#[from] ImportError),
    /// A session's row could not be turned into JSON.
    #[error("cannot write down the session: {0}")]
    Session(#[from] serde_json::Error),
}

impl StoreError {
    pub(super) fn io(path: &Path, action: &'static str) -> impl FnOnce(io::Error) -> Self {
        move |source| Self::Io { path: path.to_owned(), action, source }
    }

    /// Whether sled found its file locked; it says so in words alone.
    pub(super) fn is_lock(error: &sled::Error) -> bool {
        matches!(error, sled::Error::Io(source) if source.to_string().contains("could not acquire lock"))
    }

    /// Tells the system's refusals (full disk, no permission) from bytes that make no sense. sled keeps of the system's
    /// answer only its kind and text.
    pub(super) fn from_sled(dir: &Path, action: &'static str, error: sled::Error) -> Self {
        use io::ErrorKind::{InvalidData, InvalidInput, Other, UnexpectedEof};
        let path = dir.to_owned();
        match error {
            error if Self::is_lock(&error) => Self::Locked { path },
            sled::Error::Io(source)
                if !matches!(source.kind(), InvalidData | InvalidInput | Other | UnexpectedEof) =>
            {
                Self::Io { path, action, source }
            }
            other => Self::Damaged { path, what: format!("cannot {action}: {other}") },
        }
    }
}

/// The version of exported files that this program writes, and the highest that it reads.
pub(super) const VERSION: u32 = 1;

/// What is wrong with the bytes to import.
#[derive(Clone, PartialEq, Eq, Debug, thiserror::Error)]
pub enum ImportError {
    /// The bytes do not begin as an exported element does.
    #[error("this is not an exported element")]
    Magic,
    /// A newer spec-cc wrote it.
    #[error("exported in version {found} by a newer spec-cc; this one knows up to {VERSION}")]
    Newer {
        /// The version found.
        found: u32,
    },
    /// The bytes are fewer or more than they say.
    #[error("cut short or padded: {expected} bytes announced, {found} there")]
    Length {
        /// Bytes announced.
        expected: u64,
        /// Bytes there.
        found: u64,
    },
    /// More than any element needs.
    #[error("too large: {0} bytes")]
    TooLarge(u64),
    /// Its contents would take up more memory than any element's do.
    #[error("its contents would fill {0} bytes of memory")]
    TooHeavy(usize),
    /// The bytes changed on the way.
    #[error("the checksum does not match: the bytes changed on the way")]
    Checksum,
    /// The checksum is right but the contents are not.
    #[error("the contents make no sense: {0}")]
    Contents(&'static str),
}
