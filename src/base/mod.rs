//! What every room uses: digests, paths, threads.

pub mod digest;
pub mod paths;
pub mod threads;
