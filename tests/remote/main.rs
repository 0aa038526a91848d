//! Builds on a grid, end to end: the real buildbox-casd and the real recc, and a stand-in server for faults.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod cache_only;
mod execute;
mod faults;
mod launches;
mod links;
mod memory;
mod packages;
mod recc;
#[path = "../support/mod.rs"]
mod support;
