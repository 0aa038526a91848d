//! `spec-cc`: runs the compiler through spec-cc.
fn main() {}
