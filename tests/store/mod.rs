//! The store as its owner sees it: what goes in comes out, ages, survives.

mod carry;
mod common;
mod damage;
mod records;
mod size;
