//! Real packages on a simulated grid, after an edit of the header that nearly every source includes, or of a header of the library
//! below: plain, with the grid at ask time (`cache`), and with launches (`spec`). What reads the header is new to the grid, all else
//! is as it was.
//!
//! `cargo build --release --workspace && cargo bench --bench wide [PACKAGE…] [ROUNDS [JOBS]]`; what a package needs is in
//! `benches/shared/package.rs`. Results are discussed in `docs/performance.md`.
#[path = "../shared/mod.rs"]
mod shared;
mod simulated;

use std::collections::HashMap;
use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use spec_cc::base::digest::Digest;

use crate::shared::median::median;
use crate::shared::package::{self, Package, Sources};
use crate::shared::support::sandbox::Sandbox;
use crate::shared::support::shell::{quiet, sh, succeed};
use crate::shared::support::tree::{self, Listing};
use crate::simulated::Simulated;

/// Packages whose every compile is new after the edit, of short compiles and of long ones.
const DEFAULT: [&str; 2] = ["libsodium", "zeromq"];
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
    package: &'static Package,
    /// Edited once all has been learnt.
    sources: Sources,
    /// What the grid has of the time before the edit.
    before: Option<HashMap<Digest, reapi::ActionResult>>,
    tree: PathBuf,
    /// Compiles that the build asks for at a time.
    jobs: usize,
}

fn main() -> Result<()> {
    let Some(args) = shared::arguments() else { return Ok(()) };
    let (packages, numbers) = package::chosen(&args, &DEFAULT)?;
    let rounds = numbers.first().copied().unwrap_or(ROUNDS);
    // BuildStream's own default: as many as there are cores, up to eight.
    let cores = || std::thread::available_parallelism().map_or(2, usize::from).min(8);
    let jobs = numbers.get(1).copied().unwrap_or_else(cores);
    for package in packages {
        let mut yard = Yard::new(package, jobs);
        yard.rehearse()?;
        for slots in SLOTS {
            yard.measure(slots, rounds)?;
        }
        println!("goals: 1 slot: spec <= 1.05 x cache; 200 slots: cache/spec >= 2\n");
    }
    Ok(())
}

impl Yard {
    fn new(package: &'static Package, jobs: usize) -> Self {
        let what = package.below.map_or("a header", |_| "a header of the library below");
        println!(
            "{} with its configuration and {jobs} jobs, {what} edited, on a SIMULATED grid: each action",
            package.name
        );
        println!(
            "really runs once on this machine, and from then on takes the CPU time that it took then, asleep, on as"
        );
        println!("many slots as told.");
        let sandbox = Sandbox::new();
        let sources = Sources::lay_out(package, &sandbox.path("sources"));
        let tree = sandbox.path("tree");
        Self { sandbox, grid: Simulated::start(), package, sources, before: None, tree, jobs }
    }

    /// Learns all records, edits the header, and builds once with all that is compared, so that all actions have run; the objects
    /// have to be equal.
    fn rehearse(&mut self) -> Result<()> {
        self.grid.state().slots(self.jobs);
        self.install_below();
        for mode in ["cache", "spec"] {
            self.build(mode)?;
        }
        self.sandbox.stop();
        self.before = Some(self.grid.state().results());
        self.sources.edit_widest("edited")?;
        self.install_below();
        let (_, plain) = self.build("plain")?;
        for mode in ["cache", "spec"] {
            ensure!(self.build(mode)?.1 == plain, "{mode} has built something else than the plain compiler");
        }
        let (actions, failed, time) = self.grid.known();
        println!("{actions} actions of {:.1} s CPU time in all, {failed} of them failed", time.as_secs_f64());
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

    /// Builds the library below, where there is one, by the compiler alone, and installs it.
    fn install_below(&self) {
        let Some(library) = self.package.below else { return };
        let mut build = sh(&self.sources.below, library.build);
        build
            .env("PREFIX", self.prefix())
            .env("DESTDIR", "")
            .env("CC", "gcc")
            .env("JOBS", self.jobs.to_string());
        succeed(&mut build);
    }

    fn prefix(&self) -> PathBuf {
        self.sandbox.path("prefix")
    }

    /// Builds from clean, by a companion that knows the records and has no result; the grid has those from before the edit.
    fn build(&self, mode: &str) -> Result<(Took, Listing)> {
        self.sandbox.stop();
        let _ = fs::remove_dir_all(self.sandbox.path("cache/ac"));
        if let Some(before) = &self.before {
            self.grid.state().restore_results(before.clone());
        }
        tree::lay_out(&self.sources.own, &self.tree);
        let Package { name, configure, make, .. } = self.package;
        let script = format!("export CONFIG_SHELL=/bin/sh\n{configure}\n: > configured\n{make}");
        let mut command = match mode {
            "plain" => sh(&self.tree, &script),
            _ => self.sandbox.session(name, &self.tree, &script),
        };
        quiet(&mut command, &self.tree);
        let (c, cxx) = if mode == "plain" { ("gcc", "g++") } else { ("spec-cc", "spec-c++") };
        command.env("JOBS", self.jobs.to_string()).env("CC", c).env("CXX", cxx);
        command.env("PKG_CONFIG_PATH", self.prefix().join("lib/pkgconfig"));
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
        let stats =
            self.sandbox.json(&["stats", "--json", "--element", self.package.name, "--session", "last"]);
        let fields = [
            "compiles",
            "served",
            "unserved",
            "launched",
            "useful",
            "wasted",
            "left_out",
            "precision",
            "recall",
        ];
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
