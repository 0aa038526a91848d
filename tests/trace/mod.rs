//! `spec-cc-trace`: the command runs as it would alone, and the trace tells what strace tells.

mod accounts;
mod differential;
mod manners;
mod refusals;
mod room;
mod strace;
