//! A package with a real configure on a simulated grid, after an edit of the header that nearly every source includes: plain, with the
//! grid at ask time (`cache`), and with launches (`spec`). Every compile is new to the grid; configure tests are as they were.
//!
//! `cargo build --release --workspace && cargo bench --bench wide [ROUNDS [JOBS]]`; results are discussed in `docs/performance.md`.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what the tests share fails by panicking"
)]

#[path = "../shared/median.rs"]
mod median;
mod simulated;
#[path = "../../tests/support/mod.rs"]
mod support;

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use spec_cc::inputs::digest::Digest;

use crate::median::median;
use crate::simulated::Simulated;
use crate::support::sandbox::Sandbox;
use crate::support::shell::{quiet, sh, succeed};
use crate::support::sources::LIBSODIUM;
use crate::support::tree::{self, Listing};

const ELEMENT: &str = "libsodium";
/// Configures, notes that it has, and builds both libraries, as a distribution does, but with objects that do not name their folder.
const BUILD: &str = r#"export CONFIG_SHELL=/bin/sh
sh ./configure -q CFLAGS=-O2
: > configured
make -s -j "$JOBS" -C src/libsodium"#;
/// Included by nearly every source.
const EDITED: &str = "src/libsodium/include/sodium/private/common.h";
/// A saturated grid and a wide one.
const SLOTS: [usize; 2] = [1, 200];
const ROUNDS: usize = 3;

/// How long a build took, and how long of that its configure.
#[derive(Debug, Clone, Copy)]
struct Took {
    all: Duration,
    configure: Duration,
}

struct Yard {
    sandbox: Sandbox,
    grid: Simulated,
    /// The sources, edited once all has been learnt.
    sources: PathBuf,
    /// What the grid has of the time before the edit.
    before: Option<HashMap<Digest, reapi::ActionResult>>,
    tree: PathBuf,
    /// Compiles that the build asks for at a time.
    jobs: usize,
}

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().filter(|arg| arg != "--bench").collect();
    // `cargo test --benches` asks only whether it starts.
    if args.iter().any(|arg| arg == "--test") {
        return Ok(());
    }
    let rounds = args.get(1).map_or(Ok(ROUNDS), |arg| arg.parse())?;
    // BuildStream's own default: as many as there are cores, up to eight.
    let cores = || std::thread::available_parallelism().map_or(2, usize::from).min(8);
    let jobs = args.get(2).map_or_else(|| Ok(cores()), |arg| arg.parse())?;
    let sandbox = Sandbox::new();
    let (sources, tree) = (sandbox.path("sources"), sandbox.path("tree"));
    tree::copy(&LIBSODIUM.fetch(), &sources);
    let mut yard = Yard { sandbox, grid: Simulated::start(), sources, before: None, tree, jobs };
    println!(
        "{ELEMENT} with configure and make -j{jobs}, a header edited, on a SIMULATED grid: each action really runs"
    );
    println!(
        "once on this machine, and from then on takes the CPU time that it took then, asleep, on as many slots as told."
    );
    yard.rehearse()?;
    for slots in SLOTS {
        yard.measure(slots, rounds)?;
    }
    println!("goals: 1 slot: spec <= 1.05 x cache; 200 slots: cache/spec >= 2");
    Ok(())
}

impl Yard {
    /// Learns all records, edits the header, and builds once with all that is compared, so that all actions have run; the objects
    /// have to be equal.
    fn rehearse(&mut self) -> Result<()> {
        self.grid.state().slots(self.jobs);
        for mode in ["cache", "spec"] {
            self.build(mode)?;
        }
        self.sandbox.stop();
        self.before = Some(self.grid.state().results());
        let header = self.sources.join(EDITED);
        let text = fs::read_to_string(&header)?;
        fs::write(header, text + "\nextern int edited(void);\n")?;
        let (_, plain) = self.build("plain")?;
        for mode in ["cache", "spec"] {
            ensure!(self.build(mode)?.1 == plain, "{mode} has built something else than the plain compiler");
        }
        let (actions, time) = self.grid.known();
        println!("{actions} actions of {:.1} s CPU time in all", time.as_secs_f64());
        Ok(())
    }

    fn measure(&self, slots: usize, rounds: usize) -> Result<()> {
        self.grid.state().slots(slots);
        println!("\n{slots} slots, median of {rounds} rounds");
        println!("{:>8} {:>8} {:>12} {:>8}", "mode", "all s", "configure s", "make s");
        let modes = ["plain", "cache", "spec"];
        let mut took: [Vec<Took>; 3] = Default::default();
        for _ in 0..rounds {
            for (mode, took) in modes.into_iter().zip(&mut took) {
                took.push(self.build(mode)?.0);
            }
        }
        let medians = took.clone().map(middle);
        for (mode, median) in modes.into_iter().zip(&medians) {
            let (all, configure) = (median.all.as_secs_f64(), median.configure.as_secs_f64());
            println!("{mode:>8} {all:>8.2} {configure:>12.2} {:>8.2}", all - configure);
        }
        let ratio = |one: usize, other: usize| ratios(&took[one], &took[other]);
        println!(
            "  spec/cache {:.3}, cache/spec {:.2}, plain/spec {:.2}",
            ratio(2, 1),
            ratio(1, 2),
            ratio(0, 2)
        );
        println!("  last spec: {}", self.said());
        println!("  actions run really: {}", self.grid.known().0);
        Ok(())
    }

    /// Builds from clean, by a companion that knows the records and has no result; the grid has those from before the edit.
    fn build(&self, mode: &str) -> Result<(Took, Listing)> {
        self.sandbox.stop();
        let _ = fs::remove_dir_all(self.sandbox.path("cache/ac"));
        if let Some(before) = &self.before {
            self.grid.state().restore_results(before.clone());
        }
        tree::lay_out(&self.sources, &self.tree);
        let mut command = match mode {
            "plain" => sh(&self.tree, BUILD),
            _ => self.sandbox.session(ELEMENT, &self.tree, BUILD),
        };
        quiet(&mut command, &self.tree);
        command.env("JOBS", self.jobs.to_string()).env("CC", if mode == "plain" { "gcc" } else { "spec-cc" });
        command.env("SPEC_CC_MODE", mode).env("SPEC_CC_REMOTE", self.grid.url());
        let (begun, clock) = (Instant::now(), std::time::SystemTime::now());
        succeed(&mut command);
        let all = begun.elapsed();
        let configured = fs::metadata(self.tree.join("configured"))?.modified()?;
        let configure = configured.duration_since(clock).context("the clock was set back")?;
        let objects = tree::list(&self.tree, |path, _| path.extension().is_some_and(|end| end == "o"));
        Ok((Took { all, configure }, objects))
    }

    /// How the last build was served.
    fn said(&self) -> String {
        let stats = self.sandbox.json(&["stats", "--json", "--element", ELEMENT, "--session", "last"]);
        let fields = ["compiles", "served", "launched", "useful", "wasted", "left_out", "recall"];
        fields.map(|field| format!("{field} {}", stats[field])).join(", ")
    }
}

fn middle(mut took: Vec<Took>) -> Took {
    took.sort_by_key(|took| took.all);
    took[took.len() / 2]
}

/// The median of each round's ratio.
fn ratios(one: &[Took], other: &[Took]) -> f64 {
    median(one.iter().zip(other).map(|(one, other)| one.all.as_secs_f64() / other.all.as_secs_f64()))
}
