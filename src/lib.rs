//! spec-cc: remembers what each element compiled, and issues it before the build asks.
//!
//! The rooms and what each may know are drawn in `docs/design.md`.

pub mod action;
pub mod base;
pub mod bst;
pub mod cache;
pub mod command;
pub mod companion;
pub mod compile;
pub mod directives;
pub mod grid;
pub mod inputs;
pub mod launch;
pub mod pages;
pub mod reapi;
pub mod recc;
pub mod sandbox;
pub mod serve;
pub mod session;
pub mod settings;
pub mod store;
pub mod toolchain;
pub mod traced;
