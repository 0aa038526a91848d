//! The planner: which recorded commands to launch ahead of the build, in which order, here or on a grid. See
//! `docs/rooms/launch.md`.

pub mod bell;
pub mod budget;
pub mod candidate;
pub mod chains;
pub mod context;
pub mod decide;
pub mod execute;
pub mod instantiate_traced;
pub mod launcher;
pub mod life;
pub mod look;
pub mod lookups;
pub mod miss;
pub mod priority;
pub mod producers;
pub mod queue;
pub mod recheck;
pub mod remote;
pub mod state;
pub mod suppression;
