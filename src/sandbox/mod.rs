//! Private views of a build tree, and the confined programs that run in them. See `docs/rooms/sandbox.md`.

pub mod confine;
pub mod executor;
pub mod scratch;
pub mod view;
