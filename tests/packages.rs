//! Real packages, fetched from package registries: what spec-cc builds is what the compiler builds.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails by panicking")]

mod support;

use std::sync::{Mutex, PoisonError};
use support::package::{Bench, Package, units};
use support::sandbox::Sandbox;
use support::sources::Source;
use support::tree::{Listing, assert_same, changed};

const LUAJIT: Package = Package {
    name: "luajit",
    source: Source::Crate { name: "luajit-src", version: "210.7.4", folder: "luajit2" },
    prepare: "",
    // Less optimisation than the default: the compiles are many enough as they are.
    build: r#"make -j"$JOBS" CC="$CC" CCOPT=-O1"#,
    edited_source: "src/lj_gc.c",
    edited_header: "src/lj_obj.h",
};

const LIBUV: Package = Package {
    name: "libuv",
    source: Source::Debian("libuv1"),
    prepare: "sh autogen.sh",
    build: r#"./configure && make -j"$JOBS""#,
    edited_source: "src/unix/stream.c",
    edited_header: "include/uv.h",
};

const YAML_CPP: Package = Package {
    name: "yaml-cpp",
    source: Source::Debian("yaml-cpp"),
    prepare: "",
    build: r#"cmake -S . -B build -G Ninja -DYAML_CPP_BUILD_TESTS=OFF && ninja -C build -j "$JOBS""#,
    edited_source: "src/node_data.cpp",
    edited_header: "include/yaml-cpp/mark.h",
};

const ZSTD: Package = Package {
    name: "zstd",
    source: Source::Debian("libzstd"),
    prepare: "",
    build: r#"meson setup -Doptimization=1 build/meson build/ninja && ninja -C build/ninja -j "$JOBS""#,
    edited_source: "lib/compress/zstd_compress.c",
    edited_header: "lib/common/mem.h",
};

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

    bench.lay_out_edited();
    let edited = bench.build_plainly();
    let touched = changed(&edited, &wanted).len();
    assert!(touched > edited.len() / 2, "the edits changed only {touched} files");
    bench.lay_out_edited();
    assert_same("after edits", &bench.build(), &edited);
    assert_ahead(&sandbox, package.name, units(&edited).count());

    bench.lay_out_edited();
    assert_same("switched off", &bench.build_disabled(), &edited);
}

/// Panics unless the last session's compiles, at least `units` of them, were launched ahead and well aimed.
fn assert_ahead(sandbox: &Sandbox, element: &str, units: usize) {
    let stats = sandbox.stats(element);
    stats.assert_sound();
    assert!(stats.eligible() >= units as f64, "bypassed too much: {stats:?}");
    assert!(stats.number("recall") >= 0.95, "recall: {stats:?}");
    assert!(stats.number("precision") >= 0.9, "precision: {stats:?}");
}
