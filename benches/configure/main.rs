//! The configure script of an autotools package, its tests recorded, beside the same with the plain compiler.
//!
//! `cargo build --release --workspace && cargo bench --bench configure [ROUNDS]`; results are discussed in `docs/performance.md`.
#[path = "../shared/mod.rs"]
mod shared;

use std::fs;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::shared::median::median;
use crate::shared::support::sandbox::Sandbox;
use crate::shared::support::shell::{quiet, sh, succeed};
use crate::shared::support::sources::LIBSODIUM;
use crate::shared::support::tree;

const ELEMENT: &str = "configure";
const CONFIGURE: &str = "CONFIG_SHELL=/bin/sh sh ./configure -q CFLAGS=-O2";
const ROUNDS: usize = 5;

/// How configure is run.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Way {
    Plain,
    /// Its tests are known, and so is what came of them.
    Kept,
    /// Its tests are known, and are run anew ahead of it.
    Anew,
}

const WAYS: [(Way, &str); 3] =
    [(Way::Plain, "plain compiler"), (Way::Kept, "results kept"), (Way::Anew, "launched anew")];

struct Yard {
    sandbox: Sandbox,
    pristine: PathBuf,
    tree: PathBuf,
}

fn main() -> Result<()> {
    let Some(args) = shared::arguments() else { return Ok(()) };
    let rounds = args.get(1).map_or(Ok(ROUNDS), |arg| arg.parse())?;
    let sandbox = Sandbox::new();
    let yard = Yard { pristine: LIBSODIUM.fetch(), tree: sandbox.path("tree"), sandbox };
    let (_, plain) = yard.configure(Way::Plain)?;
    // Twice: what a test reads may be known only once those before it were.
    for _ in 0..2 {
        ensure!(yard.configure(Way::Kept)?.1 == plain, "spec-cc has configured something else");
    }
    let mut took: [Vec<Duration>; 3] = Default::default();
    for _ in 0..rounds {
        for ((way, _), took) in WAYS.into_iter().zip(&mut took) {
            took.push(yard.configure(way)?.0);
        }
    }
    println!(
        "libsodium's configure, median of {rounds} rounds, and of each round's ratio to the plain compiler"
    );
    for ((_, name), one) in WAYS.into_iter().zip(&took) {
        let seconds = one.iter().map(Duration::as_secs_f64);
        let ratios = seconds.clone().zip(&took[0]).map(|(one, plain)| one / plain.as_secs_f64());
        println!("{name:>16} {:>8.2} s {:>8.3}", median(seconds), median(ratios));
    }
    println!("goal: 0.6");
    Ok(())
}

impl Yard {
    /// Configures a clean tree by a companion that has just been started; how long that took, and what configure has found out.
    fn configure(&self, way: Way) -> Result<(Duration, String)> {
        self.sandbox.stop();
        if way == Way::Anew {
            let _ = fs::remove_dir_all(self.sandbox.path("cache/ac"));
        }
        tree::lay_out(&self.pristine, &self.tree);
        let mut command = match way {
            Way::Plain => sh(&self.tree, CONFIGURE),
            Way::Kept | Way::Anew => self.sandbox.session(ELEMENT, &self.tree, CONFIGURE),
        };
        quiet(&mut command, &self.tree);
        command.env("CC", if way == Way::Plain { "gcc" } else { "spec-cc" });
        let begun = Instant::now();
        succeed(&mut command);
        let took = begun.elapsed();
        // Where results are said to depend on the tests: the compiler's options and definitions.
        let made = fs::read_to_string(self.tree.join("src/libsodium/Makefile"))?;
        let found = made.lines().filter(|line| line.starts_with("DEFS =") || line.starts_with("CFLAGS ="));
        Ok((took, found.collect::<Vec<_>>().join("\n")))
    }
}
