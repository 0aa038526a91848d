//! The client of a grid: against a real server, and against one that fails on purpose.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod action;
mod real;
#[path = "../support/mod.rs"]
mod support;
