//! A session's timeline: what its build asked for and what was launched, from when to when.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use super::Session;
use crate::command::Kind;
use crate::launch::accounts::{Category, Way};
use crate::launch::candidate::Candidate;
use crate::launch::life::Fate;
use crate::store::RecordId;
use crate::traced::Traced;

/// What is kept of one session's commands; of a longer build the beginning is shown.
const MOST_ASKS: usize = 10_000;

/// One bar of a timeline. Times are seconds since the session was opened.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Event {
    /// Its first output, relative to the project root; of what is bypassed, the last file that it names.
    pub output: String,
    /// What the command is for.
    pub kind: Category,
    /// Where it ran, or was waited for.
    pub place: Place,
    /// When it was asked for or issued.
    pub asked_s: f64,
    /// When it was begun: a launch waits for its turn before.
    pub start_s: f64,
    /// When it ended. When a command ends that was bypassed nobody knows.
    pub end_s: f64,
    /// How it was served, if the build asked for it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub way: Option<Way>,
    /// What came of it, if it is a launch.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub launch: Option<Fate>,
}

/// Where the time of an [`Event`] went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Place {
    /// In the build itself.
    Build,
    /// On a core of this machine, ahead of the build.
    Core,
    /// On a grid.
    Grid,
}

/// A command that the build asks for, and when it did.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Asked {
    pub category: Category,
    pub begun: Instant,
    /// When the build had what it asked for; now, if that is not known.
    pub ended: Option<Instant>,
}

impl Asked {
    /// One that the build asked for then, and gets now.
    pub(crate) fn since(kind: Kind, begun: Instant) -> Self {
        Self { category: kind.into(), begun, ended: None }
    }
}

/// What the build has asked for, in that order.
#[derive(Debug, Default)]
pub(super) struct Asks(Vec<Ask>);

/// Which command it was.
#[derive(Debug)]
enum Which {
    /// One that has a name.
    Command(RecordId),
    /// One that was bypassed, by a file that it names.
    Bypassed(Box<str>),
}

#[derive(Debug)]
struct Ask {
    which: Which,
    category: Category,
    way: Way,
    begun: Instant,
    ended: Instant,
}

impl Asks {
    /// Takes note of a command that was served.
    pub(super) fn served(&mut self, id: RecordId, asked: Asked, way: Way) {
        self.push(Which::Command(id), asked, way);
    }

    /// Takes note of a command that was bypassed.
    pub(super) fn bypassed(&mut self, name: &str, asked: Asked) {
        self.push(Which::Bypassed(name.into()), asked, Way::Bypassed);
    }

    fn push(&mut self, which: Which, Asked { category, begun, ended }: Asked, way: Way) {
        if self.0.len() < MOST_ASKS {
            let ended = ended.unwrap_or_else(Instant::now);
            self.0.push(Ask { which, category, way, begun, ended });
        }
    }
}

impl Session {
    /// Its timeline by now: what the build asked for, in that order, then the launches.
    pub(super) fn events(&self) -> Vec<Event> {
        let (mut events, candidates) = {
            let inner = self.inner();
            let name = |id: &RecordId| inner.told.get(id).map(|told| told.output.clone()).unwrap_or_default();
            let event = |ask: &Ask| Event {
                output: match &ask.which {
                    Which::Command(id) => name(id),
                    Which::Bypassed(name) => name.to_string(),
                },
                kind: ask.category,
                place: if ask.way == Way::Executed { Place::Grid } else { Place::Build },
                asked_s: self.seconds(ask.begun),
                start_s: self.seconds(ask.begun),
                end_s: self.seconds(ask.ended),
                way: Some(ask.way),
                launch: None,
            };
            let events: Vec<_> = inner.asks.0.iter().map(event).collect();
            (events, inner.candidates.values().cloned().collect::<Vec<_>>())
        };
        let mut launches: Vec<_> =
            candidates.iter().filter_map(|candidate| self.launched(candidate)).collect();
        launches.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
        launches.truncate(MOST_ASKS);
        events.append(&mut launches);
        events
    }

    /// When a command was launched, if it was.
    fn launched(&self, candidate: &Candidate) -> Option<Event> {
        let ran = candidate.ran()?;
        let (_, fate) = candidate.account(self.is_closed());
        let end = ran.ended.unwrap_or_else(Instant::now);
        Some(Event {
            output: self.output(candidate.work.product()),
            kind: candidate.record(Traced::kind).0.into(),
            place: if ran.on_grid { Place::Grid } else { Place::Core },
            asked_s: self.seconds(ran.issued),
            start_s: self.seconds(ran.begun.unwrap_or(end)),
            end_s: self.seconds(end),
            way: None,
            launch: fate,
        })
    }

    /// A moment in seconds since it was opened. A command that opens a session was asked for before.
    fn seconds(&self, moment: Instant) -> f64 {
        let micros = moment.saturating_duration_since(self.opened.0).as_micros();
        micros as f64 / 1e6
    }
}
