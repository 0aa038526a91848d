//! Results on disk: blobs, action results, and the size limit they share.

pub mod bars;
pub mod cas;
pub mod error;
pub mod folder;
pub mod limit;
pub mod outcome;
pub mod results;

use std::path::Path;
use std::sync::Arc;

use bars::Bars;
use cas::Blobs;
use limit::Limit;
use results::Results;

/// A cache's folder. Cheap to make: nothing is read or written before it is used.
#[derive(Debug)]
pub struct Cache {
    /// Contents by digest.
    pub blobs: Blobs,
    /// Results by the action's digest.
    pub results: Results,
    /// The size of both; its owner calls [`Limit::trim`] now and then when [`Limit::is_due`].
    pub limit: Arc<Limit>,
    /// Results that are not to be given out.
    pub bars: Bars,
}

impl Cache {
    /// The cache in `root`, of at most `limit` bytes.
    pub fn new(root: &Path, limit: u64) -> Self {
        let limit = Arc::new(Limit::new(root, limit));
        Self {
            blobs: Blobs::new(root, Arc::clone(&limit)),
            results: Results::new(root, Arc::clone(&limit)),
            limit,
            bars: Bars::default(),
        }
    }
}
