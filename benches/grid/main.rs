//! A grid: hits beside recc's on one buildbox-casd, opening an element of 10,000 commands on a grid, uploading new headers.
//!
//! `cargo build --release --workspace && cargo bench --bench grid [hits|open|upload]`; results are discussed in
//! `docs/performance.md`. The peers are fetched as the tests fetch them; without them their parts are left out.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "what the tests share fails by panicking"
)]

#[allow(dead_code, reason = "the bench `open` uses the rest")]
#[path = "../open/element.rs"]
mod element;
mod hits;
mod machine;
mod open;
#[allow(dead_code, reason = "the bench `processes` uses the rest")]
#[path = "../processes/race.rs"]
mod race;
#[path = "../processes/stage.rs"]
mod stage;
mod stand_in;
#[path = "../../tests/support/mod.rs"]
mod support;
#[allow(dead_code, reason = "the bench `inputs` uses the rest")]
#[path = "../open/tree.rs"]
mod tree;
mod upload;

use std::path::Path;

use anyhow::Result;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let args: Vec<&str> = args.iter().map(String::as_str).filter(|arg| *arg != "--bench").collect();
    match args[..] {
        // `cargo test --benches` asks only whether it starts.
        _ if args.contains(&"--test") => Ok(()),
        [_, "serve"] => stand_in::serve(),
        [_, "learn", folder, commands] => open::learn(Path::new(folder), commands.parse()?),
        [_, "issue", folder, url] => open::issue(Path::new(folder), url),
        [_, "hits"] => hits::measure(),
        [_, "open"] => open::measure(),
        [_, "upload"] => upload::measure(),
        _ => {
            hits::measure()?;
            open::measure()?;
            upload::measure()
        }
    }
}
