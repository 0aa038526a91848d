//! What every room uses: digests, paths and their numbers, threads.

pub mod digest;
pub mod paths;
pub mod threads;
