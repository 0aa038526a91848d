//! Private views of a build tree, and the programs that run in them.

pub mod confine;
pub mod executor;
pub mod scratch;
pub mod view;
