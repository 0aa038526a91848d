//! spec-cc: remembers what each element compiled, and issues it before the build asks.
//!
//! The rooms and what each may know are drawn in `docs/design.md`.

pub mod action;
pub mod backend;
pub mod bst;
pub mod command;
pub mod companion;
pub mod inputs;
pub mod launch;
pub mod settings;
pub mod store;
mod threads;
