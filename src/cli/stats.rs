//! `specctl stats`: what builds asked for, and what launching brought.

use anyhow::Result;
use serde_json::Value;
use spec_cc::companion::control::Control;

use super::{client, output, text};

/// Show what builds asked for, how it was served, and what launching brought or wasted
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Of this element only
    #[arg(long, value_name = "NAME")]
    element: Option<String>,
    /// Of this session only: `last` or a number
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let stats =
        client::ask(&Control::Stats { element: args.element.clone(), session: args.session.clone() })?;
    if args.json {
        output::line(&stats)?;
    } else {
        output::text(&render(&stats))?;
    }
    Ok(())
}

fn render(stats: &Value) -> String {
    let number = |value: &Value| value.as_u64().unwrap_or(0).to_string();
    let seconds = |name: &str| text::seconds(stats[name].as_f64().unwrap_or(0.0));
    let served = &stats["served"];
    let left_out = stats["left_out"].as_object().into_iter().flat_map(serde_json::Map::values);
    let left_out: u64 = left_out.filter_map(Value::as_u64).sum();
    let rows = [
        ("compiles", number(&stats["compiles"])),
        ("  joined a launch", number(&served["joined"])),
        ("  prefetched by a launch", number(&served["prefetched"])),
        ("  from the cache", number(&served["cached"])),
        ("  executed by the backend", number(&served["executed"])),
        ("  compiled here", number(&served["local"])),
        ("    not recorded before", number(&stats["unserved"]["new_command"])),
        ("  bypassed", number(&served["bypassed"])),
        ("launches", number(&stats["launched"])),
        ("  useful", number(&stats["useful"])),
        ("  wasted", number(&stats["wasted"])),
        ("  cancelled", number(&stats["cancelled"])),
        ("  pending", number(&stats["pending"])),
        ("  left out", left_out.to_string()),
        ("precision", text::percent(stats["precision"].as_f64())),
        // Nothing could be served by launches where nothing was launched.
        ("recall", text::percent(stats["recall"].as_f64().filter(|_| stats["launched"] != 0))),
        ("time of launches", seconds("launched_cpu_s")),
        ("  wasted", seconds("wasted_cpu_s")),
        ("time saved", seconds("saved_s")),
    ];
    let verified = [
        ("verified", number(&stats["verified"])),
        ("  mismatched", number(&stats["mismatched"])),
        ("  in quarantine", number(&stats["quarantined"])),
    ];
    let any = verified.iter().any(|(_, value)| value != "0");
    let rows = rows.into_iter().chain(verified.into_iter().filter(|_| any));
    text::table(&rows.map(|(name, value)| vec![name.to_owned(), value]).collect::<Vec<_>>())
}

#[cfg(test)]
mod tests {
    use spec_cc::launch::accounts::{Accounts, Served};
    use spec_cc::launch::miss::MissReason;

    #[test]
    fn the_table_reads_at_once() {
        let accounts = Accounts {
            served: Served { joined: 12, prefetched: 3, local: 1, bypassed: 20, ..Served::default() },
            launched: 16,
            useful: 15,
            wasted: 1,
            launched_cpu_s: 15.0,
            saved_s: 12.34,
            left_out: [(MissReason::Capped, 2), (MissReason::TooCheap, 3)].into(),
            verified: 7,
            mismatched: 1,
            ..Accounts::default()
        };
        insta::assert_snapshot!(super::render(&accounts.to_json()), @r"
        compiles                       36
          joined a launch              12
          prefetched by a launch        3
          from the cache                0
          executed by the backend       0
          compiled here                 1
            not recorded before         0
          bypassed                     20
        launches                       16
          useful                       15
          wasted                        1
          cancelled                     0
          pending                       0
          left out                      5
        precision                     94%
        recall                        94%
        time of launches           15.0 s
          wasted                        0
        time saved                 12.3 s
        verified                        7
          mismatched                    1
          in quarantine                 0
        ");
    }
}
