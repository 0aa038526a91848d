//! A race: several commands run in turn, so that whatever else the machine does slows all of them alike.

use std::fs;
use std::time::{Duration, Instant};

use anyhow::{Result, ensure};

use crate::stage::Stage;

/// A name and how its command line is made for a round.
type Runner<'a> = (&'a str, Box<dyn Fn(usize) -> String + 'a>);

/// Commands that do the same work in different ways; the first is what the others are compared with.
pub(crate) struct Race<'a> {
    stage: &'a Stage,
    runners: Vec<Runner<'a>>,
}

/// How long each command took in each round.
pub(crate) struct Times {
    rounds: Vec<(String, Vec<Duration>)>,
}

impl<'a> Race<'a> {
    /// One without commands.
    pub(crate) fn on(stage: &'a Stage) -> Self {
        Self { stage, runners: Vec::new() }
    }

    /// Adds a command line that is the same in each round.
    pub(crate) fn with(self, name: &'a str, words: &'a str) -> Self {
        self.anew(name, |_| words.to_owned())
    }

    /// Adds a command line that is made for each round.
    pub(crate) fn anew(mut self, name: &'a str, words: impl Fn(usize) -> String + 'a) -> Self {
        self.runners.push((name, Box::new(words)));
        self
    }

    /// Runs all commands `rounds` times in turn, from fork to exit. Objects of the last round are removed before a command runs.
    pub(crate) fn run(&self, rounds: usize) -> Result<Times> {
        let mut times: Vec<_> =
            self.runners.iter().map(|(name, _)| ((*name).to_owned(), Vec::new())).collect();
        for round in 0..rounds {
            for ((_, words), (_, list)) in self.runners.iter().zip(&mut times) {
                let words = words(round);
                if let Some((_, object)) = words.split_once(" -o ") {
                    let _ = fs::remove_file(self.stage.path(object.trim()));
                }
                let mut command = self.stage.command(&words);
                let begun = Instant::now();
                let status = command.status()?;
                list.push(begun.elapsed());
                ensure!(status.success(), "{words}: {status}");
            }
        }
        Ok(Times { rounds: times })
    }
}

impl Times {
    /// The median of one command's times; zero for an unknown name.
    pub(crate) fn median(&self, name: &str) -> Duration {
        median(self.of(name).to_vec())
    }

    /// The median over the rounds of one command's time as a multiple of another's.
    pub(crate) fn ratio(&self, name: &str, base: &str) -> f64 {
        self.over_rounds(name, base, |one, two| one / two)
    }

    /// The median over the rounds of what one command takes longer than another, milliseconds.
    pub(crate) fn added_ms(&self, name: &str, base: &str) -> f64 {
        self.over_rounds(name, base, |one, two| (one - two) * 1e3)
    }

    /// The median over the rounds of a comparison of two commands' seconds.
    fn over_rounds(&self, name: &str, base: &str, compare: impl Fn(f64, f64) -> f64) -> f64 {
        let pairs = self.of(name).iter().zip(self.of(base));
        let mut found: Vec<f64> =
            pairs.map(|(one, two)| compare(one.as_secs_f64(), two.as_secs_f64())).collect();
        found.sort_by(f64::total_cmp);
        found.get(found.len() / 2).copied().unwrap_or(f64::NAN)
    }

    /// Prints each command's median and its ratio to the first command's.
    pub(crate) fn print(&self, title: &str) {
        println!("\n{title} ({} rounds)", self.rounds.first().map_or(0, |(_, list)| list.len()));
        let Some((base, _)) = self.rounds.first() else { return };
        for (name, _) in &self.rounds {
            let median = self.median(name).as_secs_f64() * 1e3;
            println!("  {name:<28} {median:>10.2} ms   {:>6.3} x {base}", self.ratio(name, base));
        }
    }

    fn of(&self, name: &str) -> &[Duration] {
        self.rounds.iter().find(|(known, _)| known == name).map_or(&[], |(_, list)| list)
    }
}

fn median(mut list: Vec<Duration>) -> Duration {
    list.sort_unstable();
    list.get(list.len() / 2).copied().unwrap_or_default()
}
