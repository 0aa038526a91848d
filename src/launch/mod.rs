//! Launching: which recorded commands to issue ahead of the build, running them, and serving what came of them.

mod accounts;
mod call;
mod conclude;
mod engine;
mod instance;
mod known;
mod launcher;
mod perform;
mod queue;

pub use accounts::{Accounts, Served};
pub use call::{Call, templated};
pub use conclude::{Evidence, Learnt, NotKept, conclude};
pub use engine::Engine;
pub use instance::{Context, Instance, Reads, Unready, instantiate};
pub use known::{Known, Launch, State};
pub use launcher::{Launcher, Place, awaited, is_open};
pub use perform::{Side, examine, scan, side_channel};
