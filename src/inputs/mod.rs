//! What a command reads: dependency sets, directives, digests of files, the toolchain.

mod absences;
pub mod depfile;
pub mod digest;
pub mod directives;
pub mod files;
mod handles;
pub mod links;
pub mod paths;
pub mod private;
pub mod resolve;
pub mod search;
pub mod shape;
pub mod siblings;
pub mod snapshot;
mod staged;
pub mod stamp;
pub mod toolchain;
