//! It goes on for ever: builds while everything is killed, starved, flooded, edited and lied to.
//!
//! Small counts here, more by variables (docs/reliability.md). Each test prints the seed that repeats it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod faults;
mod hostile;
mod kill;
mod load;
mod parsers;
mod processes;
mod rounds;
mod soak;
#[path = "../support/mod.rs"]
mod support;
mod weight;
mod yard;

#[global_allocator]
static MEMORY: weight::Counting = weight::Counting;
