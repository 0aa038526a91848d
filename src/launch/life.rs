//! The life of a launch: the states that it goes through, what leads to them, and what comes of it.

use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::miss::{Miss, MissReason};
use crate::base::digest::Digest;
use crate::base::paths::PathId;
use crate::cache::outcome::Outcome;
use crate::reapi::Cancel;
use crate::sandbox::executor::kill;

/// The life of a launch.
#[derive(Debug, Clone)]
pub enum Launch {
    /// Not looked at yet.
    Unseen,
    /// Not issued, and why.
    Not(Miss),
    /// This input, or the working directory, is not there yet.
    Pending(PathId),
    /// The build has the output already and will hardly ask; its result is here should it do so.
    Held(Digest),
    /// Issued; waits for a core.
    Queued,
    /// Being looked up, scanned or executed, by this runner once there is one.
    Running(Option<Runner>),
    /// Its outputs are here.
    Ready(Digest, Outcome),
    /// It came to nothing, and why.
    Failed(String),
}

/// What a look at a command comes to when it is not issued, or what a launch in flight ends with.
#[derive(Debug, Clone)]
pub enum Decision {
    /// Its result is here.
    Ready(Digest, Outcome),
    /// Its result is here, and the build will hardly ask.
    Held(Digest),
    /// It waits for this file.
    Wait(PathId),
    /// It cannot be launched, or need not be.
    Not(Miss),
    /// It is not launched although it could be.
    LeaveOut(Miss),
    /// It came to nothing.
    Failed(String),
}

/// What has come of a launch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Fate {
    /// The build has asked for its result.
    Useful,
    /// It came to nothing, or the build has ended without it.
    Wasted,
    /// It was ended, or never begun, because it had become pointless.
    Cancelled,
    /// The build may yet ask for it.
    Pending,
}

/// Who runs a launch.
#[derive(Debug, Clone)]
pub enum Runner {
    /// A process group of this machine.
    Group(i32),
    /// A grid, which stops when told so.
    Grid(Cancel),
}

impl Runner {
    /// Ends the run.
    pub fn stop(&self) {
        match self {
            Self::Group(group) => kill(*group),
            Self::Grid(cancel) => cancel.fire(),
        }
    }
}

/// When and where a command's last launch ran.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Ran {
    /// When it was issued: from then on it waited for its turn.
    pub issued: Instant,
    /// When somebody took it over.
    pub begun: Option<Instant>,
    /// When it ended; nothing while it has not.
    pub ended: Option<Instant>,
    /// Whether a grid ran it.
    pub on_grid: bool,
}

impl Ran {
    /// One that is issued now.
    pub(super) fn issue() -> Self {
        Self { issued: Instant::now(), begun: None, ended: None, on_grid: false }
    }

    /// One whose result was found when it was looked for.
    pub(super) fn found() -> Self {
        let now = Instant::now();
        Self { issued: now, begun: Some(now), ended: Some(now), on_grid: false }
    }
}

/// What there is to account for of a command's launches.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Tally {
    /// Whether it counts as a launch.
    pub launched: bool,
    /// Whether the launch had to be executed.
    pub executed: bool,
    /// Whether the build has asked for what was launched.
    pub useful: bool,
    /// Whether the launch was ended, or never begun, because it had become pointless.
    pub cancelled: bool,
    /// Whether it was launched on a content that the build then made otherwise.
    pub mispredicted: bool,
    /// Why it was not launched although it could have been.
    pub left_out: Option<MissReason>,
    /// CPU time the launch took.
    pub cpu: Duration,
}
