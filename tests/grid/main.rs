//! The client of a grid: against a real server, and against one that fails on purpose.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod action;
mod calls;
mod downloads;
mod executions;
mod offers;
mod outages;
mod real;
mod security;
#[path = "../support/mod.rs"]
mod support;
mod uploads;
