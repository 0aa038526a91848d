//! What a run of a traced command has shown.

use crate::cache::outcome::Outcome;
use crate::compile::cache_key::CacheKey;
use crate::compile::reads::Reads;
use crate::store::Given;

/// What was learnt from it.
#[derive(Debug)]
pub struct Observed {
    /// Every path that the result depends on.
    pub reads: Reads,
    /// Under what its result is found.
    pub key: CacheKey,
    /// What it left.
    pub outcome: Outcome,
    /// Files of the build's own that it read.
    pub given: Vec<Given>,
}
