//! A session's timeline: what its build asked for and what was launched, from when to when.

use std::time::Instant;

use serde::{Deserialize, Serialize};

use crate::command::Kind;
use crate::launch::candidate::Candidate;
use crate::launch::life::Fate;
use crate::session::counts::{Category, Way};
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

impl Asks {
    /// What a timeline shows of them, in a session that was opened then. `name` says what a command makes.
    pub(super) fn events(&self, opened: Instant, name: impl Fn(&RecordId) -> String) -> Vec<Event> {
        let event = |ask: &Ask| Event {
            output: match &ask.which {
                Which::Command(id) => name(id),
                Which::Bypassed(name) => name.to_string(),
            },
            kind: ask.category,
            place: if ask.way == Way::Executed { Place::Grid } else { Place::Build },
            asked_s: seconds(opened, ask.begun),
            start_s: seconds(opened, ask.begun),
            end_s: seconds(opened, ask.ended),
            way: Some(ask.way),
            launch: None,
        };
        self.0.iter().map(event).collect()
    }
}

/// The launches in a session that was opened then and is `closed` or not, in the order of their start. `name` says what a
/// command makes.
pub(super) fn launches<'a>(
    candidates: impl Iterator<Item = &'a Candidate>,
    opened: Instant,
    closed: bool,
    name: impl Fn(&Candidate) -> String,
) -> Vec<Event> {
    let event = |candidate: &Candidate| {
        let ran = candidate.ran()?;
        let (_, fate) = candidate.account(closed);
        let end = ran.ended.unwrap_or_else(Instant::now);
        Some(Event {
            output: name(candidate),
            kind: candidate.record(Traced::kind).0.into(),
            place: if ran.on_grid { Place::Grid } else { Place::Core },
            asked_s: seconds(opened, ran.issued),
            start_s: seconds(opened, ran.begun.unwrap_or(end)),
            end_s: seconds(opened, end),
            way: None,
            launch: fate,
        })
    };
    let mut launches: Vec<_> = candidates.filter_map(event).collect();
    launches.sort_by(|a, b| a.start_s.total_cmp(&b.start_s));
    launches.truncate(MOST_ASKS);
    launches
}

/// A moment in seconds since another one; a command that opens a session was asked for before.
fn seconds(since: Instant, moment: Instant) -> f64 {
    moment.saturating_duration_since(since).as_micros() as f64 / 1e6
}
