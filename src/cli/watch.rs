//! `specctl watch`: the sessions that are open, live.

use std::io::{IsTerminal, stdout};
use std::thread;
use std::time::Duration;

use anyhow::Result;
use spec_cc::companion::control::Control;
use spec_cc::companion::control::past::{Listed, Progress};

use super::{client, output, text};

/// Watch the builds that are running
///
/// On a terminal until interrupted, else with a line for each change until none is open.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Only builds of this element
    element: Option<String>,
    /// Show how it is now, and end
    #[arg(long)]
    once: bool,
}

/// How often it is looked at.
const PERIOD: Duration = Duration::from_millis(500);

/// Puts a terminal's cursor at the top left, and clears what is below (ECMA-48: CUP, ED).
const REDRAW: &str = "\x1b[H\x1b[J";

/// Columns of the bar.
const BAR: usize = 20;

pub(crate) fn run(args: &Args) -> Result<()> {
    let live = stdout().is_terminal() && !args.once;
    let mut last = String::new();
    loop {
        let sessions = open(args.element.as_deref())?;
        let shown =
            if sessions.is_empty() { "nothing is being built\n".to_owned() } else { table(&sessions) };
        if live {
            output::text(&format!("{REDRAW}{shown}"))?;
        } else if shown != last {
            output::text(&shown)?;
        }
        last = shown;
        if args.once || sessions.is_empty() && !live {
            return Ok(());
        }
        thread::sleep(PERIOD);
    }
}

/// The sessions that are open now.
fn open(element: Option<&str>) -> Result<Vec<Listed>> {
    let Some(sessions) = client::ask_if_running(&Control::Sessions { element: None })? else {
        return Ok(Vec::new());
    };
    let mut sessions: Vec<Listed> = serde_json::from_value(sessions)?;
    let is_asked_for = |name: &str| {
        let own = name.split_once('/').map_or(name, |(_, element)| element);
        element.is_none_or(|element| element == name || element == own)
    };
    sessions.retain(|listed| listed.open.is_some() && is_asked_for(&listed.row.element));
    Ok(sessions)
}

fn table(sessions: &[Listed]) -> String {
    let heading = ["element", "for", "", "asked", "by launches", "here", "launches"];
    let mut rows = vec![heading.map(String::from).to_vec()];
    rows.extend(sessions.iter().filter_map(|listed| Some(row(listed, listed.open?))));
    text::table_of(&rows, &[1, 3, 4, 5])
}

fn row(Listed { row, .. }: &Listed, progress: Progress) -> Vec<String> {
    let served = &row.accounts.served;
    let Progress { known, asked, queued, running, .. } = progress;
    let launches = format!(
        "{} done, {running} running, {queued} waiting",
        done(row.accounts.launched, queued + running)
    );
    vec![
        row.element.clone(),
        text::seconds(row.lasted_s.floor()),
        bar(asked, known),
        if known > asked { format!("{asked} of {known}") } else { asked.to_string() },
        (served.joined + served.prefetched).to_string(),
        (served.local + served.executed).to_string(),
        launches,
    ]
}

fn done(launched: u64, in_flight: usize) -> u64 {
    launched.saturating_sub(in_flight as u64)
}

/// How much of what is known the build has asked for.
fn bar(asked: usize, known: usize) -> String {
    let full = (BAR * asked.min(known)).checked_div(known).unwrap_or(0);
    format!("[{}{}]", "#".repeat(full), ".".repeat(BAR - full))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::sessions::tests::session;
    use spec_cc::session::counts::Served;

    #[test]
    fn how_far_it_is_is_seen_at_once() {
        let mut row = session(
            3,
            "local/zlib",
            12.3,
            Served { prefetched: 40, joined: 2, local: 8, ..Served::default() },
        );
        row.accounts.launched = 150;
        let open = Some(Progress { known: 200, asked: 50, active: 2, queued: 10, running: 2 });
        insta::assert_snapshot!(table(&[Listed { row, open }]), @r"
        element        for                              asked  by launches  here  launches
        local/zlib  12.0 s  [#####...............]  50 of 200           42     8  138 done, 2 running, 10 waiting
        ");
    }
}
