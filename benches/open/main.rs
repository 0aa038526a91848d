//! Opening an element with 1,000 and 10,000 recorded commands of 500 inputs each: time, peak memory, bytes in the store.
//!
//! `cargo bench --bench open`; results are discussed in `docs/performance.md`. Learning and opening each have a process of
//! their own, so that the open finds nothing in memory and its peak is its own.

mod element;
#[allow(dead_code, reason = "the bench `inputs` uses the rest")]
mod tree;

use std::path::Path;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::tree::{INPUTS, Tree};

/// Opens measured of each size; the median is shown.
const ROUNDS: usize = 5;
/// Which of the numbers of a round is the time of all steps.
const ALL: usize = 4;

fn main() -> Result<()> {
    let args: Vec<String> = std::env::args().collect();
    let args: Vec<&str> = args.iter().map(String::as_str).collect();
    match args[..] {
        [_, "learn", folder, commands] => learn(Path::new(folder), commands.parse()?),
        [_, "open", folder, commands] => open(Path::new(folder), commands.parse()?),
        // `cargo test --benches` asks only whether it starts.
        _ if args.contains(&"--test") => Ok(()),
        _ => measure(),
    }
}

fn measure() -> Result<()> {
    println!(
        "{:>8} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>9} {:>12}",
        "commands", "store ms", "load ms", "revive", "issue", "all", "CPU ms", "peak MiB", "bytes each"
    );
    for commands in [1_000, 10_000] {
        let folder = tempfile::Builder::new().prefix("spec-cc-bench-").tempdir()?;
        child("learn", folder.path(), commands)?;
        let mut rounds = Vec::new();
        for _ in 0..ROUNDS {
            let printed = child("open", folder.path(), commands)?;
            let numbers: Vec<f64> = printed.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
            rounds.push(numbers);
        }
        rounds.sort_by(|one, two| {
            one.get(ALL).copied().unwrap_or(0.0).total_cmp(&two.get(ALL).copied().unwrap_or(0.0))
        });
        let [store, load, revive, issue, all, cpu, peak] = rounds.get(ROUNDS / 2).context("no round")?[..]
        else {
            anyhow::bail!("the child did not print seven numbers")
        };
        let bytes = element::bytes_below(&folder.path().join("store"))? / commands as u64;
        println!(
            "{commands:>8} {store:>9.0} {load:>9.0} {revive:>9.0} {issue:>9.0} {all:>9.0} {cpu:>9.0} {peak:>9.0} {bytes:>12}"
        );
    }
    println!("goals: 10,000 of {INPUTS} inputs in 2000 ms on 2 cores, 200 MiB, 2048 bytes each");
    Ok(())
}

fn child(what: &str, folder: &Path, commands: usize) -> Result<String> {
    let output = Command::new(std::env::current_exe()?)
        .args([what, folder.to_str().context("not UTF-8")?, &commands.to_string()])
        .stderr(std::process::Stdio::inherit())
        .output()?;
    ensure!(output.status.success(), "{what} {commands}: {}", output.status);
    Ok(String::from_utf8(output.stdout)?)
}

fn learn(folder: &Path, commands: usize) -> Result<()> {
    let tree = Tree::write(&folder.join("tree"), commands)?;
    element::learn(&tree, folder, commands)
}

/// Prints the milliseconds of each step, of all and of CPU time, and the peak in MiB.
fn open(folder: &Path, commands: usize) -> Result<()> {
    let root = folder.join("tree");
    let opened = element::open(root.to_str().context("not UTF-8")?, folder)?;
    ensure!(opened.queued == commands, "{} of {commands} commands were queued", opened.queued);
    let all = opened.store + opened.load + opened.revive + opened.issue;
    let steps = [opened.store, opened.load, opened.revive, opened.issue, all, opened.cpu];
    for step in steps {
        print!("{:.1} ", step.as_secs_f64() * 1e3);
    }
    println!("{:.1}", element::peak_mib()?);
    Ok(())
}
