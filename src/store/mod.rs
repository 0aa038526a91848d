//! The sled store: records by element, dependency sets, pruning, import and export.
//!
//! One process at a time opens a store. Nothing outside this room knows sled or the rows' bytes. All rows of an
//! element have its number in their keys (see `rows`). What belongs together is written in one batch: a crash may lose
//! the last moments, but never part of a record.

mod build;
mod clock;
mod database;
mod disk;
mod element;
mod error;
mod export;
pub(crate) mod fields;
mod format;
mod generated;
mod image;
mod journal;
mod journals;
mod key;
mod marker;
mod probe;
mod quarantine;
mod record;
mod report;
mod room;
mod rows;
mod session;
mod set;
mod table;
mod weight;
mod write;

pub use crate::store::error::ImportError;
pub use build::Build;
pub use disk::{Opened, Store};
pub use element::{Element, Summary};
pub use error::StoreError;
pub use fields::{Field, fields};
pub use generated::{Generated, Made};
pub use key::{ElementKey, KeyError};
pub use quarantine::Quarantined;
pub use record::{Given, Record, RecordId, Traced, Use};
pub use set::SetId;

/// What every operation of this room returns.
pub type Result<T> = std::result::Result<T, StoreError>;
