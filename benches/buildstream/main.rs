//! Real packages in real BuildStream sandboxes, after an edit of their own or of the library below them: by the plain compiler, by
//! spec-cc without launches (`cache`), with the real recc, and by spec-cc; everything recorded and cached before the edit.
//!
//! `cargo build --release --workspace && SPEC_CC_TEST_PROGRAMS=… cargo bench --bench buildstream [PACKAGE…] [ROUNDS]`; needs what `tests/bst`
//! needs, and what a package itself does (`benches/shared/package.rs`). Results are discussed in `docs/performance.md`.
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
#[path = "../shared/package.rs"]
mod package;
#[path = "../../tests/bst/project.rs"]
mod project;
#[path = "../../tests/bst/stand.rs"]
mod stand;
#[path = "../../tests/support/mod.rs"]
mod support;
mod way;

use std::collections::BTreeSet;
use std::path::PathBuf;

use anyhow::{Context as _, Result, ensure};

use crate::median::median;
use crate::package::Package;
use crate::stand::Stand;
use crate::support::tree::Listing;
use crate::way::{Took, Way};

const ROUNDS: usize = 5;
const DEFAULT: &str = "glib";

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().filter(|arg| arg != "--bench").collect();
    // `cargo test --benches` asks only whether it starts.
    if args.iter().any(|arg| arg == "--test") {
        return Ok(());
    }
    let (packages, numbers) = package::chosen(&args, &[DEFAULT])?;
    let stand = Stand::get().context("BuildStream cannot build here")?;
    for package in packages {
        measure(stand, package, numbers.first().copied().unwrap_or(ROUNDS))?;
    }
    Ok(())
}

fn measure(stand: &'static Stand, package: &'static Package, rounds: usize) -> Result<()> {
    let mut ways = Vec::new();
    for name in Way::NAMES {
        let way = Way::new(stand, name, package)?;
        // Twice: the second shows each what the first has left.
        way.build("before")?;
        way.build("learnt")?;
        ways.push(way);
    }
    let what = package.below.map_or("a source and a header of it", |_| "a header of the library below");
    println!("{} in a BuildStream sandbox, 2 jobs, {what} edited in each round", package.name);
    println!("{:>6} {:>12} {:>8} {:>8}", "way", "configure s", "make s", "both s");
    let mut took: Vec<Vec<Took>> = vec![Vec::new(); ways.len()];
    for round in 0..rounds {
        let mut products = Vec::new();
        for (way, took) in ways.iter().zip(&mut took) {
            let (time, product) = way.build(&format!("round{round}"))?;
            println!("{:>6} {:>12.2} {:>8.2} {:>8.2}", way.name, time.configure, time.make, time.both());
            took.push(time);
            products.push(product);
        }
        let [plain, cache, recc, spec] = &products[..] else { anyhow::bail!("other ways than these") };
        for (way, product) in [("cache", cache), ("spec", spec)] {
            let differing = differing(product, plain);
            ensure!(differing.is_empty(), "{way} has made other files than plain: {differing:?}");
        }
        // As of glib's programs, in which it leaves another run path.
        println!("  spec-cc's files are plain's; {} of recc's are not", differing(recc, plain).len());
    }
    for way in &ways {
        if let Some(said) = way.said() {
            println!("last {}: {said}", way.name);
        }
    }
    let [plain, cache, recc, spec] = &took[..] else { anyhow::bail!("other ways than these") };
    println!(
        "median of the rounds' ratios: spec/plain {:.2} (goal <= 0.6), spec/recc {:.2} (goal <= 0.4), spec/cache {:.2}, \
         cache/plain {:.2}, recc/plain {:.2}\n",
        ratio(spec, plain),
        ratio(spec, recc),
        ratio(spec, cache),
        ratio(cache, plain),
        ratio(recc, plain)
    );
    Ok(())
}

/// The files that are not the same in both.
fn differing<'a>(one: &'a Listing, other: &'a Listing) -> BTreeSet<&'a PathBuf> {
    let all = one.keys().chain(other.keys());
    all.filter(|path| one.get(*path) != other.get(*path)).collect()
}

/// The median of each round's ratio.
fn ratio(one: &[Took], other: &[Took]) -> f64 {
    median(one.iter().zip(other).map(|(one, other)| one.both() / other.both()))
}
