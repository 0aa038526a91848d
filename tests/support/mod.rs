//! What the end-to-end tests share: real sources, a companion of one's own, and trees to compare.
#![allow(dead_code, reason = "each test program and bench uses another part of it")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

pub(crate) mod clangd;
pub(crate) mod debian;
pub(crate) mod grid;
pub(crate) mod missing;
pub(crate) mod package;
pub(crate) mod peers;
pub(crate) mod project;
pub(crate) mod sandbox;
pub(crate) mod sealed;
pub(crate) mod shell;
pub(crate) mod sources;
pub(crate) mod strace;
pub(crate) mod tree;
