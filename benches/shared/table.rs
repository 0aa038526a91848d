//! What the ways took, in rows: one for each build that they all made.

use super::median::median;
use super::package::Package;
use super::support::tree::{self, Listing};
use super::way::{Took, Way};

/// What each way took, by its place among the ways.
pub(crate) type Times = Vec<Vec<Took>>;

/// The places of the ways, another one first in each round.
pub(crate) fn in_turn(ways: usize, round: usize) -> impl Iterator<Item = usize> {
    (0..ways).map(move |step| (step + round) % ways)
}

/// Tells aloud when a way has made something else than the one before it.
pub(crate) fn check(way: &Way, made: &Listing, wanted: &Listing) {
    let other = tree::changed(made, wanted);
    if made.len() != wanted.len() || !other.is_empty() {
        println!("{}: {} objects for {}, others: {other:?}", way.name(), made.len(), wanted.len());
    }
}

/// The medians, with the least and the most beside them, by edit and way.
pub(crate) fn seconds(rows: &[(String, Times)]) -> Vec<(String, Vec<[f64; 3]>)> {
    let middle = |took: &Vec<Took>| {
        let all = || took.iter().map(|took| took.all.as_secs_f64());
        [all().fold(f64::INFINITY, f64::min), median(all()), all().fold(0.0, f64::max)]
    };
    rows.iter().map(|(edit, times)| (edit.clone(), times.iter().map(middle).collect())).collect()
}

/// Prints the tables, in Markdown: seconds, the machine's CPU seconds, and what each way keeps on disk.
pub(crate) fn tell(package: &Package, ways: &[Way], rows: &[(String, Times)]) {
    let heading = |what: &str| {
        let names: Vec<&str> = ways.iter().map(Way::name).collect();
        println!(
            "\n{what}, {}:\n\n| edit | {} |\n| --- |{}",
            package.name,
            names.join(" | "),
            " --- |".repeat(ways.len())
        );
    };
    heading("Seconds: median (least–most), and beside the plain compiler's of the same round");
    for ((edit, times), (_, spreads)) in rows.iter().zip(seconds(rows)) {
        let cells = times.iter().zip(spreads).map(|(took, [least, median_of, most])| {
            let ratios = took
                .iter()
                .zip(&times[0])
                .map(|(one, plain)| one.all.as_secs_f64() / plain.all.as_secs_f64());
            format!("{median_of:.1} ({least:.1}–{most:.1}), {:.2}", median(ratios))
        });
        println!("| {edit} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    heading("CPU seconds of the whole machine: median");
    for (edit, times) in rows {
        let cells = times.iter().map(|took| format!("{:.1}", median(took.iter().map(|took| took.cpu))));
        println!("| {edit} | {} |", cells.collect::<Vec<_>>().join(" | "));
    }
    heading("MiB on disk at the end");
    let sizes = ways.iter().map(|way| format!("{:.1}", way.kept() as f64 / f64::from(1 << 20)));
    println!("| | {} |", sizes.collect::<Vec<_>>().join(" | "));
}
