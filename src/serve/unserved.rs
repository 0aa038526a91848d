//! Why a command is not served: there is nothing to serve, or what there is is to be verified, or is not to be trusted.

use std::sync::Arc;

use super::verify::Expected;
use crate::launch::candidate::Candidate;
use crate::launch::miss::{Miss, MissReason};
use crate::store::RecordId;

/// Why a command is not served and has to run.
pub(crate) struct Unmet {
    pub why: Miss,
    /// What it would have been served.
    pub expected: Option<Box<Expected>>,
}

impl From<Miss> for Unmet {
    fn from(why: Miss) -> Self {
        Self { why, expected: None }
    }
}

impl From<Expected> for Unmet {
    fn from(expected: Expected) -> Self {
        Self { why: MissReason::Verified.into(), expected: Some(Box::new(expected)) }
    }
}

/// A command that neither its launch nor the cache serves.
pub(super) struct Unserved {
    /// Its record's name by what it makes, and the one that it has.
    pub records: [RecordId; 2],
    /// Position in the build's order.
    pub order: u32,
    /// The record that remembers it.
    pub candidate: Option<Arc<Candidate>>,
    pub unmet: Unmet,
}
