//! Launching: which recorded commands to issue ahead of the build, running them, and serving what came of them.

mod accounts;
mod again;
mod assembled;
mod bell;
mod budget;
mod call;
mod carry;
mod chains;
mod checkout;
mod conclude;
mod engine;
mod failure;
mod grid;
mod instance;
mod known;
mod launcher;
mod leave;
mod link;
mod makers;
mod merit;
mod perform;
mod pieces;
mod place;
mod predict;
mod queue;
mod quotes;
mod remote;
mod result_key;
mod scans;
mod traced;
mod unserved;
mod work;
mod wrapper;

pub use accounts::{Accounts, Served, Way};
pub use bell::Bell;
pub use budget::{Budget, Spent};
pub use call::{Call, plain, templated};
pub use chains::weigh;
pub use checkout::{Keys, Shared};
pub use conclude::{Evidence, Learnt, NotKept, conclude};
pub use engine::Engine;
pub use failure::is_passing;
pub use grid::{
    Executed, Found, Grid, GridSettings, Idents, Job, Left, Moment, Outline, Sent, Spot, Unobtainable,
    Wanted, Wire,
};
pub use instance::{Context, Instance, Reads, Unready, instantiate};
pub use known::{Fate, Known, Launch, Runner, State};
pub use launcher::Launcher;
use launcher::newer_output;
pub use leave::leave;
pub use link::{LinkCall, Linkage, Linkers, link_side, linkage};
pub use makers::Makers;
pub use merit::{Rank, rank};
pub use perform::{Performed, Side, examine, let_tick_pass, perform, scan, side_channel};
pub use place::Place;
use predict::refuted;
pub use predict::{Assumed, Predictions};
pub use result_key::ResultKey;
pub use traced::{Observed, Overrides, Run, There, Traced, Unlearnt, exit_status, observe, state};
pub use unserved::{Miss, Unserved, unserved};
pub use work::Work;
pub use wrapper::Wrapper;
