//! `specctl diff`: two sessions, command by command.

use std::collections::HashMap;

use anyhow::Result;
use serde_json::json;
use spec_cc::companion::control::Control;
use spec_cc::companion::control::past::Told;
use spec_cc::session::SessionRow;
use spec_cc::session::counts::{Category, Served, Way};
use spec_cc::session::report::{Line, Report};

use super::{client, output, text};

/// Compare two sessions, command by command
///
/// Shows what was served in another way, what was new, and what was not asked for any more.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Number of the earlier session, as `specctl sessions` shows it
    before: u64,
    /// Number of the later session
    after: u64,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let [before, after] = [report(args.before)?, report(args.after)?];
    let diff = Diff::of(&before, &after);
    if args.json { Ok(output::line(diff.to_json())?) } else { Ok(output::text(&diff.render())?) }
}

fn report(session: u64) -> Result<Report> {
    let asked = Control::Session { element: None, session: session.to_string() };
    let told: Told = serde_json::from_value(client::ask(&asked)?)?;
    Ok(told.report)
}

/// What differs between two sessions.
struct Diff<'a> {
    sessions: [&'a SessionRow; 2],
    /// Served in another way.
    otherwise: Vec<(&'a Line, &'a Line)>,
    /// Asked for only later.
    new: Vec<&'a Line>,
    /// Asked for only earlier.
    gone: Vec<&'a Line>,
}

impl<'a> Diff<'a> {
    fn of(before: &'a Report, after: &'a Report) -> Self {
        let mut earlier: HashMap<&str, Vec<&Line>> = HashMap::new();
        // The last comes first, to be taken off the end.
        for line in asked(before).rev() {
            earlier.entry(&line.output).or_default().push(line);
        }
        let (mut otherwise, mut new) = (Vec::new(), Vec::new());
        for line in asked(after) {
            match earlier.get_mut(line.output.as_str()).and_then(Vec::pop) {
                Some(then) if !is_alike(then, line) => otherwise.push((then, line)),
                Some(_) => {}
                None => new.push(line),
            }
        }
        let mut gone: Vec<_> = earlier.into_values().flatten().collect();
        gone.sort_by(|a, b| a.output.cmp(&b.output));
        Self { sessions: [&before.session, &after.session], otherwise, new, gone }
    }

    fn to_json(&self) -> serde_json::Value {
        let [before, after] = self.sessions.map(|row| {
            json!({ "session": row.id, "element": row.element, "lasted_s": row.lasted_s, "accounts": row.accounts.to_json() })
        });
        let otherwise = self.otherwise.iter().map(|(then, now)| {
            json!({ "output": now.output, "before": then.how, "after": now.how, "why": now.why })
        });
        json!({
            "before": before,
            "after": after,
            "otherwise": otherwise.collect::<Vec<_>>(),
            "new": self.new,
            "gone": self.gone,
        })
    }

    fn render(&self) -> String {
        let [before, after] = self.sessions;
        let mut rows =
            vec![vec![String::new(), format!("session {}", before.id), format!("session {}", after.id)]];
        let mut compare = |name: &str, value: &dyn Fn(&SessionRow) -> String| {
            rows.push(vec![name.to_owned(), value(before), value(after)]);
        };
        compare("element", &|row| row.element.clone());
        compare("wall time", &|row| text::seconds(row.lasted_s));
        for kind in [Category::Compile, Category::Test, Category::Link, Category::Archive] {
            let of = |row: &SessionRow| row.accounts.kinds.get(&kind).map_or(0, Served::total);
            if of(before) + of(after) > 0 {
                compare(text::kind(kind), &|row| of(row).to_string());
            }
        }
        compare("hit rate", &|row| text::percent(row.accounts.served.hit_rate()));
        compare("time saved", &|row| text::seconds(row.accounts.saved_s));
        let mut out = text::table(&rows);
        let otherwise = self.otherwise.iter().map(|(then, now)| {
            let [then, served] = [then, now].map(|line| text::served(line).to_owned());
            vec![now.output.clone(), format!("{then} → {served}"), why(now)]
        });
        out += &section("served otherwise", &otherwise.collect::<Vec<_>>());
        let line = |line: &&Line| vec![line.output.clone(), text::served(line).to_owned(), why(line)];
        out += &section("new", &self.new.iter().map(line).collect::<Vec<_>>());
        let gone: Vec<_> = self.gone.iter().map(|line| vec![line.output.clone()]).collect();
        out + &section("not asked for any more", &gone)
    }
}

/// The commands that the build has asked for.
fn asked(report: &Report) -> impl DoubleEndedIterator<Item = &Line> {
    report.commands.iter().filter(|line| line.how.is_some())
}

/// Whether two commands were served alike: for a launch it is luck whether the build comes a moment too early.
fn is_alike(one: &Line, other: &Line) -> bool {
    let way = |line: &Line| if line.how == Some(Way::Joined) { Some(Way::Prefetched) } else { line.how };
    way(one) == way(other)
}

fn why(line: &Line) -> String {
    line.why.as_ref().map(ToString::to_string).unwrap_or_default()
}

fn section(name: &str, rows: &[Vec<String>]) -> String {
    if rows.is_empty() {
        return String::new();
    }
    format!("\n{name}: {}\n{}", rows.len(), text::table_of(rows, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::sessions::tests::session;
    use spec_cc::launch::miss::MissReason;

    fn line(output: &str, how: Way, why: Option<MissReason>) -> Line {
        Line { output: output.into(), how: Some(how), why: why.map(Into::into), launch: None, cost_s: 0.0 }
    }

    fn report(session: SessionRow, commands: Vec<Line>) -> Report {
        Report { session, commands, bypassed: Vec::new(), quarantined: Vec::new(), events: Vec::new() }
    }

    #[test]
    fn what_differs_is_named() {
        let new = Some(MissReason::NewCommand);
        let before = report(
            session(1, "local/zlib", 10.0, Served { local: 4, ..Served::default() }),
            vec![
                line("same.o", Way::Local, new),
                line("a.o", Way::Local, new),
                line("twice.o", Way::Joined, None),
                line("twice.o", Way::Cached, new),
                line("gone.o", Way::Local, new),
            ],
        );
        let after = report(
            session(2, "local/zlib", 4.0, Served { prefetched: 3, local: 1, ..Served::default() }),
            vec![
                line("same.o", Way::Local, Some(MissReason::ChangedInput)),
                line("a.o", Way::Prefetched, None),
                line("twice.o", Way::Prefetched, None),
                line("twice.o", Way::Cached, new),
                line("new.o", Way::Local, new),
            ],
        );
        let diff = Diff::of(&before, &after);
        insta::assert_snapshot!(diff.render(), @r"
                     session 1   session 2
        element     local/zlib  local/zlib
        wall time       10.0 s       4.0 s
        compiles             4           4
        hit rate            0%         75%
        time saved           0           0

        served otherwise: 1
        a.o  compiled here → by a launch

        new: 1
        new.o  compiled here  it was not recorded yet

        not asked for any more: 1
        gone.o
        ");
        assert_eq!(diff.to_json()["otherwise"][0]["before"], "local");
    }
}
