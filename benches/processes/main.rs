//! Whole processes, from fork to exit: hits beside ccache; learning, the disabled shim and the tracer beside the plain compiler.
//!
//! `cargo build --release --workspace && cargo bench --bench processes [cold]`; results are discussed in `docs/performance.md`.

mod cold;
mod race;
mod stage;

use std::process::Command;
use std::time::Duration;

use anyhow::Result;
use criterion::Criterion;

use crate::race::Race;
use crate::stage::Stage;

const TRIVIAL: &str = "int f(int x) { return x + 1; }\n";

/// 428 headers with g++ 12.
const HEADERS: &str = "#include <iostream>\n#include <map>\n#include <regex>\n\
    bool f(const std::string &s) { return std::regex_match(s, std::regex(\"a+b*\")); }\n\
    void g(const std::map<int, int> &m) { for (auto &p : m) std::cout << p.first << p.second; }\n";

/// A second or two of g++ -O0.
const SECOND: &str = "#include <iostream>\n#include <regex>\n\
    bool f(const std::string &s) { return std::regex_match(s, std::regex(\"a+b*\")); }\n";

/// Long enough after the last write that a file's time counts as settled.
const SETTLED: Duration = Duration::from_millis(100);

/// A goal of `docs/design.md`, and what was measured.
struct Row(&'static str, &'static str, String);

fn main() -> Result<()> {
    // `cargo test --benches` asks only whether it starts.
    if std::env::args().any(|arg| arg == "--test") {
        return Ok(());
    }
    let stage = Stage::new()?;
    stage.source("trivial.c", TRIVIAL)?;
    stage.source("headers.cc", HEADERS)?;
    stage.source("test.c", "#include <stdio.h>\nint main(void) { return puts(\"\") < 0; }\n")?;
    stage.source("second.cc", SECOND)?;
    let ccache = Command::new("ccache").arg("--version").output().is_ok();
    if !ccache {
        println!("ccache is not installed: its column is left out");
    }
    let mut rows = Vec::new();
    let only_cold = std::env::args().any(|arg| arg == "cold");
    if !only_cold {
        hits(&stage, ccache, &mut rows)?;
        learning(&stage, &mut rows)?;
        disabled(&stage, &mut rows)?;
        traced(&stage, &mut rows)?;
    }
    cold::cold(&mut rows)?;
    println!("\n{:<34} {:<22} measured", "what", "goal");
    for Row(what, goal, measured) in rows {
        println!("{what:<34} {goal:<22} {measured}");
    }
    if !only_cold {
        absolute(&stage);
    }
    Ok(())
}

fn hits(stage: &Stage, ccache: bool, rows: &mut Vec<Row>) -> Result<()> {
    for (what, compile, rounds) in [
        ("hit, trivial C", "gcc -c trivial.c -o t.o", 300),
        ("hit, C++, 428 headers", "g++ -O2 -c headers.cc -o h.o", 200),
    ] {
        let (ours, theirs) = (format!("spec-cc {compile}"), format!("ccache {compile}"));
        let mut race = Race::on(stage).with("true", "true").with("spec-cc", &ours);
        if ccache {
            race = race.with("ccache", &theirs);
        }
        warm(&race)?;
        let times = race.run(rounds)?;
        times.print(what);
        if ccache {
            rows.push(Row(
                what,
                "<= 0.5 x ccache",
                format!("{:.2} x ccache", times.ratio("spec-cc", "ccache")),
            ));
        }
    }
    Ok(())
}

/// Has everything learnt and every file settled.
fn warm(race: &Race<'_>) -> Result<()> {
    for _ in 0..3 {
        race.run(1)?;
        std::thread::sleep(SETTLED);
    }
    race.run(5).map(drop)
}

/// A compile whose object has a name that was never seen is one that nothing is known of.
fn learning(stage: &Stage, rows: &mut Vec<Row>) -> Result<()> {
    for (what, goal, compile, rounds) in [
        ("first compile, trivial C", "<= 2 ms added", "gcc -c trivial.c", 100),
        ("first compile, C++", "<= 1.01 x plain", "g++ -c second.cc", 15),
    ] {
        let race = Race::on(stage)
            .anew("plain", move |round| format!("{compile} -o plain{round}.o"))
            .anew("spec-cc", move |round| format!("spec-cc {compile} -o learnt{round}.o"));
        let times = race.run(rounds)?;
        times.print(what);
        let added = times.added_ms("spec-cc", "plain");
        rows.push(Row(what, goal, format!("{:.3} x plain, {added:+.1} ms", times.ratio("spec-cc", "plain"))));
    }
    Ok(())
}

fn disabled(stage: &Stage, rows: &mut Vec<Row>) -> Result<()> {
    for (what, words, rounds) in [
        ("disabled, trivial C", "gcc -c trivial.c -o d.o", 100),
        ("disabled, gcc -dumpversion", "gcc -dumpversion", 500),
    ] {
        let off = format!("SPEC_CC_DISABLE=1 spec-cc {words}");
        let times = Race::on(stage).with("plain", words).with("disabled", &off).run(rounds)?;
        times.print(what);
        rows.push(Row(what, "<= 0.3 ms added", format!("{:+.2} ms", times.added_ms("disabled", "plain"))));
    }
    Ok(())
}

/// A command under the tracer beside the command alone.
fn traced(stage: &Stage, rows: &mut Vec<Row>) -> Result<()> {
    for (what, goal, words) in [
        ("traced configure test, C", "<= 1.15 x plain", "gcc test.c -o test"),
        ("traced compile, trivial C", "<= 4 ms added", "gcc -c trivial.c -o t.o"),
        ("traced archive", "<= 4 ms added", "ar rc -o lib.a trivial.c"),
    ] {
        let (program, _) = words.split_once(' ').unwrap_or((words, ""));
        // A new file each time, as in a build: some file systems write to the disk before one is replaced.
        let traced = |round| format!("spec-cc-trace beside touched{round} /usr/bin/{program} {words}");
        let times = Race::on(stage).with("plain", words).anew("traced", traced).run(100)?;
        times.print(what);
        let added = times.added_ms("traced", "plain");
        rows.push(Row(what, goal, format!("{:.3} x plain, {added:+.1} ms", times.ratio("traced", "plain"))));
    }
    Ok(())
}

/// Absolute figures, which mean something on a quiet machine only.
fn absolute(stage: &Stage) {
    let mut criterion = Criterion::default().configure_from_args();
    for (name, words) in [
        ("hit/trivial-c", "spec-cc gcc -c trivial.c -o t.o"),
        ("hit/428-headers", "spec-cc g++ -O2 -c headers.cc -o h.o"),
        ("true", "true"),
    ] {
        criterion.bench_function(name, |bencher| bencher.iter(|| stage.command(words).status().is_ok()));
    }
    criterion.final_summary();
}
