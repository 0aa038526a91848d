//! Why the companion cannot do what `specctl` asks.

use std::time::Duration;

use crate::cache::error::CacheError;
use crate::compile::link::error::LinkError;
use crate::compile::unperformed::Unperformed;
use crate::grid::unobtainable::Unobtainable;
use crate::settings::SettingsError;
use crate::store::{KeyError, StoreError};

/// Why a request has no answer; people read it.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ControlError {
    /// Nothing is remembered, for this reason.
    #[error("the store cannot be used: {0}")]
    NoStore(String),
    /// The store cannot do it.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// A setting is wrong.
    #[error(transparent)]
    Settings(#[from] SettingsError),
    /// An element's name is none.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// No record of such an element.
    #[error("no element {0:?} is recorded (see `specctl list`)")]
    UnknownElement(String),
    /// The session has ended, or never was.
    #[error("that session is not open")]
    NotOpen,
    /// No session is open, of an element if one is named.
    #[error("no such session is open")]
    NoneOpen,
    /// No session has ended yet.
    #[error("there has been no session yet")]
    NoneYet,
    /// No session with this number.
    #[error("there is no session {0}")]
    UnknownSession(u64),
    /// A session is named otherwise.
    #[error("a session is `last` or a number")]
    NotASession,
    /// The element's sessions have left nothing.
    #[error("no session of {0} has been kept yet")]
    NoReport(crate::store::ElementKey),
    /// Of the session only its counts are kept.
    #[error("no more is kept of session {0}: only the last ten of {1} can be looked at")]
    ReportGone(u64, crate::store::ElementKey),
    /// The launches take too long to wait for.
    #[error("launches are still under way after {} minutes", .0.as_secs() / 60)]
    StillUnderWay(Duration),
    /// A blob came in some other form.
    #[error("the blob is not in base 16")]
    NotBase16,
    /// A blob of contents is damaged, or cannot be made.
    #[error(transparent)]
    Compression(#[from] std::io::Error),
    /// A blob of contents makes no sense.
    #[error(transparent)]
    Contents(#[from] prost::DecodeError),
    /// The local cache cannot take contents.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// The environment names no grid, or one that cannot be reached.
    #[error("no grid can be used")]
    NoGrid,
    /// The grid cannot do it.
    #[error(transparent)]
    Grid(#[from] Unobtainable),
    /// Paths are texts here.
    #[error("the folder's name is not UTF-8")]
    FolderName,
    /// Paths are texts here.
    #[error("the project root is not UTF-8")]
    RootName,
    /// A command cannot be scanned.
    #[error(transparent)]
    Unperformed(#[from] Unperformed),
    /// A link cannot be accounted for.
    #[error(transparent)]
    Link(#[from] LinkError),
}
