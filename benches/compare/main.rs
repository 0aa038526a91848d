//! One real package, edited as people edit, under the plain compiler, other tools, and spec-cc, in turn.
//!
//! `cargo build --release --workspace && cargo bench --bench compare [PACKAGE] [ROUNDS]`; packages are in
//! `benches/shared/package.rs`. Prints tables, and writes plots into cargo's target folder. Tools that are not to be had are left out.
mod edit;
mod plot;
#[path = "../shared/mod.rs"]
mod shared;

use std::fs;
use std::path::Path;

use anyhow::{Context as _, Result};

use crate::edit::Edit;
use crate::shared::package::{self, Package, Sources};
use crate::shared::support::shell::{sh, succeed};
use crate::shared::table::{Times, check, in_turn, seconds, tell};
use crate::shared::way::{self, Build, Way};

const DEFAULT: [&str; 1] = ["libsodium"];
const ROUNDS: usize = 5;

fn main() -> Result<()> {
    let Some(args) = shared::arguments() else { return Ok(()) };
    let (packages, numbers) = package::chosen(&args, &DEFAULT)?;
    let rounds = numbers.first().copied().unwrap_or(ROUNDS);
    for package in packages {
        measure(package, rounds)?;
    }
    Ok(())
}

fn measure(package: &'static Package, rounds: usize) -> Result<()> {
    let room = tempfile::Builder::new().prefix("compare-").tempdir()?;
    let mut sources = Sources::lay_out(package, &room.path().join("sources"));
    let jobs = std::thread::available_parallelism().map_or(2, usize::from);
    let ways = Way::all(room.path())?;
    println!(
        "{}, configure and make -j{jobs} of a clean tree; {rounds} rounds, the ways in turn\n",
        package.name
    );
    let build = |way: &Way, sources: &Sources, flags: &str| {
        way.build(&Build { package, sources, room: room.path(), flags, jobs })
    };

    install_below(&sources, package, room.path(), jobs);
    // The first build of all; the second takes what only a second can know.
    let mut first = Times::new();
    let mut objects = None;
    for way in &ways {
        let (took, made) = build(way, &sources, "")?;
        check(way, &made, objects.get_or_insert(made.clone()));
        first.push(vec![took]);
        build(way, &sources, "")?;
    }
    let mut rows = vec![("first build".to_owned(), first)];
    for edit in Edit::ALL {
        let mut times: Times = vec![Vec::new(); ways.len()];
        for round in 0..rounds {
            let mark = format!("{}_{round}", edit.mark());
            let Some(flags) = edit.apply(&mut sources, package, &mark)? else { break };
            if edit == Edit::Below {
                install_below(&sources, package, room.path(), jobs);
            }
            let mut objects = None;
            // Whoever comes first finds the files cold: each does, once in a while. The plain one says what is to come out.
            for place in in_turn(ways.len(), round) {
                let (took, made) = build(&ways[place], &sources, &flags)?;
                check(&ways[place], &made, objects.get_or_insert(made.clone()));
                times[place].push(took);
            }
        }
        if times[0].is_empty() {
            println!("left out: {} (this package has none)", edit.name());
        } else {
            rows.push((edit.name().to_owned(), times));
        }
    }
    tell(package, &ways, &rows);
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("compare");
    fs::create_dir_all(&folder)?;
    let plot = folder.join(format!("{}.svg", package.name));
    let names: Vec<&str> = ways.iter().map(Way::name).collect();
    fs::write(
        &plot,
        plot::bars(&format!("{}: seconds of configure and make", package.name), &names, &seconds(&rows)),
    )
    .with_context(|| plot.display().to_string())?;
    println!("\nplot: {}", plot.display());
    Ok(())
}

/// Builds the library below, where there is one, by the compiler alone, and installs it.
fn install_below(sources: &Sources, package: &Package, room: &Path, jobs: usize) {
    let Some(library) = package.below else { return };
    let mut build = sh(&sources.below, library.build);
    build.env("PREFIX", way::prefix(room)).env("DESTDIR", "").env("CC", "gcc").env("JOBS", jobs.to_string());
    succeed(&mut build);
}
