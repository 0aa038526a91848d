//! The client of a grid: against a real server, and against one that fails on purpose.

mod action;
mod calls;
mod downloads;
mod executions;
mod offers;
mod outages;
mod real;
mod security;
mod uploads;
