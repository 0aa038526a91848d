//! Why a result cannot be had from a grid.

use crate::reapi::GridError;

/// Why a command cannot be had from the grid. It can be run here instead.
#[derive(Debug, thiserror::Error)]
pub enum Unobtainable {
    /// The grid does not answer as it should.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// What it answers cannot be used.
    #[error("{0}")]
    Unusable(String),
    /// Commands such as this one are not sent to grids.
    #[error("{0}")]
    Unsent(String),
}

impl Unobtainable {
    /// Whether a result is at fault, rather than the grid.
    pub(crate) fn is_of_result(&self) -> bool {
        match self {
            Self::Grid(error) => !error.missing_blobs().is_empty(),
            Self::Unusable(_) => true,
            Self::Unsent(_) => false,
        }
    }
}
