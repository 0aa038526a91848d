//! Small projects, end to end: exit status, messages and files are the compiler's own, whatever happens.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod below;
mod compilers;
mod edits;
mod faults;
mod merit;
mod outputs;
mod predictions;
mod staged;
#[path = "../support/mod.rs"]
mod support;
mod traced;
mod verify;
mod why;
