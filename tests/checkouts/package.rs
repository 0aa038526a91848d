//! A real package in two checkouts.
use crate::support::package::{LUAJIT, Package, units};
use crate::support::sandbox::Sandbox;
use crate::support::tree::{assert_same, changed};

/// Debug information without a map: every object names the working directory.
const WITH_DEBUG: Package = Package { build: r#"make -j"$JOBS" CC="$CC" CCOPT=-O0 CCDEBUG=-g"#, ..LUAJIT };

#[test]
fn a_package_with_relative_paths_is_shared() {
    let sandbox = Sandbox::new();
    let [one, other] = ["luajit", "a-checkout/of-longer-name"].map(|folder| LUAJIT.at(&sandbox, folder));
    one.lay_out();
    let wanted = one.build();
    other.lay_out();
    assert_same("the second checkout", &other.build(), &wanted);
    let stats = sandbox.stats(LUAJIT.name);
    stats.assert_ahead(units(&wanted).count());
    // Links are not shared, only compiles.
    assert!(stats.number("launched_executed") * 10.0 < stats.number("launched"), "{stats:?}");
}

#[test]
fn objects_that_name_their_folder_are_not() {
    let sandbox = Sandbox::new();
    let [one, other] = ["luajit", "a-checkout/of-longer-name"].map(|folder| WITH_DEBUG.at(&sandbox, folder));
    one.lay_out();
    let elsewhere = one.build();
    other.lay_out();
    let wanted = other.build_plainly();
    assert!(
        changed(&wanted, &elsewhere).len() >= units(&wanted).count(),
        "debug information names no folder"
    );
    other.lay_out();
    assert_same("the second checkout", &other.build(), &wanted);
}
