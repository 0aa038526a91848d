//! The accounting: what a build asked for, how it was served, and what launching brought or wasted.

use std::collections::BTreeMap;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::command::Kind;
use crate::launch::life::Fate;
use crate::launch::miss::MissReason;

/// One way in which a compile is served: a field of [`Served`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[allow(missing_docs, reason = "the fields of `Served` say it")]
pub enum Way {
    Joined,
    Prefetched,
    Cached,
    Executed,
    Local,
    Bypassed,
}

/// What a command is for, as `specctl` tells commands apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Category {
    /// Sources to objects.
    Compile,
    /// A test of configure, or a question about the compiler.
    Test,
    /// Anything to a program or shared library.
    Link,
    /// Objects to an archive.
    Archive,
    /// None of these.
    Other,
}

impl From<Kind> for Category {
    fn from(kind: Kind) -> Self {
        match kind {
            Kind::Compile => Self::Compile,
            Kind::Probe => Self::Test,
            Kind::Link => Self::Link,
            Kind::Archive => Self::Archive,
            Kind::Preprocess | Kind::Assemble | Kind::Other => Self::Other,
        }
    }
}

/// How the compiles of a build were served; the six add up to all compiles.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Served {
    /// Waited for a launch that was in flight.
    pub joined: u64,
    /// By a launch whose outputs were here before the build asked.
    pub prefetched: u64,
    /// From the cache, without a launch.
    pub cached: u64,
    /// Executed by the backend because the build asked.
    pub executed: u64,
    /// By the compiler in the build itself, and recorded.
    pub local: u64,
    /// By the compiler in the build itself, because spec-cc does not treat such a command.
    pub bypassed: u64,
}

impl Served {
    /// Counts one more.
    pub fn count(&mut self, way: Way) {
        *match way {
            Way::Joined => &mut self.joined,
            Way::Prefetched => &mut self.prefetched,
            Way::Cached => &mut self.cached,
            Way::Executed => &mut self.executed,
            Way::Local => &mut self.local,
            Way::Bypassed => &mut self.bypassed,
        } += 1;
    }

    /// All compiles.
    pub fn total(&self) -> u64 {
        self.joined + self.prefetched + self.cached + self.executed + self.local + self.bypassed
    }

    /// Adds further ones.
    fn add(&mut self, more: &Self) {
        self.joined += more.joined;
        self.prefetched += more.prefetched;
        self.cached += more.cached;
        self.executed += more.executed;
        self.local += more.local;
        self.bypassed += more.bypassed;
    }

    /// Those that a launch or the cache served, among those that spec-cc treats; `None` when there were none.
    pub fn hit_rate(&self) -> Option<f64> {
        ratio(self.joined + self.prefetched + self.cached, self.total() - self.bypassed)
    }
}

/// The counts of one session, or the sum over several.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Accounts {
    /// How compiles were served.
    pub served: Served,
    /// The same for each kind of command; adds up to `served`.
    #[serde(default)]
    pub kinds: BTreeMap<Category, Served>,
    /// Commands issued ahead of the build.
    pub launched: u64,
    /// Launches that the build later asked for.
    pub useful: u64,
    /// Launches that came to nothing, or that nobody had asked for when the session closed.
    pub wasted: u64,
    /// Launches that were ended, or never begun, because they had become pointless.
    pub cancelled: u64,
    /// Launches of an open session that the build may yet ask for.
    #[serde(default)]
    pub pending: u64,
    /// Commands that were launched on a guess of what the build would make, and the guess was wrong.
    #[serde(default)]
    pub mispredicted: u64,
    /// Launches whose result was not cached already.
    pub launched_executed: u64,
    /// Useful ones among those.
    pub useful_executed: u64,
    /// CPU time of wasted and cancelled launches, seconds.
    pub wasted_cpu_s: f64,
    /// CPU time of launches, seconds; where it is not known, as on a grid, what the command took before.
    #[serde(default)]
    pub launched_cpu_s: f64,
    /// Bytes that launches left, or sent to a grid.
    #[serde(default)]
    pub launched_bytes: u64,
    /// Learnt CPU time of the compiles that were served, or their elapsed time if that is less, without the time their builds
    /// waited, seconds.
    pub saved_s: f64,
    /// Learnt CPU time of the compiles that were served, seconds.
    #[serde(default)]
    pub saved_cpu_s: f64,
    /// How long builds waited for the compiles that were served, seconds.
    #[serde(default)]
    pub waited_s: f64,
    /// Results that were compared with what the compiler gave, because that was asked for.
    #[serde(default)]
    pub verified: u64,
    /// Those among them that were not the same.
    #[serde(default)]
    pub mismatched: u64,
    /// Compiles that were cached, executed or local, by why no launch served them; adds up to those three.
    #[serde(default)]
    pub unserved: BTreeMap<MissReason, u64>,
    /// Commands that could have been launched and were not, or not on the grid, by why, whether the build asked for them or not.
    #[serde(default)]
    pub left_out: BTreeMap<MissReason, u64>,
}

impl Accounts {
    /// Counts a command as served in a way.
    pub fn serve(&mut self, category: Category, way: Way) {
        self.served.count(way);
        self.kinds.entry(category).or_default().count(way);
    }

    /// Counts a launch, which took so much CPU time if it was `executed`.
    pub fn launch(&mut self, fate: Fate, executed: bool, cpu: Duration) {
        self.launched += 1;
        self.launched_executed += u64::from(executed);
        match fate {
            Fate::Useful => {
                self.useful += 1;
                self.useful_executed += u64::from(executed);
            }
            Fate::Wasted => self.wasted += 1,
            Fate::Cancelled => self.cancelled += 1,
            Fate::Pending => self.pending += 1,
        }
        if matches!(fate, Fate::Wasted | Fate::Cancelled) {
            self.wasted_cpu_s += cpu.as_secs_f64();
        }
    }

    /// Adds another session's counts.
    pub fn add(&mut self, other: &Self) {
        self.served.add(&other.served);
        for (category, more) in &other.kinds {
            self.kinds.entry(*category).or_default().add(more);
        }
        self.launched += other.launched;
        self.useful += other.useful;
        self.wasted += other.wasted;
        self.cancelled += other.cancelled;
        self.pending += other.pending;
        self.mispredicted += other.mispredicted;
        self.launched_executed += other.launched_executed;
        self.useful_executed += other.useful_executed;
        self.wasted_cpu_s += other.wasted_cpu_s;
        self.launched_cpu_s += other.launched_cpu_s;
        self.launched_bytes += other.launched_bytes;
        self.saved_s += other.saved_s;
        self.saved_cpu_s += other.saved_cpu_s;
        self.waited_s += other.waited_s;
        self.verified += other.verified;
        self.mismatched += other.mismatched;
        add_all(&mut self.unserved, &other.unserved);
        add_all(&mut self.left_out, &other.left_out);
    }

    /// Useful launches among all launches; `None` when nothing was launched.
    pub fn precision(&self) -> Option<f64> {
        ratio(self.useful, self.launched)
    }

    /// Compiles served by a launch among those that spec-cc treats; `None` when there were none.
    pub fn recall(&self) -> Option<f64> {
        ratio(self.served.joined + self.served.prefetched, self.served.total() - self.served.bypassed)
    }

    /// The object that `specctl stats --json` prints; its names are a contract.
    pub fn to_json(&self) -> serde_json::Value {
        let mut object = serde_json::json!(self);
        if let Some(object) = object.as_object_mut() {
            object.insert("compiles".into(), self.served.total().into());
            object.insert("precision".into(), serde_json::json!(self.precision()));
            object.insert("recall".into(), serde_json::json!(self.recall()));
            object.insert("hit_rate".into(), serde_json::json!(self.served.hit_rate()));
        }
        object
    }
}

fn add_all(counts: &mut BTreeMap<MissReason, u64>, more: &BTreeMap<MissReason, u64>) {
    for (why, count) in more {
        *counts.entry(*why).or_default() += count;
    }
}

fn ratio(part: u64, whole: u64) -> Option<f64> {
    (whole > 0).then(|| part as f64 / whole as f64)
}

#[cfg(test)]
mod tests {
    use super::{Accounts, Served};
    use crate::launch::miss::MissReason;

    #[test]
    fn the_json_has_the_names_of_the_contract() {
        let accounts = Accounts {
            served: Served { joined: 2, prefetched: 1, cached: 1, local: 1, bypassed: 5, executed: 0 },
            launched: 4,
            useful: 3,
            wasted: 1,
            unserved: [(MissReason::NewCommand, 2)].into(),
            ..Accounts::default()
        };
        let json = accounts.to_json();
        assert_eq!(json["compiles"], 10);
        assert_eq!(json["precision"], 0.75);
        assert_eq!(json["recall"], 0.6);
        for name in
            ["cancelled", "pending", "launched_executed", "useful_executed", "wasted_cpu_s", "saved_s"]
        {
            assert!(json[name].is_number(), "{name}");
        }
        assert_eq!(json["unserved"]["new_command"], 2);
        assert!(json["left_out"].is_object());
    }
}
