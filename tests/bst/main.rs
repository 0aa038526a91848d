//! spec-cc inside BuildStream's sandboxes: the real `bst`, real sandboxes, and the files of `packaging/buildstream`.
//!
//! All tests share one cache of BuildStream's and one root file system, both below cargo's target folder. Needs root or user
//! namespaces, bubblewrap, fuse3, python3-venv and a network; where these are missing, the tests
//! say so and pass (but see `tests/support/missing.rs`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod across;
mod autotools;
mod base;
mod buildstream;
mod chain;
mod element;
mod ends;
mod example;
mod expiry;
mod machines;
mod modes;
mod neighbour;
mod processes;
mod project;
mod recc;
mod small;
mod stand;
#[path = "../support/mod.rs"]
mod support;
