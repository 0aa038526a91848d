//! What a command reads: dependency sets, directives, digests of files, the toolchain.

pub mod digest;
