//! `specctl stats`: what builds asked for, and what launching brought.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize as _;
use serde_json::Value;
use spec_cc::companion::control::Control;
use spec_cc::session::counts::{Category, Served};

use super::{client, output, text};

/// Show how builds were served, and what that saved
///
/// Counts all sessions since the store was made, or since `stats --zero`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only builds of this element
    #[arg(long, value_name = "NAME")]
    element: Option<String>,
    /// Only this session: `last`, or a number of `specctl sessions`
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Print Prometheus' text format
    #[arg(long, conflicts_with = "json")]
    prometheus: bool,
    /// Begin anew: count only sessions that are opened from now on; nothing is forgotten
    #[arg(long, conflicts_with_all = ["element", "session", "json", "prometheus"])]
    zero: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.zero {
        client::ask(&Control::Zero)?;
        return Ok(output::line("statistics begin anew; what is recorded and cached stays")?);
    }
    let stats =
        client::ask(&Control::Stats { element: args.element.clone(), session: args.session.clone() })?;
    if args.json {
        output::line(&stats)?;
    } else if args.prometheus {
        output::text(&prometheus(&stats))?;
    } else {
        output::table(&render(&stats))?;
    }
    Ok(())
}

/// The accounts for a person: does it pay?
fn render(stats: &Value) -> String {
    let mut out = text::table(&kinds(stats));
    let number = |value: &Value| value.as_u64().unwrap_or(0);
    let time = |name: &str| text::seconds(stats[name].as_f64().unwrap_or(0.0));
    let size = |name: &str| stats[name].as_u64().map_or_else(|| "?".to_owned(), text::bytes);
    let left_out = stats["left_out"].as_object().into_iter().flat_map(serde_json::Map::values);
    let left_out: u64 = left_out.filter_map(Value::as_u64).sum();
    let [launched, useful, wasted, cancelled, pending] =
        ["launched", "useful", "wasted", "cancelled", "pending"].map(|name| number(&stats[name]));
    let fates = format!(
        "{launched}: {useful} useful, {wasted} wasted, {cancelled} cancelled, {pending} pending; {left_out} left out"
    );
    let rows = [
        ("saved", format!("{} of waiting, {} of CPU time", time("saved_s"), time("saved_cpu_s"))),
        (
            "spent",
            format!(
                "{} of CPU time in launches, {} of it wasted",
                time("launched_cpu_s"),
                time("wasted_cpu_s")
            ),
        ),
        ("launches", fates),
        ("precision", text::percent(stats["precision"].as_f64())),
        // Nothing could be served by launches where nothing was launched.
        ("recall", text::percent(stats["recall"].as_f64().filter(|_| launched > 0))),
        ("cache", format!("{} of {}", size("cache_bytes"), size("cache_limit_bytes"))),
        ("records", size("store_bytes")),
    ];
    let [verified, mismatched, quarantined] =
        ["verified", "mismatched", "quarantined"].map(|name| number(&stats[name]));
    let any = verified + mismatched + quarantined > 0;
    let told = format!("{verified}: {mismatched} mismatched; {quarantined} in quarantine");
    let rows = rows.into_iter().chain(any.then_some(("verified", told)));
    out.push('\n');
    out + &text::table_of(&rows.map(|(name, value)| vec![name.to_owned(), value]).collect::<Vec<_>>(), &[])
}

/// How commands were served, kinds apart.
fn kinds(stats: &Value) -> Vec<Vec<String>> {
    let heading = ["", "asked", "by launches", "cached", "executed", "here", "bypassed", "hit rate"];
    let mut rows = vec![heading.map(String::from).to_vec()];
    let kinds = BTreeMap::<Category, Served>::deserialize(&stats["kinds"]).unwrap_or_default();
    rows.extend(kinds.iter().map(|(kind, served)| row(text::kind(*kind), served)));
    let all = Served::deserialize(&stats["served"]).unwrap_or_default();
    rows.push(row("all", &all));
    rows
}

fn row(name: &str, served: &Served) -> Vec<String> {
    let counts = [
        served.total(),
        served.joined + served.prefetched,
        served.cached,
        served.executed,
        served.local,
        served.bypassed,
    ];
    let name = [name.to_owned()].into_iter();
    name.chain(counts.map(|count| count.to_string())).chain([text::percent(served.hit_rate())]).collect()
}

/// The accounts in Prometheus' text format, version 0.0.4.
fn prometheus(stats: &Value) -> String {
    let mut out = String::new();
    let mut family = |name: &str, kind: &str, help: &str, values: &[(String, &Value)]| {
        if !values.iter().any(|(_, value)| value.is_number()) {
            return;
        }
        out += &format!("# HELP spec_cc_{name} {help}\n# TYPE spec_cc_{name} {kind}\n");
        for (labels, value) in values.iter().filter(|(_, value)| value.is_number()) {
            out += &format!("spec_cc_{name}{labels} {value}\n");
        }
    };
    let mut commands = Vec::new();
    for (kind, served) in stats["kinds"].as_object().into_iter().flatten() {
        for (way, count) in served.as_object().into_iter().flatten() {
            commands.push((format!("{{kind=\"{kind}\",served=\"{way}\"}}"), count));
        }
    }
    family("commands_total", "counter", "Commands that builds asked for.", &commands);
    let fates = ["useful", "wasted", "cancelled"];
    let fates = fates.map(|fate| (format!("{{fate=\"{fate}\"}}"), &stats[fate]));
    family("launches_total", "counter", "Commands launched ahead of builds.", &fates);
    for (name, kind, field, help) in [
        ("sessions_total", "counter", "sessions", "Builds."),
        ("session_seconds_total", "counter", "lasted_s", "Wall time of builds."),
        ("saved_seconds", "gauge", "saved_s", "Time that builds did not wait."),
        ("saved_cpu_seconds_total", "counter", "saved_cpu_s", "CPU time of commands that were served."),
        ("launched_cpu_seconds_total", "counter", "launched_cpu_s", "CPU time of launches."),
        (
            "wasted_cpu_seconds_total",
            "counter",
            "wasted_cpu_s",
            "CPU time of launches that were not asked for.",
        ),
        ("cache_bytes", "gauge", "cache_bytes", "Bytes in the cache."),
        ("cache_limit_bytes", "gauge", "cache_limit_bytes", "Bytes that there may be in the cache."),
        ("store_bytes", "gauge", "store_bytes", "Bytes of records."),
    ] {
        family(name, kind, help, &[(String::new(), &stats[field])]);
    }
    out
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};
    use spec_cc::launch::miss::MissReason;
    use spec_cc::session::counts::{Accounts, Category, Served};

    fn stats() -> Value {
        let tests = Served { prefetched: 8, bypassed: 18, ..Served::default() };
        let compiles = Served { joined: 4, local: 1, bypassed: 2, ..Served::default() };
        let all = Served { joined: 4, prefetched: 8, local: 1, bypassed: 20, ..Served::default() };
        let accounts = Accounts {
            served: all,
            kinds: [(Category::Compile, compiles), (Category::Test, tests)].into(),
            launched: 16,
            useful: 15,
            wasted: 1,
            launched_cpu_s: 15.0,
            saved_s: 12.34,
            saved_cpu_s: 20.5,
            left_out: [(MissReason::Capped, 2), (MissReason::TooCheap, 3)].into(),
            verified: 7,
            mismatched: 1,
            ..Accounts::default()
        };
        let mut stats = accounts.to_json();
        stats["cache_bytes"] = json!(3 << 20);
        stats["cache_limit_bytes"] = json!(5_u64 << 30);
        stats["store_bytes"] = json!(2048);
        stats
    }

    #[test]
    fn the_table_reads_at_once() {
        insta::assert_snapshot!(super::render(&stats()), @r"
                         asked  by launches  cached  executed  here  bypassed  hit rate
        compiles             7            4       0         0     1         2       80%
        configure tests     26            8       0         0     0        18      100%
        all                 33           12       0         0     1        20       92%

        saved      12.3 s of waiting, 20.5 s of CPU time
        spent      15.0 s of CPU time in launches, 0 of it wasted
        launches   16: 15 useful, 1 wasted, 0 cancelled, 0 pending; 5 left out
        precision  94%
        recall     92%
        cache      3.0 MiB of 5.0 GiB
        records    2.0 KiB
        verified   7: 1 mismatched; 0 in quarantine
        ");
    }

    #[test]
    fn prometheus_reads_it() {
        insta::assert_snapshot!(super::prometheus(&stats()), @r#"
        # HELP spec_cc_commands_total Commands that builds asked for.
        # TYPE spec_cc_commands_total counter
        spec_cc_commands_total{kind="compile",served="bypassed"} 2
        spec_cc_commands_total{kind="compile",served="cached"} 0
        spec_cc_commands_total{kind="compile",served="executed"} 0
        spec_cc_commands_total{kind="compile",served="joined"} 4
        spec_cc_commands_total{kind="compile",served="local"} 1
        spec_cc_commands_total{kind="compile",served="prefetched"} 0
        spec_cc_commands_total{kind="test",served="bypassed"} 18
        spec_cc_commands_total{kind="test",served="cached"} 0
        spec_cc_commands_total{kind="test",served="executed"} 0
        spec_cc_commands_total{kind="test",served="joined"} 0
        spec_cc_commands_total{kind="test",served="local"} 0
        spec_cc_commands_total{kind="test",served="prefetched"} 8
        # HELP spec_cc_launches_total Commands launched ahead of builds.
        # TYPE spec_cc_launches_total counter
        spec_cc_launches_total{fate="useful"} 15
        spec_cc_launches_total{fate="wasted"} 1
        spec_cc_launches_total{fate="cancelled"} 0
        # HELP spec_cc_saved_seconds Time that builds did not wait.
        # TYPE spec_cc_saved_seconds gauge
        spec_cc_saved_seconds 12.34
        # HELP spec_cc_saved_cpu_seconds_total CPU time of commands that were served.
        # TYPE spec_cc_saved_cpu_seconds_total counter
        spec_cc_saved_cpu_seconds_total 20.5
        # HELP spec_cc_launched_cpu_seconds_total CPU time of launches.
        # TYPE spec_cc_launched_cpu_seconds_total counter
        spec_cc_launched_cpu_seconds_total 15.0
        # HELP spec_cc_wasted_cpu_seconds_total CPU time of launches that were not asked for.
        # TYPE spec_cc_wasted_cpu_seconds_total counter
        spec_cc_wasted_cpu_seconds_total 0.0
        # HELP spec_cc_cache_bytes Bytes in the cache.
        # TYPE spec_cc_cache_bytes gauge
        spec_cc_cache_bytes 3145728
        # HELP spec_cc_cache_limit_bytes Bytes that there may be in the cache.
        # TYPE spec_cc_cache_limit_bytes gauge
        spec_cc_cache_limit_bytes 5368709120
        # HELP spec_cc_store_bytes Bytes of records.
        # TYPE spec_cc_store_bytes gauge
        spec_cc_store_bytes 2048
        "#);
    }
}
