//! A session's report: how each command was served, and why not by a launch.

use std::collections::{BTreeMap, HashSet};
use std::ffi::OsString;
use std::path::Path;

use serde::{Deserialize, Serialize};

use super::timeline::{self, Asked, Event};
use super::{Session, SessionRow};
use crate::base::lexical::plain;
use crate::launch::candidate::Candidate;
use crate::launch::life::{Fate, Launch};
use crate::launch::miss::{Miss, MissReason};
use crate::session::counts::Way;
use crate::settings::Mode;
use crate::store::{Quarantined, RecordId};

/// Reasons of bypasses that are told apart in one session; what is asked for a further one counts as [`FURTHER`].
const REASONS: usize = 50;

/// Where reasons beyond [`REASONS`] are counted.
const FURTHER: &str = "for other reasons";

/// Everything that is kept of an element's last session to explain it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Report {
    /// The session and its counts.
    pub session: SessionRow,
    /// The commands that the build asked for, in its order, then those that were launched or left out without being asked for.
    pub commands: Vec<Line>,
    /// What was bypassed, the most frequent reason first.
    pub bypassed: Vec<Bypass>,
    /// What of the element is in quarantine now.
    #[serde(default)]
    pub quarantined: Vec<Quarantined>,
    /// Its timeline.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub events: Vec<Event>,
}

/// What became of one command.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Line {
    /// Its first output, relative to the project root.
    pub output: String,
    /// How it was served the last time; nothing when the build did not ask for it.
    pub how: Option<Way>,
    /// Why no launch served it, or why it was not launched.
    pub why: Option<Miss>,
    /// What became of its launch, if it was launched and the build has not asked for it.
    #[serde(default)]
    pub launch: Option<Fate>,
    /// CPU time that it takes, seconds; 0 when it is not known.
    pub cost_s: f64,
}

/// What has been bypassed for one reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Bypass {
    /// Why; a file that the command names reads `…`.
    pub reason: String,
    /// How often.
    pub count: u64,
    /// The arguments of one such command.
    pub example: String,
}

/// How a command was served.
#[derive(Debug)]
pub(crate) struct Told {
    output: String,
    way: Way,
    why: Option<Miss>,
}

/// Commands that were bypassed, by reason.
#[derive(Debug, Default)]
pub(crate) struct Bypasses(BTreeMap<String, (u64, String)>);

impl Bypasses {
    /// Counts a command.
    fn count(&mut self, reason: &str, args: &[OsString]) {
        let args: Vec<_> = args.iter().map(|arg| arg.to_string_lossy()).collect();
        // One reason for all files.
        let word =
            |word| if args.iter().any(|arg| arg == word && !arg.starts_with('-')) { "…" } else { word };
        let mut reason = reason.split(' ').map(word).collect::<Vec<_>>().join(" ");
        if self.0.len() >= REASONS && !self.0.contains_key(&reason) {
            FURTHER.clone_into(&mut reason);
        }
        let entry = self.0.entry(reason).or_insert_with(|| (0, shell_words::join(&args)));
        entry.0 += 1;
    }

    fn list(&self) -> Vec<Bypass> {
        let entries = self.0.iter();
        let bypass = |(reason, (count, example)): (&String, &(u64, String))| Bypass {
            reason: reason.clone(),
            count: *count,
            example: example.clone(),
        };
        let mut list: Vec<_> = entries.map(bypass).collect();
        list.sort_by_key(|bypass| std::cmp::Reverse(bypass.count));
        list
    }
}

impl Session {
    /// Counts a command that makes a file in a directory, `product`, as served in a way; `why` no launch did, if none did.
    pub(crate) fn tell(
        &self,
        (id, product): (RecordId, (&str, &str)),
        asked: Asked,
        way: Way,
        why: Option<&Miss>,
    ) {
        let not_launching = MissReason::NotLaunching.into();
        let says = |why: &Miss| {
            self.mode == Mode::Spec || matches!(why.why, MissReason::Verified | MissReason::Mismatched)
        };
        let why = why.map(|why| if says(why) { why } else { &not_launching });
        let told = Told { output: self.output(product), way, why: why.cloned() };
        let mut inner = self.inner();
        inner.accounts.serve(asked.category, way);
        inner.asks.served(id, asked, way);
        if let Some(why) = why {
            *inner.accounts.unserved.entry(why.why).or_default() += 1;
        }
        inner.told.insert(id, told);
        drop(inner);
        self.changes.note();
    }

    /// Counts a command that is bypassed.
    pub(crate) fn bypass(&self, reason: &str, args: &[OsString], asked: Asked) {
        let named = args.iter().rev().filter_map(|arg| arg.to_str());
        let name = named.into_iter().find(|arg| !arg.starts_with('-')).unwrap_or_default();
        let mut inner = self.inner();
        inner.accounts.serve(asked.category, Way::Bypassed);
        inner.asks.bypassed(name, asked);
        inner.bypasses.count(reason, args);
    }

    /// An output below the project root, relative to that.
    pub(crate) fn output(&self, (directory, output): (&str, &str)) -> String {
        let path = Path::new(directory).join(output);
        let path = plain(&path).unwrap_or(path);
        path.strip_prefix(&self.context.site.root).unwrap_or(&path).to_string_lossy().into_owned()
    }

    /// What there is to say of it.
    pub(crate) fn report(&self, row: SessionRow) -> Report {
        let (candidates, mut lines, bypassed) = {
            let inner = self.inner();
            let line = |(id, told): (&RecordId, &Told)| {
                let order = inner.seen.get(id).copied().unwrap_or(u32::MAX);
                (
                    order,
                    Line {
                        output: told.output.clone(),
                        how: Some(told.way),
                        why: told.why.clone(),
                        launch: None,
                        cost_s: 0.0,
                    },
                    *id,
                )
            };
            let lines: Vec<_> = inner.told.iter().map(line).collect();
            (inner.candidates.clone(), lines, inner.bypasses.list())
        };
        lines.sort_by(|one, other| (one.0, &one.1.output).cmp(&(other.0, &other.1.output)));
        let asked: HashSet<RecordId> = lines.iter().map(|(.., id)| *id).collect();
        let cost_s = |id: &RecordId| {
            candidates.get(id).map_or(0.0, |candidate| candidate.record(|record| record.cost_us) as f64 / 1e6)
        };
        let mut commands: Vec<Line> =
            lines.into_iter().map(|(_, line, id)| Line { cost_s: cost_s(&id), ..line }).collect();
        let further = candidates.iter().filter(|(id, _)| !asked.contains(id));
        let mut further: Vec<Line> = further.filter_map(|(_, candidate)| self.unasked(candidate)).collect();
        further.sort_by(|one, other| one.output.cmp(&other.output));
        commands.append(&mut further);
        Report { session: row, commands, bypassed, quarantined: Vec::new(), events: self.events() }
    }

    /// Its timeline by now: what the build asked for, in that order, then the launches.
    fn events(&self) -> Vec<Event> {
        let (opened, _) = self.opened;
        let (mut events, candidates) = {
            let inner = self.inner();
            let name = |id: &RecordId| inner.told.get(id).map(|told| told.output.clone()).unwrap_or_default();
            (inner.asks.events(opened, name), inner.candidates.values().cloned().collect::<Vec<_>>())
        };
        let candidates = candidates.iter().map(AsRef::as_ref);
        let name = |candidate: &Candidate| self.output(candidate.work.product());
        events.append(&mut timeline::launches(candidates, opened, self.is_closed(), name));
        events
    }

    /// What became of a command that the build has not asked for, if it was launched or left out.
    fn unasked(&self, candidate: &Candidate) -> Option<Line> {
        let output = self.output(candidate.work.product());
        let (tally, fate) = candidate.account(self.is_closed());
        let why = match candidate.launch() {
            Launch::Not(why) if why.why.is_left_out() => Some(why),
            _ if tally.launched => None,
            _ => return None,
        };
        let launch = if why.is_none() { fate } else { None };
        Some(Line {
            output,
            how: None,
            why,
            launch,
            cost_s: candidate.record(|record| record.cost_us) as f64 / 1e6,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::{Bypasses, FURTHER, REASONS};

    #[test]
    fn one_reason_for_all_files_and_an_end_to_them() {
        let mut bypasses = Bypasses::default();
        let mut count = |reason: &str, args: &[&str]| {
            bypasses.count(reason, &args.iter().map(Into::into).collect::<Vec<_>>());
        };
        count("a.S is not a source", &["-c", "a.S"]);
        count("b.S is not a source", &["-c", "b.S"]);
        count("-pg is odd", &["-pg", "-c", "b.c"]);
        for number in 0..REASONS {
            count(&format!("reason {number}"), &[]);
        }
        let list = bypasses.list();
        assert_eq!((list[1].reason.as_str(), list[1].count), ("… is not a source", 2));
        assert_eq!(list[1].example, "-c a.S");
        assert!(list.iter().any(|one| one.reason == "-pg is odd"));
        assert_eq!((list[0].reason.as_str(), list.len()), (FURTHER, REASONS + 1));
    }
}
