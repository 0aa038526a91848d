//! `spec-cc-trace`: the command runs as it would alone, and the trace tells what strace tells.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod accounts;
mod differential;
mod manners;
mod refusals;
mod room;
mod strace;
#[path = "../support/mod.rs"]
mod support;
