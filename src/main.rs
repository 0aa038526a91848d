//! `specctl`: the companion and the commands people type.
fn main() {}
