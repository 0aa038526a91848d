//! What benches that build packages have in common, with what the tests have.
#![allow(dead_code, reason = "each bench uses a part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what the tests share fails by panicking"
)]

pub(crate) mod median;
pub(crate) mod package;
#[path = "../../tests/support/mod.rs"]
pub(crate) mod support;
pub(crate) mod table;
pub(crate) mod way;

/// What a bench was called with; `None` for `cargo test --benches`, which asks only whether it starts.
pub(crate) fn arguments() -> Option<Vec<String>> {
    let args: Vec<String> = std::env::args().filter(|arg| arg != "--bench").collect();
    (!args.iter().any(|arg| arg == "--test")).then_some(args)
}
