//! All tests that can share a process: `cargo test --test it MODULE` runs those of one module.
//!
//! Apart are those that want the machine to themselves (`packages`, `endurance`) and those inside BuildStream (`bst`).
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod architecture;
mod builds;
mod cache;
mod checkouts;
mod config;
mod differential;
mod documents;
mod explain;
mod fingerprints;
mod grid;
mod installed;
mod oracle;
mod recc_backend;
mod recc_bytes;
mod recc_settings;
mod remote;
mod rescans;
mod specctl;
mod staged;
mod store;
mod support;
mod toolchain;
mod trace;
