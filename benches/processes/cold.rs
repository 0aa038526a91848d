//! Many compiles at once, of which each finds no companion, no record and no result.

use std::process::Child;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::Row;
use crate::stage::Stage;

/// So many compiles at once.
const AT_ONCE: [usize; 5] = [1, 8, 40, 100, 300];
const ROUNDS: usize = 5;

/// The bare compiler and the shim in turn; a stage of its own for each round.
pub(crate) fn cold(rows: &mut Vec<Row>) -> Result<()> {
    println!("\nno companion, nothing stored ({ROUNDS} rounds)");
    for count in AT_ONCE {
        let (mut added, mut ratios, mut slowest) = (Vec::new(), Vec::new(), Vec::new());
        for _ in 0..ROUNDS {
            let stage = Stage::new()?;
            for number in 0..count {
                stage.source(&format!("f{number}.c"), &format!("int f{number};\n"))?;
            }
            let (plain, _) = at_once(&stage, "gcc -c", count)?;
            let (ours, times) = at_once(&stage, "spec-cc gcc -c", count)?;
            added.push(ours.as_secs_f64() - plain.as_secs_f64());
            ratios.push(ours.as_secs_f64() / plain.as_secs_f64());
            slowest.push(times[(times.len() * 99 / 100).min(times.len() - 1)].as_secs_f64());
        }
        let [added, ratio, slowest] = [added, ratios, slowest].map(median);
        println!("  {count:>3} at once: {added:+.2} s, {ratio:.2} x plain, p99 of one {slowest:.2} s");
        rows.push(Row("cold, all at once", "<= 0.3 s added", format!("{count}: {added:+.2} s")));
    }
    Ok(())
}

/// Starts so many compiles, and says how long all took, and each, the shortest first.
fn at_once(stage: &Stage, words: &str, count: usize) -> Result<(Duration, Vec<Duration>)> {
    let begun = Instant::now();
    let started: Vec<(Instant, Child)> = (0..count)
        .map(|number| {
            let mut command = stage.command(&format!("{words} f{number}.c -o f{number}.o"));
            Ok((Instant::now(), command.spawn()?))
        })
        .collect::<Result<_>>()?;
    let mut times = std::thread::scope(|scope| {
        let waiting: Vec<_> = started
            .into_iter()
            .map(|(begun, mut child)| {
                scope.spawn(move || -> Result<Duration> {
                    let status = child.wait()?;
                    ensure!(status.success(), "a compile ended with {status}");
                    Ok(begun.elapsed())
                })
            })
            .collect();
        let times = waiting.into_iter().filter_map(|thread| thread.join().ok());
        times.collect::<Result<Vec<_>>>()
    })?;
    let all = begun.elapsed();
    times.sort_unstable();
    Ok((all, times))
}

fn median(mut list: Vec<f64>) -> f64 {
    list.sort_unstable_by(f64::total_cmp);
    list.get(list.len() / 2).copied().unwrap_or(f64::NAN)
}
