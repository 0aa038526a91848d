//! Why a result cannot be had from a grid.

use super::unusable::Unusable;
use crate::action::remote::NotRemote;
use crate::reapi::GridError;
use crate::traced::mirror::Unmirrored;
use crate::traced::observe::Unlearnt;

/// Why a command cannot be had from the grid. It can be run here instead.
#[derive(Debug, thiserror::Error)]
pub enum Unobtainable {
    /// The grid does not answer as it should.
    #[error(transparent)]
    Grid(#[from] GridError),
    /// What it answers cannot be used.
    #[error(transparent)]
    Unusable(#[from] Unusable),
    /// Commands such as this one are not sent to grids.
    #[error(transparent)]
    Unsent(#[from] Unsent),
}

/// Why a command has no action on a grid.
#[derive(Debug, thiserror::Error)]
pub enum Unsent {
    /// The user says what recc is to take for its inputs.
    #[error("DEPS_OVERRIDE names its inputs, which may not be all that it reads")]
    Override,
    /// recc's layout cannot give a worker what the command finds here.
    #[error("no action holds all that it depends on")]
    Unfaithful,
    /// No input root has what it touches.
    #[error(transparent)]
    Unmirrored(#[from] Unmirrored),
    /// recc does not send it.
    #[error(transparent)]
    NotRemote(#[from] NotRemote),
}

impl Unobtainable {
    /// Whether files here have changed meanwhile, and nobody is at fault.
    pub(crate) fn is_of_files(&self) -> bool {
        matches!(self, Self::Unusable(Unusable::Unlearnt(Unlearnt::Meanwhile(_))))
    }

    /// Whether a result is at fault, rather than the grid.
    pub(crate) fn is_of_result(&self) -> bool {
        match self {
            Self::Grid(error) => !error.missing_blobs().is_empty(),
            Self::Unusable(_) => true,
            Self::Unsent(_) => false,
        }
    }
}
