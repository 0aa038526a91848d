//! Where actions run and results live.

mod bars;
mod cache;
mod cas;
mod confine;
mod error;
mod executor;
mod folder;
mod limit;
mod outcome;
pub mod reapi;
pub mod recc;
mod results;
mod scratch;
mod view;

pub use bars::Bars;
pub use cache::Cache;
pub use cas::{Blob, Blobs};
pub use error::CacheError;
pub use executor::{Executed, Executor, Job, hurry, kill};
pub use limit::{DEFAULT_LIMIT, Limit, Trimmed};
pub use outcome::{Outcome, OutputFile};
pub use results::Results;
pub use scratch::SideFolder;
pub use spec_cc_tracer as trace;
pub use view::{Kind, View, place, resolved};
