//! Inputs: fingerprints over header trees, what a look at an input costs, shapes, and 1,000 commands after an edit.
//!
//! `cargo bench --bench inputs`; results are discussed in `docs/performance.md`. All times are CPU time of one thread, which other programs
//! on the machine lengthen less than they do the clock's.

mod edited;
#[allow(dead_code, reason = "the bench `open` uses the rest")]
#[path = "../open/element.rs"]
mod element;
mod headers;
mod looks;
mod sets;
#[path = "../open/tree.rs"]
mod tree;

use std::time::Duration;

use anyhow::Result;
use nix::time::{ClockId, clock_gettime};

fn main() -> Result<()> {
    // `cargo test --benches` asks only whether it starts.
    if std::env::args().any(|arg| arg == "--test") {
        return Ok(());
    }
    headers::measure()?;
    looks::measure()?;
    sets::measure()?;
    edited::measure()
}

/// CPU time of this thread so far.
fn cpu() -> Result<Duration> {
    Ok(Duration::from(clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID)?))
}

/// The median of so many runs.
fn median<T>(rounds: usize, mut run: impl FnMut() -> T) -> Result<Duration> {
    let mut times = Vec::with_capacity(rounds);
    for _ in 0..rounds {
        let start = cpu()?;
        std::hint::black_box(run());
        times.push(cpu()?.saturating_sub(start));
    }
    times.sort_unstable();
    Ok(times[rounds / 2])
}

fn print(what: &str, measured: &str) {
    println!("{what:<58} {measured}");
}
