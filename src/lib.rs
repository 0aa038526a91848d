//! spec-cc: remembers what each element compiled, and issues it before the build asks.
//!
//! The rooms and what each may know are drawn in `docs/design.md`.

pub mod backend;
pub mod command;
pub mod inputs;
pub mod store;
