//! An autotools package with a real configure in real BuildStream sandboxes, after an edit of a source and a header: by the plain
//! compiler, with the real recc, and with spec-cc; everything recorded and cached before the edit.
//!
//! `cargo build --release --workspace && SPEC_CC_TEST_PROGRAMS=… cargo bench --bench buildstream [ROUNDS]`; needs what `tests/bst` needs.
//! Results are discussed in `docs/performance.md`.
#![allow(dead_code, reason = "what the tests share is used in part")]
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what the tests share fails by panicking"
)]

#[path = "../../tests/bst/base.rs"]
mod base;
#[path = "../../tests/bst/buildstream.rs"]
mod buildstream;
#[path = "../shared/median.rs"]
mod median;
#[path = "../../tests/bst/project.rs"]
mod project;
#[path = "../../tests/bst/stand.rs"]
mod stand;
#[path = "../../tests/support/mod.rs"]
mod support;
mod way;

use anyhow::{Context as _, Result, ensure};

use crate::median::median;
use crate::stand::Stand;
use crate::way::{Took, Way};

const ROUNDS: usize = 5;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().filter(|arg| arg != "--bench").collect();
    // `cargo test --benches` asks only whether it starts.
    if args.iter().any(|arg| arg == "--test") {
        return Ok(());
    }
    let rounds = args.get(1).map_or(Ok(ROUNDS), |arg| arg.parse())?;
    let stand = Stand::get().context("BuildStream cannot build here")?;
    let ways = [Way::plain(stand), Way::recc(stand)?, Way::spec(stand)];
    for way in &ways {
        // Twice: the second shows each what the first has left.
        way.build("before")?;
        way.build("learnt")?;
    }
    println!(
        "{} in a BuildStream sandbox, make -j2, a source and a header edited in each round",
        way::ELEMENT
    );
    println!("{:>6} {:>12} {:>8} {:>8}", "way", "configure s", "make s", "both s");
    let mut took: [Vec<Took>; 3] = Default::default();
    for round in 0..rounds {
        let mut products = Vec::new();
        for (way, took) in ways.iter().zip(&mut took) {
            let (time, product) = way.build(&format!("round{round}"))?;
            println!("{:>6} {:>12.2} {:>8.2} {:>8.2}", way.name, time.configure, time.make, time.both());
            took.push(time);
            products.push(product);
        }
        ensure!(products.windows(2).all(|pair| pair[0] == pair[1]), "the ways have made different artifacts");
    }
    println!("last spec: {}", ways[2].said());
    println!(
        "median of the rounds' ratios: spec/plain {:.2} (goal <= 0.6), spec/recc {:.2} (goal <= 0.4), recc/plain {:.2}",
        ratio(&took[2], &took[0]),
        ratio(&took[2], &took[1]),
        ratio(&took[1], &took[0])
    );
    Ok(())
}

/// The median of each round's ratio.
fn ratio(one: &[Took], other: &[Took]) -> f64 {
    median(one.iter().zip(other).map(|(one, other)| one.both() / other.both()))
}
