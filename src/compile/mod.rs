//! One compile on today's files: its key, and what it teaches.

pub mod assembled;
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
pub mod result_key;
pub mod scans;
pub mod site;
