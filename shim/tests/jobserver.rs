//! make's jobserver works through the shim: a compiler that is itself a make client gets its tokens.
#![allow(clippy::unwrap_used)]

mod support;

use spec_cc_shim::wire::Run;
use std::fs;
use support::{Room, stderr};

const MAKEFILE: &str = "all: ; +@$(CC) -c x.c\n";
/// Each job waits for the other, though not for ever.
const INNER: &str = "all: a b\na b: ; @echo start $@ >>log; n=0; \
    until test $$(grep -c start log) = 2 -o $$n = 1000; do sleep 0.01; n=$$((n + 1)); done; echo end $@ >>log\n";

#[test]
fn a_make_below_the_compiler_runs_two_jobs() {
    let room = Room::new();
    room.script("bin/cc", "exec make --no-print-directory -f inner.mk");
    room.write("Makefile", MAKEFILE);
    room.write("inner.mk", INNER);
    let companion = room.runner(Run::default());
    let output = room.call("make").args(["-j2", &format!("CC={}", support::SHIM)]).output().unwrap();
    assert!(output.status.success(), "{}", stderr(&output));
    // Without the descriptors make warns "jobserver unavailable" and runs one after the other.
    assert_eq!(stderr(&output), "");
    let log = fs::read_to_string(room.work("log")).unwrap();
    let order: Vec<_> = log.lines().map(|line| line.split(' ').next().unwrap()).collect();
    assert_eq!(order, ["start", "start", "end", "end"]);
    companion.join().unwrap();
}
