//! What every room uses: digests, paths and their numbers, threads.

pub mod absence;
pub mod digest;
pub mod lexical;
pub mod paths;
pub mod threads;
