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
    Ok(format!("spec-cc has recorded:\n{}{more}", text::table(&rows)))
}

/// What the last session launched, and what that served.
pub(super) fn launches(workshop: &Workshop) -> Result<String> {
    let stats = workshop.ask_json(&["stats", "--session", "last", "--json"])?;
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let served = &stats["served"];
    let (launched, compiles) = (number(&stats["launched"]), number(&stats["compiles"]));
    if launched == 0 {
        return Ok("Nothing was launched: no private view of the build tree can be had on this machine \
                   (it takes user and mount namespaces).\n"
            .to_owned());
    }
    Ok(format!(
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
    ))
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
    use crate::cli::demo::report::verdict;
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
}
