//! Links `spec-cc-trace` to a fixed address: that saves its start the relocations, and the pages that they copy.

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    for argument in ["-static", "-no-pie"] {
        println!("cargo::rustc-link-arg-bins={argument}");
    }
}
