//! What a build costs before anything is known, and what it saves next: the first build of a package, the second, and one after an edit,
//! under the plain compiler, other caches, and spec-cc, in turn.
//!
//! `cargo build --release --workspace && cargo bench --bench first [PACKAGE] [ROUNDS]`; packages are in
//! `benches/shared/package.rs`. Each round begins with empty caches, and builds from clean each time. Tools that are not to be had are left out.
#[path = "../shared/mod.rs"]
mod shared;

use anyhow::Result;

use crate::shared::package::{self, Package, Sources};
use crate::shared::table::{Times, check, in_turn, tell};
use crate::shared::way::{Build, Way};

const DEFAULT: [&str; 5] = ["file", "libffi", "hiredis", "jansson", "zeromq"];
const ROUNDS: usize = 3;

/// The builds of a round.
const BUILDS: [&str; 3] = ["first", "second", "a source edited"];

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
    let jobs = std::thread::available_parallelism().map_or(2, usize::from);
    println!(
        "\n{}, configure and make -j{jobs} of a clean tree; {rounds} rounds, the ways in turn",
        package.name
    );
    let mut rows: Vec<(String, Times)> = Vec::new();
    let mut last = None;
    for round in 0..rounds {
        let room = tempfile::Builder::new().prefix("first-").tempdir()?;
        let sources = Sources::lay_out(package, &room.path().join("sources"));
        let ways = Way::all(room.path())?;
        if rows.is_empty() {
            rows = BUILDS.iter().map(|name| ((*name).to_owned(), vec![Vec::new(); ways.len()])).collect();
        }
        for (name, times) in &mut rows {
            if *name == BUILDS[2] {
                sources.edit_source(&format!("first_{round}"))?;
            }
            let mut objects = None;
            for place in in_turn(ways.len(), round) {
                let build = Build { package, sources: &sources, room: room.path(), flags: "", jobs };
                let (took, made) = ways[place].build(&build)?;
                check(&ways[place], &made, objects.get_or_insert(made.clone()));
                times[place].push(took);
            }
        }
        // With what they keep: their servers end before the room goes.
        last = Some((ways, room));
    }
    if let Some((ways, _room)) = &last {
        tell(package, ways, &rows);
    }
    Ok(())
}
