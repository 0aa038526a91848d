//! Where actions run and results live.

mod cache;
mod executor;
mod view;

pub use cache::{Cache, CacheError, Outcome, OutputFile};
pub use executor::{Executed, Executor, Job, hurry, kill};
