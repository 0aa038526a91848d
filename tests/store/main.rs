//! The store as its owner sees it: what goes in comes out, ages, survives.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod carry;
mod common;
mod damage;
mod records;
mod size;
