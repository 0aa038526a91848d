//! Where actions run and results live.

mod cache;
mod cas;
mod error;
mod folder;
mod limit;
mod results;

pub use cache::Cache;
pub use cas::Blobs;
pub use error::CacheError;
pub use limit::{DEFAULT_LIMIT, Limit, Trimmed};
pub use results::Results;
