//! Real packages, fetched from package registries: what spec-cc builds is what the compiler builds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::sync::{Mutex, PoisonError};
use support::package::{Bench, LIBUV, LIBUV_BY_CMAKE, LUAJIT, Package, YAML_CPP, ZSTD, units};
use support::sandbox::Sandbox;
use support::tree::{Listing, assert_same, changed};

/// Packages build one after another: the numbers below are about one build with the machine to itself.
static MACHINE: Mutex<()> = Mutex::new(());

#[test]
fn plain_make() {
    full_circle(&LUAJIT);
}

#[test]
fn autotools_with_libtool() {
    full_circle(&LIBUV);
}

#[test]
fn cmake_with_ninja() {
    full_circle(&YAML_CPP);
}

#[test]
fn meson() {
    full_circle(&ZSTD);
}

#[test]
fn sixteen_jobs() {
    let _alone = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let sandbox = Sandbox::new();
    let bench = LIBUV.on(&sandbox);
    bench.lay_out();
    let wanted = bench.build_plainly();
    for round in ["learning", "again"] {
        bench.lay_out();
        assert_same(round, &bench.build_with_jobs(16), &wanted);
        bench.assert_recorded(&wanted);
        sandbox.stats("libuv").assert_sound();
    }
}

#[test]
fn two_elements_at_once() {
    let _alone = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let sandbox = Sandbox::new();
    let benches = [YAML_CPP.on(&sandbox), LIBUV.on(&sandbox)];
    let wanted = benches.each_ref().map(|bench| {
        bench.lay_out();
        bench.build_plainly()
    });
    for round in ["learning", "again"] {
        let got = at_once(&benches);
        for ((bench, got), wanted) in benches.iter().zip(&got).zip(&wanted) {
            assert_same(round, got, wanted);
            bench.assert_recorded(wanted);
            bench.assert_nothing_foreign();
        }
    }
    for name in ["yaml-cpp", "libuv"] {
        sandbox.stats(name).assert_sound();
    }
}

/// Whatever would be served of a package, its compilers give the same.
#[test]
fn verified() {
    let _alone = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let sandbox = Sandbox::new();
    let bench = LIBUV_BY_CMAKE.on(&sandbox).set("SPEC_CC_VERIFY", "1");
    bench.lay_out();
    let wanted = bench.build_plainly();
    for round in ["learning", "verifying"] {
        bench.lay_out();
        assert_same(round, &bench.build(), &wanted);
    }
    let stats = sandbox.stats(LIBUV_BY_CMAKE.name);
    stats.assert_sound();
    let why = sandbox.json(&["show", LIBUV_BY_CMAKE.name, "--why", "--json"]);
    assert!(stats.number("mismatched") < 0.5, "{}", why["quarantined"]);
    assert!(stats.number("verified") >= units(&wanted).count() as f64, "{stats:?}\n{why}");
    let served = ["prefetched", "joined", "cached"].iter().map(|way| stats.served(way)).sum::<f64>();
    assert!(served < 0.5, "{stats:?}");
}

/// Builds every bench from clean, all at the same time.
fn at_once(benches: &[Bench<'_>]) -> Vec<Listing> {
    std::thread::scope(|scope| {
        let builds: Vec<_> = benches
            .iter()
            .map(|bench| {
                bench.lay_out();
                scope.spawn(|| bench.build())
            })
            .collect();
        builds.into_iter().map(|build| build.join().unwrap()).collect()
    })
}

/// Learn a package, edit it, build it again: the same files each time, and the second time ahead of the build.
fn full_circle(package: &Package) {
    let _alone = MACHINE.lock().unwrap_or_else(PoisonError::into_inner);
    let sandbox = Sandbox::new();
    let bench = package.on(&sandbox);

    bench.lay_out();
    let wanted = bench.build_plainly();
    assert!(units(&wanted).count() >= 20, "too small a package: {wanted:?}");
    bench.lay_out();
    assert_same("learning", &bench.build(), &wanted);
    bench.assert_recorded(&wanted);
    bench.assert_exported(&wanted);

    bench.lay_out_edited();
    let edited = bench.build_plainly();
    let touched = changed(&edited, &wanted).len();
    assert!(touched > edited.len() / 2, "the edits changed only {touched} files");
    bench.lay_out_edited();
    assert_same("after edits", &bench.build(), &edited);
    let why = sandbox.json(&["show", package.name, "--why", "--json"]);
    let unserved =
        why["commands"].as_array().into_iter().flatten().filter(|command| !command["why"].is_null());
    // Seen where the next line fails.
    unserved.for_each(|command| eprintln!("{command}"));
    sandbox.stats(package.name).assert_ahead(units(&edited).count());

    bench.lay_out_edited();
    assert_same("switched off", &bench.build_disabled(), &edited);
}
