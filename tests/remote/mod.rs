//! Builds on a grid, end to end: the real buildbox-casd and the real recc, and a stand-in server for faults.

mod cache_only;
mod execute;
mod faults;
mod launches;
mod links;
mod memory;
mod packages;
mod recc;
mod traced;
