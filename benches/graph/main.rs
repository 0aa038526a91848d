//! A graph of six real elements on three levels in the real BuildStream, after edits at its bottom and in its middle: by the plain
//! compiler, by spec-cc without launches (`cache`), with launches in each sandbox (`spec`), and with all elements primed beside the build
//! (`across`, which is `specctl bst build`). Everything is recorded and cached before the edits.
//!
//! `cargo build --release --workspace && SPEC_CC_TEST_PROGRAMS=… cargo bench --bench graph [ROUNDS]`; needs what `tests/bst` needs,
//! Debian's sources, and its package libutfcpp-dev. It ends with a failure when an artifact differs from the plain one, or when too little was foretold: that is what
//! `primed` counts, a build in `cache` mode after `specctl bst prime`. Results are discussed in `docs/performance.md`.
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
mod elements;
#[path = "../shared/median.rs"]
mod median;
#[path = "../../tests/bst/project.rs"]
mod project;
#[path = "../../tests/bst/stand.rs"]
mod stand;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

use crate::elements::{ELEMENTS, Graph};
use crate::median::median;
use crate::stand::Stand;

const ROUNDS: usize = 3;
const WAYS: [&str; 4] = ["plain", "cache", "spec", "across"];

/// Of the compiles of sources, at least so many are foretold.
const RECALL: f64 = 0.9;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().filter(|arg| arg != "--bench").collect();
    // `cargo test --benches` asks only whether it starts.
    if args.iter().any(|arg| arg == "--test") {
        return Ok(());
    }
    let rounds = args.get(1).map(|rounds| rounds.parse()).transpose()?.unwrap_or(ROUNDS);
    let stand = Stand::get().context("BuildStream cannot build here")?;
    foretold(stand)?;
    measure(stand, rounds)
}

/// What priming has brought, and how precise it was.
fn brought(rows: &[Value]) -> String {
    let sum = |what: &str| rows.iter().filter_map(|row| row[what].as_f64()).sum::<f64>();
    let (useful, wasted) = (sum("useful"), sum("wasted"));
    let precision = if useful + wasted > 0.0 { useful / (useful + wasted) } else { f64::NAN };
    format!(
        "  {useful} launches useful, {wasted} wasted: precision {precision:.3}; {:.1} s saved",
        sum("saved_s")
    )
}

/// Primes the edited graph, then builds it in `cache` mode: what that finds is what was foretold.
fn foretold(stand: &'static Stand) -> Result<()> {
    let graph = Graph::lay_out(stand, "primed")?;
    graph.build("across");
    graph.edit("primed")?;
    let begun = Instant::now();
    let rows = graph.prime()?;
    println!("primed in {:.2} s", begun.elapsed().as_secs_f64());
    for row in rows.as_array().context("no rows")? {
        println!(
            "  {} {}: {} commands, {} launched, {} found, {}",
            row["element"], row["state"], row["commands"], row["launched"], row["found"], row["why"]
        );
    }
    graph.build("cache");
    let (mut compiles, mut found) = (0, 0);
    for (element, (stats, served)) in ELEMENTS.iter().zip(graph.left()?) {
        let sources = elements::sources(&served);
        let cached = sources.iter().filter(|command| command["how"] == "cached").count();
        println!(
            "{}: {cached} of {} compiles foretold; served {}",
            element.name,
            sources.len(),
            stats["served"]
        );
        for missed in sources.iter().filter(|command| command["how"] != "cached") {
            println!("  not: {missed}");
        }
        compiles += sources.len();
        found += cached;
    }
    println!("recall of compiles {found}/{compiles}");
    ensure!(found as f64 >= RECALL * compiles as f64, "too little was foretold");
    Ok(())
}

fn measure(stand: &'static Stand, rounds: usize) -> Result<()> {
    let mut graphs = Vec::new();
    for way in WAYS {
        let graph = Graph::lay_out(stand, way)?;
        graph.build(way);
        graphs.push(graph);
    }
    println!("{:>6} {:>8} {:>8} {:>8} {:>8}", "round", WAYS[0], WAYS[1], WAYS[2], WAYS[3]);
    let mut took = vec![Vec::new(); WAYS.len()];
    for round in 0..rounds {
        let mut products = Vec::new();
        for ((way, graph), took) in WAYS.iter().zip(&graphs).zip(&mut took) {
            graph.edit(&format!("{way}_{round}"))?;
            let begun = Instant::now();
            let rows = graph.build(way);
            took.push(begun.elapsed().as_secs_f64());
            if let Some(rows) = rows.as_array() {
                println!("{}", brought(rows));
            }
            products.push(graph.products());
        }
        let times: Vec<String> = took.iter().map(|took| format!("{:>8.2}", took[round])).collect();
        println!("{round:>6} {}", times.join(" "));
        for (way, product) in WAYS.iter().zip(&products) {
            ensure!(*product == products[0], "{way}: not what the plain compiler makes");
        }
    }
    let medians: Vec<f64> = took.iter().map(|took| median(took.iter().copied())).collect();
    let ratios: Vec<String> = medians.iter().map(|time| format!("{:>8.2}", time / medians[0])).collect();
    println!("{:>6} {}  of plain", "median", ratios.join(" "));
    Ok(())
}
