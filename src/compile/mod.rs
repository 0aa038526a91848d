//! One compile or link on today's files: its key, its run ahead of the build, and what is learnt from it.
//! See `docs/rooms/compile.md`.

pub mod assembled;
pub mod cache_key;
pub mod call;
pub mod checkout;
pub mod conclude;
pub mod engine;
pub mod failure;
pub mod ident;
pub mod instance;
pub mod job;
pub mod link;
pub mod not_kept;
pub mod perform;
pub mod pieces;
pub mod predict;
pub mod quotes;
pub mod reads;
pub mod recorded;
pub mod scans;
pub mod site;
pub mod staging;
pub mod unperformed;
