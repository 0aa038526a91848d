//! The shim's parts: what stands where the compiler stood, and the words it exchanges with the companion.
#![cfg_attr(not(test), no_std)]

extern crate alloc;

pub mod place;
pub mod sys;
pub mod wire;
