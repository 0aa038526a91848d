//! What the demo says of its builds.

use std::time::Duration;

use anyhow::Result;
use serde_json::Value;

use crate::cli::demo::build::Built;
use crate::cli::demo::package;
use crate::cli::demo::workshop::Workshop;
use crate::cli::text;

/// How many recorded commands are shown.
const SHOWN: usize = 6;
/// Times that differ by less than this share are called the same.
const SAME: f64 = 0.03;

/// The beginning of what `specctl show` tells, in short.
pub(super) fn recorded(workshop: &Workshop) -> Result<String> {
    let shown = workshop.ask_json(&["show", package::NAME, "--json"])?;
    Ok(first_of(&shown))
}

fn first_of(shown: &Value) -> String {
    let commands: Vec<&Value> = shown.as_array().into_iter().flatten().collect();
    let mut rows = vec![["source", "inputs", "cost"].map(String::from).to_vec()];
    rows.extend(commands.iter().take(SHOWN).map(|command| {
        vec![
            command["source"].as_str().unwrap_or_default().to_owned(),
            command["inputs"].as_array().map_or(0, Vec::len).to_string(),
            text::seconds(command["cost_s"].as_f64().unwrap_or(0.0)),
        ]
    }));
    let more = match commands.len().saturating_sub(SHOWN) {
        0 => String::new(),
        more => format!("… and {more} more\n"),
    };
    format!("spec-cc has recorded:\n{}{more}", text::table(&rows))
}

/// What the last session launched, and what that served.
pub(super) fn launches(workshop: &Workshop) -> Result<String> {
    Ok(brought(&workshop.ask_json(&["stats", "--session", "last", "--json"])?))
}

fn brought(stats: &Value) -> String {
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let served = &stats["served"];
    let (launched, compiles) = (number(&stats["launched"]), number(&stats["compiles"]));
    if launched == 0 {
        return "Nothing was launched: no private view of the build tree can be had on this machine \
                   (it takes user and mount namespaces).\n"
            .to_owned();
    }
    format!(
        "spec-cc launched {}, beginning while configure ran; the build asked for {} of them.\n\
         Of {} that it was asked about, {} were served by launches ({} already done, {} still running), {} from the cache;\n\
         {} were run in the build, {} left to the compiler alone.\n",
        text::count(launched, "command"),
        number(&stats["useful"]),
        text::count(compiles, "compiler call"),
        number(&served["prefetched"]) + number(&served["joined"]),
        number(&served["prefetched"]),
        number(&served["joined"]),
        number(&served["cached"]),
        number(&served["local"]) + number(&served["executed"]),
        number(&served["bypassed"]),
    )
}

/// The builds' times side by side.
pub(super) fn times(rows: &[(&str, &Built)]) -> String {
    let mut table = vec![["build", "configure", "make", "total"].map(String::from).to_vec()];
    table.extend(rows.iter().map(|(name, built)| {
        let time = |time: Duration| text::seconds(time.as_secs_f64());
        vec![(*name).to_owned(), time(built.configure), time(built.make), time(built.total())]
    }));
    text::table(&table)
}

/// Which was faster after the edits, and by how much.
pub(super) fn verdict(plain: Duration, spec: Duration, cores: usize) -> String {
    let ratio = spec.as_secs_f64() / plain.as_secs_f64().max(f64::MIN_POSITIVE);
    let cores = text::count(cores as u64, "core");
    let share = |ratio: f64| text::percent(Some(ratio));
    match ratio {
        ratio if ratio < 1.0 - SAME => {
            format!(
                "After the edits spec-cc took {} less time than the plain compiler, on {cores}.",
                share(1.0 - ratio)
            )
        }
        ratio if ratio > 1.0 + SAME => {
            format!(
                "After the edits spec-cc took {} more time than the plain compiler, on {cores}.",
                share(ratio - 1.0)
            )
        }
        _ => format!("After the edits spec-cc took as long as the plain compiler, on {cores}."),
    }
}

#[cfg(test)]
mod tests {
    use crate::cli::demo::build::Built;
    use crate::cli::demo::report::{brought, first_of, times, verdict};
    use serde_json::{Value, json};
    use std::time::Duration;

    #[test]
    fn the_verdict_says_which_was_faster() {
        let seconds = Duration::from_secs;
        assert!(
            verdict(seconds(10), seconds(6), 2).contains("40% less time than the plain compiler, on 2 cores")
        );
        assert!(
            verdict(seconds(10), seconds(13), 1)
                .contains("30% more time than the plain compiler, on 1 core.")
        );
        assert!(verdict(seconds(100), seconds(101), 4).contains("as long as"));
    }

    #[test]
    fn the_demo_tells_its_numbers() {
        let commands: Value = (1..=8)
            .map(|n| json!({ "source": format!("{n}.c"), "inputs": ["a", "b"], "cost_s": 0.2 }))
            .collect();
        let stats = json!({
            "launched": 250, "useful": 246, "compiles": 246,
            "served": { "prefetched": 240, "joined": 2, "cached": 1, "local": 2, "executed": 0, "bypassed": 1 },
        });
        let none = json!({ "launched": 0 });
        let built = |configure, make| Built {
            configure: Duration::from_secs(configure),
            make: Duration::from_secs(make),
            objects: [].into(),
        };
        let (plain, spec) = (built(12, 30), built(13, 140));
        let table = times(&[("plain", &plain), ("spec-cc", &spec)]);
        insta::assert_snapshot!([first_of(&commands), brought(&stats), brought(&none), table].join("\n"), @r"
        spec-cc has recorded:
        source  inputs    cost
        1.c          2  200 ms
        2.c          2  200 ms
        3.c          2  200 ms
        4.c          2  200 ms
        5.c          2  200 ms
        6.c          2  200 ms
        … and 2 more

        spec-cc launched 250 commands, beginning while configure ran; the build asked for 246 of them.
        Of 246 compiler calls that it was asked about, 242 were served by launches (240 already done, 2 still running), 1 from the cache;
        2 were run in the build, 1 left to the compiler alone.

        Nothing was launched: no private view of the build tree can be had on this machine (it takes user and mount namespaces).

        build    configure        make       total
        plain       12.0 s      30.0 s      42.0 s
        spec-cc     13.0 s  2 min 20 s  2 min 33 s
        ");
    }
}
