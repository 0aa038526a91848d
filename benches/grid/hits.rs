//! Hits beside recc's, on the same casd: with the outputs here already, and on a machine that knows nothing yet.

use anyhow::{Context as _, Result, ensure};

use crate::machine::Machines;
use crate::race::Race;
use crate::stage::Stage;
use crate::support::peers::{CasdOptions, Peers};

const TRIVIAL: &str = "int f(int x) { return x + 1; }\n";

/// 428 headers with g++ 12.
const HEADERS: &str = "#include <iostream>\n#include <map>\n#include <regex>\n\
    bool f(const std::string &s) { return std::regex_match(s, std::regex(\"a+b*\")); }\n\
    void g(const std::map<int, int> &m) { for (auto &p : m) std::cout << p.first << p.second; }\n";

/// What both clients are told beside the server. The last two make recc's key cover system headers.
const SETTINGS: &str = "RECC_CACHE_ONLY=1 RECC_CACHE_UPLOAD_LOCAL_BUILD=1 RECC_DEPS_GLOBAL_PATHS=1 \
    RECC_NO_PATH_REWRITE=1";

/// How often each of the three races is run.
struct Rounds {
    plain: usize,
    here: usize,
    elsewhere: usize,
}

pub(crate) fn measure() -> Result<()> {
    let Some(peers) = Peers::get() else { return Ok(()) };
    let casd = peers.casd(&CasdOptions::default());
    let stage = Stage::new()?;
    stage.source("trivial.c", TRIVIAL)?;
    stage.source("headers.cc", HEADERS)?;
    let recc = without_shell(&peers)?;
    let settings = format!("RECC_SERVER={} {SETTINGS}", casd.url);
    for (what, compile, rounds) in [
        ("trivial C", "gcc -c trivial.c -o t.o", Rounds { plain: 100, here: 200, elsewhere: 20 }),
        ("C++, 428 headers", "g++ -O2 -c headers.cc -o h.o", Rounds { plain: 7, here: 100, elsewhere: 20 }),
    ] {
        let theirs = format!("{settings} {recc} {compile}");
        let ours = format!("{settings} spec-cc {compile}");
        let warm = Race::on(&stage).with("spec-cc", &ours).with("recc", &theirs);
        for _ in 0..3 {
            warm.run(1)?;
            // Files settle, and what was compiled here gets to the grid behind the build's back.
            std::thread::sleep(std::time::Duration::from_millis(500));
        }
        ensure_hit(&stage, &theirs)?;
        let race = Race::on(&stage).with("recc hit", &theirs).with("plain", compile);
        race.run(rounds.plain)?.print(&format!("plain, {what}"));
        let race = Race::on(&stage).with("recc hit", &theirs).with("spec-cc hit", &ours).with("true", "true");
        race.run(rounds.here)?.print(&format!("hit with the outputs here, {what}"));
        let machines = Machines::start(&stage, &settings, rounds.elsewhere)?;
        let race = Race::on(&stage).with("recc hit", &theirs).anew("spec-cc hit", |round| {
            format!("{settings} {} spec-cc {compile}", machines.variables(round))
        });
        race.run(rounds.elsewhere)?.print(&format!("hit on the grid, {what}"));
        machines.ensure_served("cached")?;
    }
    println!("\ngoal: a hit with the outputs here in <= 0.06 x recc's for the 428 headers");
    Ok(())
}

/// recc's command line without the shell that starts it from its unpacked package: that would count as recc's own time.
fn without_shell(peers: &Peers) -> Result<String> {
    let program = peers.program("recc");
    let script = std::fs::read_to_string(&program)?;
    let line = script.lines().find_map(|line| line.strip_prefix("exec ")).context("no starter of recc")?;
    let words = shell_words::split(line)?.into_iter().filter(|word| word != "$@");
    let name = program.display().to_string();
    Ok(words.map(|word| if word == "$0" { name.clone() } else { word }).collect::<Vec<_>>().join(" "))
}

fn ensure_hit(stage: &Stage, recc: &str) -> Result<()> {
    let said = stage.command(&format!("RECC_VERBOSE=1 {recc}")).output()?.stderr;
    ensure!(String::from_utf8_lossy(&said).contains("Action Cache hit"), "recc has no hit: {recc}");
    Ok(())
}
