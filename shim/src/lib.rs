//! The shim's parts: what stands where the compiler stood, and the words it exchanges with the companion.
#![cfg_attr(not(test), no_std)]
#![cfg_attr(test, allow(clippy::unwrap_used))]

extern crate alloc;

mod capture;
pub mod companion;
pub mod compiler;
mod draft;
pub mod environment;
pub mod hung;
pub mod identity;
mod passed;
pub mod place;
pub mod run;
pub mod serve;
pub mod shim;
mod start;
mod streams;
mod suffix;
pub mod sys;
pub mod wire;
