//! `specctl bst prime`: launches what is recorded of all elements that have to be built, before they are.

use std::io::{Read, Seek};
use std::sync::mpsc::{self, Receiver};

use anyhow::{Result, bail};
use indicatif::{ProgressBar, ProgressStyle};
use spec_cc::bst::{Connected, Event, Hooked, Options, Plan, Primed, Primer, Row, Told};

use crate::cli::{output, text};

/// Launch for all elements that have to be built, and build none
///
/// Launches run in sandboxes that are staged as the elements' own will be. The results go to the action cache, where those find them.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    priming: Priming,
    /// First fetch sources that are not here
    #[arg(long)]
    fetch: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What to prime, and how.
#[derive(Debug, clap::Args)]
pub(super) struct Priming {
    #[command(flatten)]
    pub(super) host: super::host::Host,
    /// How many sandboxes may launch at the same time
    #[arg(long, value_name = "N", default_value_t = 2)]
    sandboxes: usize,
    /// How many launches of a sandbox may run on this machine at the same time; a grid has its own limit
    #[arg(long, value_name = "N", default_value_t = 1)]
    jobs: usize,
    /// The elements to build, with all that they need
    #[arg(required = true, value_name = "TARGET")]
    pub(super) targets: Vec<String>,
    /// Options of bst itself, such as `--option NAME VALUE`
    #[arg(last = true, value_name = "OPTION")]
    pub(super) bst_options: Vec<String>,
}

impl Priming {
    pub(super) fn options(&self) -> Options {
        Options { sandboxes: self.sandboxes.max(1), jobs: self.jobs.max(1) }
    }

    /// Runs `bst show`, which is held with its casd, and returns what it tells.
    pub(super) fn hold(&self) -> Result<(Hooked, Plan)> {
        let mut messages = tempfile::tempfile()?;
        let show = ["show", "--deps", "all", "--format", "%{state}"].map(str::to_owned);
        let arguments = [&self.bst_options[..], &show, &self.targets].concat();
        let connected = Connected::Held(messages.try_clone()?);
        let mut bst = Hooked::start(&self.host.program(), &arguments, connected)?;
        match bst.told().next() {
            Some(Told::Plan(plan)) => Ok((bst, plan)),
            Some(Told::Failed(why)) => bail!("this bst is not as specctl knows it: {}", last_line(&why)),
            _ => {
                bst.release();
                let status = bst.wait()?;
                let mut text = String::new();
                messages.rewind()?;
                messages.read_to_string(&mut text)?;
                bail!("bst show ended with {status}: {}", text.trim());
            }
        }
    }
}

/// The line of a traceback that says what it is about.
pub(super) fn last_line(traceback: &str) -> &str {
    traceback.trim().lines().last().unwrap_or_default()
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let (mut bst, mut plan) = args.priming.hold()?;
    if args.fetch {
        let unfetched = plan.elements.iter().filter(|element| element.needed && element.sources.is_none());
        let unfetched: Vec<String> = unfetched.map(|element| element.name.clone()).collect();
        if !unfetched.is_empty() {
            bst.release();
            bst.wait()?;
            let fetch = ["source", "fetch", "--deps", "none"].map(str::to_owned);
            let arguments = [&args.priming.bst_options[..], &fetch, &unfetched].concat();
            let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
            args.priming.host.program().run(&arguments)?;
            (bst, plan) = args.priming.hold()?;
        }
    }
    let (events, received) = mpsc::channel();
    let mut primer = Primer::new(plan, args.priming.options(), events)?;
    primer.begin();
    follow(&mut primer, &received);
    bst.release();
    bst.wait()?;
    tell(&primer.rows(), args.json)
}

/// Has a primer go on until nothing runs, and shows how far it is.
fn follow(primer: &mut Primer, received: &Receiver<Event>) {
    let bar = ProgressBar::new_spinner();
    if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}") {
        bar.set_style(style);
    }
    bar.enable_steady_tick(std::time::Duration::from_millis(100));
    while !primer.is_at_rest() {
        bar.set_message(summary(&primer.rows()));
        let Ok(event) = received.recv() else { break };
        primer.handle(event);
    }
    bar.finish_and_clear();
}

/// One line on how far all elements are.
pub(super) fn summary(rows: &[Row]) -> String {
    let count = |is: fn(&Primed) -> bool| rows.iter().filter(|row| is(&row.primed)).count();
    let sum = |of: fn(&Row) -> Option<u64>| rows.iter().filter_map(of).sum::<u64>();
    let saved: Vec<f64> = rows.iter().filter_map(|row| row.saved_s).collect();
    let brought = if saved.is_empty() {
        String::new()
    } else {
        format!(
            ", {} in the elements' own sessions; {} useful, {} wasted, {:.1} s saved",
            sum(|row| row.launched_there),
            sum(|row| row.useful),
            sum(|row| row.wasted),
            saved.iter().sum::<f64>(),
        )
    };
    format!(
        "{} elements to build: {} primed, {} running, {} waiting; {} commands launched{brought}",
        rows.len(),
        count(|primed| *primed == Primed::Done),
        count(|primed| *primed == Primed::Running),
        count(|primed| matches!(primed, Primed::Waiting { .. })),
        rows.iter().map(|row| row.launched).sum::<u64>(),
    )
}

/// Prints what came of the elements.
pub(super) fn tell(rows: &[Row], json: bool) -> Result<()> {
    if json {
        return Ok(output::line(serde_json::to_string(rows)?)?);
    }
    Ok(output::text(&to_text(rows))?)
}

/// A table of the elements, with a line below it.
pub(super) fn to_text(rows: &[Row]) -> String {
    let heading =
        ["element", "commands", "launched", "found", "useful", "wasted", "saved", "seconds", "state"];
    let heading = heading.map(str::to_owned).to_vec();
    let line = |row: &Row| {
        let state = match &row.primed {
            Primed::Cached => "cached".to_owned(),
            Primed::Waiting { why } => format!("waiting: {why}"),
            Primed::Running => "running".to_owned(),
            Primed::Done if row.times > 1 => format!("primed {} times", row.times),
            Primed::Done => "primed".to_owned(),
            Primed::Overtaken => "bst was faster".to_owned(),
            Primed::Left { why } => format!("left: {why}"),
        };
        let number = |number: u64| if row.times > 0 { number.to_string() } else { "-".to_owned() };
        let known = |number: Option<u64>| number.map_or("-".to_owned(), |number| number.to_string());
        let seconds = if row.times > 0 { format!("{:.1}", row.seconds) } else { "-".to_owned() };
        vec![
            row.element.clone(),
            number(row.commands),
            number(row.launched),
            number(row.found),
            known(row.useful),
            known(row.wasted),
            row.saved_s.map_or("-".to_owned(), |saved| format!("{saved:.1} s")),
            seconds,
            state,
        ]
    };
    let table: Vec<_> = std::iter::once(heading).chain(rows.iter().map(line)).collect();
    format!("{}{}\n", text::table_of(&table, &[1, 2, 3, 4, 5, 6, 7]), summary(rows))
}

#[cfg(test)]
mod tests {
    use super::to_text;
    use spec_cc::bst::{Primed, Row};

    #[test]
    fn each_element_has_its_state() {
        let row = |element: &str, primed: Primed, times| Row {
            element: element.into(),
            times,
            commands: 24,
            launched: 20,
            found: 4,
            useful: matches!(primed, Primed::Done).then_some(18),
            wasted: matches!(primed, Primed::Done).then_some(2),
            launched_there: None,
            saved_s: matches!(primed, Primed::Done).then_some(1.5),
            seconds: 3.21,
            primed_s: None,
            begun_s: None,
            built_s: None,
            digests: [].into(),
            primed,
        };
        let waiting = Primed::Waiting { why: "its sources are not here".into() };
        let rows = [
            row("base.bst", Primed::Cached, 0),
            row("zlib.bst", Primed::Done, 1),
            row("glib.bst", Primed::Done, 2),
            row("git.bst", Primed::Running, 1),
            row("vim.bst", waiting, 0),
            row("nano.bst", Primed::Overtaken, 0),
            row("xz.bst", Primed::Left { why: "nothing is recorded of it".into() }, 0),
        ];
        insta::assert_snapshot!(to_text(&rows), @r"
        element   commands  launched  found  useful  wasted  saved  seconds  state
        base.bst         -         -      -       -       -      -        -  cached
        zlib.bst        24        20      4      18       2  1.5 s      3.2  primed
        glib.bst        24        20      4      18       2  1.5 s      3.2  primed 2 times
        git.bst         24        20      4       -       -      -      3.2  running
        vim.bst          -         -      -       -       -      -        -  waiting: its sources are not here
        nano.bst         -         -      -       -       -      -        -  bst was faster
        xz.bst           -         -      -       -       -      -        -  left: nothing is recorded of it
        7 elements to build: 2 primed, 1 running, 1 waiting; 140 commands launched, 0 in the elements' own sessions; 36 useful, 4 wasted, 3.0 s saved
        ");
    }
}
