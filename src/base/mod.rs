//! What every room uses: digests, paths, threads, filters for the kernel.

pub mod bpf;
pub mod digest;
pub mod paths;
pub mod threads;
