//! Files as they are at one moment: stamps, digests, include search, shapes, depfiles. See `docs/rooms/inputs.md`.

pub mod absences;
pub mod depfile;
pub mod files;
pub mod handles;
pub mod links;
pub mod mixed;
pub mod private;
pub mod resolve;
pub mod search;
pub mod shape;
pub mod siblings;
pub mod snapshot;
pub mod staged;
pub mod stamp;
mod together;
mod walks;
pub(crate) mod ways;
