//! Launching: which recorded commands to issue ahead of the build, running them, and serving what came of them.

mod accounts;
mod call;
mod carry;
mod checkout;
mod conclude;
mod engine;
mod grid;
mod instance;
mod known;
mod launcher;
mod link;
mod perform;
mod place;
mod predict;
mod queue;
mod scans;
mod unserved;
mod wrapper;

pub use accounts::{Accounts, Served, Way};
pub use call::{Call, plain, templated};
pub use checkout::{Keys, Shared};
pub use conclude::{Evidence, Learnt, NotKept, conclude};
pub use engine::Engine;
pub use grid::{Executed, Grid, GridSettings, Idents, Job, Moment, Unobtainable, Wire};
pub use instance::{Context, Instance, Reads, Unready, instantiate};
pub use known::{Known, Launch, Runner, State};
pub use launcher::{Launcher, awaited, is_open};
pub use link::{LinkCall, Linkage, Linkers, link_side, linkage};
pub use perform::{Performed, Side, examine, perform, scan, side_channel};
pub use place::Place;
use predict::refuted;
pub use predict::{Assumed, Predictions};
pub use unserved::{Miss, Unserved, unserved};
pub use wrapper::Wrapper;
