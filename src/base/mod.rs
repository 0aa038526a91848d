//! What every room uses: digests, paths and their numbers, variables, threads, moments.

pub mod absence;
pub mod digest;
pub mod lexical;
pub mod moment;
pub mod paths;
pub mod threads;
pub mod variable;
