//! Real packages on the real casd: what another machine finds there, and what is executed there, is what the compiler builds.

use std::sync::{Mutex, PoisonError};

use crate::support::package::{Bench, LIBUV, LIBUV_BY_CMAKE, LUAJIT, Package, ZSTD_LIBRARY, units};
use crate::support::peers::{CasdOptions, Peers};
use crate::support::sandbox::{Sandbox, Stats};
use crate::support::tree::assert_same;

/// Packages build one after another: recall is about one build with the machine to itself.
static MACHINE: Mutex<()> = Mutex::new(());

#[test]
fn another_machine_is_served_a_whole_make_package() {
    cached(&LUAJIT);
}

#[test]
fn another_machine_is_served_a_whole_autotools_package() {
    cached(&LIBUV);
}

#[test]
fn an_edited_cmake_package_is_launched_on_another_machine() {
    launched(&LIBUV_BY_CMAKE);
}

#[test]
fn an_edited_meson_package_is_launched_on_another_machine() {
    launched(&ZSTD_LIBRARY);
}

#[test]
fn a_package_without_debug_information_is_executed() {
    executed(&LUAJIT, "executed");
}

#[test]
fn a_package_with_debug_information_is_compiled_here() {
    let build = r#"make -j"$JOBS" CC="$CC" CCOPT=-O1 CCDEBUG=-g"#;
    executed(&Package { build, ..LUAJIT }, "local");
}

/// A package beside a casd that keeps results; nothing is done where there is none.
fn beside_casd(package: &Package, act: impl FnOnce(&Bench<'_>, &Sandbox)) {
    let _alone = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let sandbox = Sandbox::new();
    let bench = package.on(&sandbox).set("SPEC_CC_POLICY", "cache-only").set("SPEC_CC_REMOTE", &casd.url);
    act(&bench, &sandbox);
}

/// Learns a package beside a casd that keeps results, has another machine build it, and a third one once it is edited.
fn cached(package: &Package) {
    beside_casd(package, |bench, sandbox| found_elsewhere(bench, sandbox, package));
}

fn found_elsewhere(bench: &Bench<'_>, sandbox: &Sandbox, package: &Package) {
    bench.lay_out();
    let wanted = bench.build_plainly();
    bench.lay_out();
    assert_same("learning", &bench.build(), &wanted);
    assert_mostly(&sandbox.stats(package.name), "local", units(&wanted).count());

    sandbox.forget();
    bench.lay_out();
    assert_same("elsewhere", &bench.build(), &wanted);
    let stats = sandbox.stats(package.name);
    stats.assert_sound();
    // A compile that begins in the tick in which a header of its was generated is not kept: nobody could tell which it read.
    // Links and configure tests run here.
    let others = stats.number("compiles") - units(&wanted).count() as f64;
    assert!(stats.served("local") <= 0.05 * stats.number("compiles") + others, "compiled again: {stats:?}");
    let found: f64 = ["cached", "joined", "prefetched"].iter().map(|way| stats.served(way)).sum();
    assert!(found >= (units(&wanted).count() * 95 / 100) as f64, "too few found: {stats:?}");
    bench.assert_recorded(&wanted);
    edited_elsewhere(bench, sandbox, package);
}

/// Learns a package beside a casd that keeps results, and has another machine build it once it is edited.
fn launched(package: &Package) {
    beside_casd(package, |bench, sandbox| {
        bench.lay_out();
        let learnt = bench.build();
        assert!(units(&learnt).count() >= 20, "too small a package: {learnt:?}");
        edited_elsewhere(bench, sandbox, package);
    });
}

/// Builds the edited package on a machine that has never seen it: what the compiler builds, ahead of the build.
fn edited_elsewhere(bench: &Bench<'_>, sandbox: &Sandbox, package: &Package) {
    bench.lay_out_edited();
    let edited = bench.build_plainly();
    sandbox.forget();
    bench.lay_out_edited();
    assert_same("after edits", &bench.build(), &edited);
    sandbox.stats(package.name).assert_ahead(units(&edited).count());
}

/// Builds a package beside a casd that executes, whose runner works in a folder of its own; most of it is to be had by `way`.
fn executed(package: &Package, way: &str) {
    let _alone = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let sandbox = Sandbox::new();
    let bench = package.on(&sandbox).set("SPEC_CC_REMOTE", &casd.url);
    bench.lay_out();
    let wanted = bench.build_plainly();
    bench.lay_out();
    assert_same("learning", &bench.build(), &wanted);
    // Assembler says nothing of what made it, and is assembled here.
    assert_mostly(&sandbox.stats(package.name), way, units(&wanted).count() * 9 / 10);
}

/// Panics unless at least `units` compiles were served by `way`.
fn assert_mostly(stats: &Stats, way: &str, units: usize) {
    assert!(stats.served(way) >= units as f64, "too few {way}: {stats:?}");
}
