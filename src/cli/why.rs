//! `specctl show --why`: how each command of an element's last session was served, and why not by a launch.

use std::collections::BTreeMap;

use anyhow::Result;
use serde::Deserialize as _;
use serde_json::Value;
use spec_cc::companion::control::Control;
use spec_cc::launch::miss::MissReason;
use spec_cc::session::report::{Line, Report};

use super::show::is_in;
use super::{client, output, text};

/// Asks for the report of an element's last session and prints it; of `missed` commands alone, those that no launch served, with
/// the dearest first, and of a pattern those whose output it is in.
pub(super) fn run(json: bool, element: &str, missed: bool, pattern: Option<&str>) -> Result<()> {
    let mut answer = client::ask(&Control::Why { element: element.to_owned() })?;
    if !missed && pattern.is_none() {
        return print(json, &answer);
    }
    let lines = std::mem::take(&mut answer["commands"]);
    let mut lines: Vec<Line> = serde_json::from_value(lines)?;
    lines.retain(|line| pattern.is_none_or(|pattern| is_in(pattern, &line.output)));
    if missed {
        lines.retain(text::is_missed);
        lines.sort_by(|a, b| b.cost_s.total_cmp(&a.cost_s));
    }
    answer["commands"] = serde_json::to_value(lines)?;
    print(json, &answer)
}

fn print(json: bool, report: &Value) -> Result<()> {
    if json {
        output::line(report)?;
    } else {
        output::text(&render(&Report::deserialize(report)?))?;
    }
    Ok(())
}

fn render(report: &Report) -> String {
    let Report { session, commands, bypassed, quarantined, .. } = report;
    let mut out = format!("session {} of {}\n", session.id, session.element);
    if !commands.is_empty() {
        let heading = ["output", "cost", "served", "why no launch served it"];
        let mut rows = vec![heading.map(String::from).to_vec()];
        rows.extend(commands.iter().map(row));
        out += &format!("\n{}", text::table_of(&rows, &[1]));
    }
    if let rows @ [_, ..] = &reasons(report)[..] {
        out += &format!("\n{}", text::table_of(rows, &[0]));
    }
    let rows = bypassed.iter().map(|bypass| {
        vec![bypass.count.to_string(), bypass.reason.clone(), format!("as {}", text::short(&bypass.example))]
    });
    let rows: Vec<_> = rows.collect();
    if !rows.is_empty() {
        out += &format!("\nbypassed:\n{}", text::table_of(&rows, &[0]));
    }
    out + &text::quarantine(&session.element, quarantined)
}

fn row(line: &Line) -> Vec<String> {
    let why = line.why.as_ref().map(ToString::to_string).unwrap_or_default();
    let cost = if line.cost_s > 0.0 { text::seconds(line.cost_s) } else { "-".to_owned() };
    vec![line.output.clone(), cost, text::served(line).to_owned(), why]
}

/// A line for each reason: how many compiles, how many commands that were left out.
fn reasons(report: &Report) -> Vec<Vec<String>> {
    let accounts = &report.session.accounts;
    let served = &accounts.served;
    let mut rows = Vec::new();
    let mut say = |count: u64, text: &str| {
        if count > 0 {
            rows.push(vec![count.to_string(), text.to_owned()]);
        }
    };
    say(served.joined + served.prefetched, "served by a launch");
    for (why, count) in by_count(&accounts.unserved) {
        say(count, &format!("not served by a launch: {why}"));
    }
    say(accounts.pending, "launched, not asked for yet");
    say(accounts.wasted, "launched for nothing");
    say(accounts.cancelled, "launched, cancelled");
    for (why, count) in by_count(&accounts.left_out) {
        say(count, &format!("left out: {why}"));
    }
    say(served.bypassed, "bypassed");
    rows
}

fn by_count(counts: &BTreeMap<MissReason, u64>) -> Vec<(MissReason, u64)> {
    let mut list: Vec<_> = counts.iter().map(|(why, count)| (*why, *count)).collect();
    list.sort_by_key(|(why, count)| (std::cmp::Reverse(*count), *why));
    list
}

#[cfg(test)]
mod tests {
    use super::*;
    use spec_cc::session::SessionRow;
    use spec_cc::session::counts::{Accounts, Served, Way};
    use spec_cc::session::report::Bypass;
    use spec_cc::store::Quarantined;

    fn line(output: &str, how: Option<Way>, why: Option<(MissReason, &str)>, cost_s: f64) -> Line {
        Line {
            output: output.into(),
            how,
            why: why.map(|(why, detail)| why.of(detail)),
            launch: None,
            cost_s,
        }
    }

    #[test]
    fn the_table_reads_at_once() {
        let accounts = Accounts {
            served: Served { prefetched: 1, local: 2, bypassed: 3, ..Served::default() },
            launched: 3,
            useful: 1,
            wasted: 2,
            unserved: [(MissReason::NewCommand, 1), (MissReason::ChangedInput, 1)].into(),
            left_out: [(MissReason::KeptBeingWasted, 1)].into(),
            ..Accounts::default()
        };
        let session = SessionRow {
            id: 7,
            element: "local/zlib".into(),
            root: "/b".into(),
            opened: 0,
            lasted_s: 1.0,
            complete: true,
            accounts,
            kept_here: None,
        };
        let commands = vec![
            line("adler32.o", Some(Way::Prefetched), None, 0.0512),
            line("crc32.o", Some(Way::Local), Some((MissReason::ChangedInput, "/b/zconf.h")), 0.1),
            line("new.o", Some(Way::Local), Some((MissReason::NewCommand, "")), 0.0),
            line("old.o", None, None, 1.25),
            line("older.o", None, Some((MissReason::KeptBeingWasted, "")), 1.25),
        ];
        let bypassed = vec![Bypass {
            reason: "… is a configure test".into(),
            count: 3,
            example: "-c -O2 conftest.c".into(),
        }];
        let quarantined = vec![Quarantined {
            records: Vec::new(),
            keys: Vec::new(),
            output: "crc32.o".into(),
            differs: vec!["crc32.o differs from byte 73 on (1240 bytes, 1240 would have been served)".into()],
            cause: "it read /b/zlib.h, which its record has not".into(),
            since: 0,
        }];
        insta::assert_snapshot!(render(&Report { session, commands, bypassed, quarantined, events: Vec::new() }), @r"
        session 7 of local/zlib

        output       cost  served                why no launch served it
        adler32.o   51 ms  by a launch
        crc32.o    100 ms  compiled here         an input changed after it was launched: /b/zconf.h
        new.o           -  compiled here         it was not recorded yet
        old.o       1.2 s  launched for nothing
        older.o     1.2 s  not asked for         its last launches were all wasted

        1  served by a launch
        1  not served by a launch: it was not recorded yet
        1  not served by a launch: an input changed after it was launched
        2  launched for nothing
        1  left out: its last launches were all wasted
        3  bypassed

        bypassed:
        3  … is a configure test  as -c -O2 conftest.c

        in quarantine until `specctl forget --quarantine local/zlib`:
        crc32.o
          crc32.o differs from byte 73 on (1240 bytes, 1240 would have been served)
          it read /b/zlib.h, which its record has not
        ");
    }
}
