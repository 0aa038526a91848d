//! Why a compile that runs ahead gives no result.

use std::io;
use std::path::PathBuf;

use super::instance::Unready;
use super::not_kept::{NotKept, Unstorable};
use super::staging::StagingError;
use crate::toolchain::ToolchainError;

/// Why a scan or a compile of our own came to nothing.
#[derive(Debug, thiserror::Error)]
pub enum Unperformed {
    /// Its compiler is not known.
    #[error(transparent)]
    Toolchain(#[from] ToolchainError),
    /// It has no instance on the files that are there.
    #[error(transparent)]
    Unready(#[from] Unready),
    /// A file that it reads changed each time that it was scanned.
    #[error("{0} changes all the while")]
    Unsettled(String),
    /// Its view cannot have what it needs.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// It cannot be run, or what it left cannot be looked at.
    #[error(transparent)]
    Run(#[from] io::Error),
    /// Its compiler says no.
    #[error("the compile failed")]
    Failed,
    /// It left a file that it does not declare.
    #[error("it also wrote {}", .0.display())]
    Undeclared(PathBuf),
    /// It left something that cannot be stored.
    #[error(transparent)]
    Outputs(#[from] Unstorable),
    /// What it read, or its result, cannot be accounted for.
    #[error(transparent)]
    NotKept(#[from] NotKept),
    /// It is not the compile any more that was asked for.
    #[error("an input has changed")]
    Changed,
}
