//! The same sources in two checkouts: they share a result when, and only when, the compiler would have made the same.
//!
//! `PROPTEST_CASES=N` tries N pairs of checkouts instead of 8, each with eight commands.

mod bench;
mod differential;
mod known;
mod lines;
mod package;
