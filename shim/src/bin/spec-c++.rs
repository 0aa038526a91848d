//! `spec-c++`: runs the compiler through spec-cc.
fn main() {}
