//! Machines that know nothing: each has a companion, a store and a cache of its own.

use anyhow::{Result, ensure};

use crate::stage::Stage;

/// A compile of nothing, so that a machine's companion runs and has identified the compilers before the race.
const NOTHING: &str = "\n";

/// Machines that share a stage's files; dropping them stops their companions.
pub(crate) struct Machines<'a> {
    stage: &'a Stage,
    count: usize,
}

impl<'a> Machines<'a> {
    /// So many of them, each up.
    pub(crate) fn start(stage: &'a Stage, settings: &str, count: usize) -> Result<Self> {
        let machines = Self { stage, count };
        stage.source("nothing.c", NOTHING)?;
        stage.source("nothing.cc", NOTHING)?;
        for number in 0..count {
            for compile in ["gcc -c nothing.c -o n.o", "g++ -c nothing.cc -o n.o"] {
                let words = format!("{settings} {} spec-cc {compile}", machines.variables(number));
                ensure!(stage.command(&words).status()?.success(), "{words}");
            }
        }
        Ok(machines)
    }

    /// The variables that put a command on a machine.
    pub(crate) fn variables(&self, number: usize) -> String {
        let place = |name: &str| self.stage.path(&format!("machine{number}-{name}")).display().to_string();
        format!(
            "SPEC_CC_SOCKET={} SPEC_CC_STORE={} SPEC_CC_CACHE={}",
            place("socket"),
            place("store"),
            place("cache")
        )
    }

    /// Fails unless each machine was served something in this way.
    pub(crate) fn ensure_served(&self, how: &str) -> Result<()> {
        for number in 0..self.count {
            let output = self.stage.command(&format!("{} specctl stats --json", self.variables(number)));
            let output = { output }.stdout(std::process::Stdio::piped()).output()?;
            let stats: serde_json::Value = serde_json::from_slice(&output.stdout)?;
            let served = stats["served"][how].as_u64();
            ensure!(served.is_some_and(|count| count > 0), "machine {number} had no hit: {stats}");
        }
        Ok(())
    }
}

impl Drop for Machines<'_> {
    fn drop(&mut self) {
        for number in 0..self.count {
            // Without a companion there is nothing to stop.
            let _ = self.stage.command(&format!("{} specctl stop", self.variables(number))).status();
        }
    }
}
