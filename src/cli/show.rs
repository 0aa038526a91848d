//! `specctl show`: the recorded commands of an element.

use anyhow::Result;
use clap::ValueEnum;
use serde_json::Value;
use spec_cc::companion::control::Control;
use spec_cc::store::Quarantined;

use super::{client, export, output, text, why};

/// Show an element's recorded commands, the most expensive first
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print JSON, with arguments and inputs, in the order of the last build
    #[arg(long)]
    json: bool,
    /// Also print each command's arguments
    #[arg(long, short)]
    verbose: bool,
    /// Show how each command of the last session was served; if not by a launch, why
    #[arg(long)]
    why: bool,
    /// As --why, but only commands that the build asked for and no launch served, the most expensive first
    #[arg(long)]
    missed: bool,
    /// Only commands of this kind
    #[arg(long, value_name = "KIND", conflicts_with_all = ["why", "missed"])]
    kind: Option<Kind>,
    /// The element, as `specctl list` names it
    element: String,
    /// Only commands whose output or source has this text in it; `*` stands for any text
    pattern: Option<String>,
}

/// What `--kind` tells apart, as the `kind` of `--json` does.
#[derive(Debug, Clone, Copy, ValueEnum)]
enum Kind {
    Compile,
    /// A test of configure, or of another build system as it sets up
    Test,
    Link,
    Archive,
    Other,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Compile => "compile",
            Self::Test => "test",
            Self::Link => "link",
            Self::Archive => "archive",
            Self::Other => "other",
        }
    }
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.why || args.missed {
        return why::run(args.json, &args.element, args.missed, args.pattern.as_deref());
    }
    let shown = client::ask(&Control::Show { element: args.element.clone() })?;
    let commands: Vec<&Value> =
        shown.as_array().into_iter().flatten().filter(|it| args.asks_for(it)).collect();
    if args.json {
        return Ok(output::line(serde_json::to_string(&commands)?)?);
    }
    let (mut current, superseded): (Vec<&Value>, Vec<_>) =
        commands.into_iter().partition(|command| command["superseded"] != true);
    current.sort_by(|a, b| cost(b).total_cmp(&cost(a)));
    if args.verbose {
        return Ok(output::text(&current.into_iter().map(whole).collect::<String>())?);
    }
    let held = current.iter().map(|command| serde_json::from_value(command["quarantined"].clone()));
    let held: Vec<Option<Quarantined>> = held.collect::<Result<_, _>>()?;
    let held: Vec<_> = held.into_iter().flatten().collect();
    let table = table(&current, args.kind.is_none(), superseded.len());
    Ok(output::text(&(table + &text::quarantine(&args.element, &held)))?)
}

impl Args {
    fn asks_for(&self, command: &Value) -> bool {
        self.kind.is_none_or(|kind| command["kind"] == kind.name())
            && self.pattern.as_deref().is_none_or(|pattern| {
                let source = command["source"].as_str().unwrap_or_default();
                is_in(pattern, &product(command)) || is_in(pattern, source)
            })
    }
}

/// Whether a text has the parts of a pattern in it, one after the other; between them is a `*`.
pub(super) fn is_in(pattern: &str, text: &str) -> bool {
    let mut rest = text;
    pattern.split('*').all(|part| {
        let found = rest.split_once(part);
        rest = found.map_or("", |(_, after)| after);
        found.is_some()
    })
}

/// The commands, the dearest first, on a line each; configure tests on one line if they are to be folded. Below it, how many
/// are superseded.
fn table(commands: &[&Value], fold: bool, superseded: usize) -> String {
    let (tests, others): (Vec<&Value>, Vec<&Value>) =
        commands.iter().partition(|command| fold && command["kind"] == "test");
    let mut lines: Vec<(f64, Vec<String>)> =
        others.iter().map(|command| (cost(command), row(command))).collect();
    if !tests.is_empty() {
        let cost = tests.iter().map(|test| cost(test)).sum();
        let place = lines.partition_point(|(other, _)| *other >= cost);
        lines.insert(place, (cost, folded(&tests, cost)));
    }
    let heading = ["output", "source", "inputs", "cost", "asked", "launched", "hits"];
    let mut rows = vec![heading.map(String::from).to_vec()];
    rows.extend(lines.into_iter().map(|(_, row)| row));
    let mut out = text::table_of(&rows, &[2, 3, 4, 5, 6]);
    if superseded > 0 {
        out += &format!("\nsuperseded: {}\n", text::count(superseded as u64, "command"));
    }
    out
}

fn row(command: &Value) -> Vec<String> {
    vec![
        product(command),
        command["source"].as_str().unwrap_or_default().to_owned(),
        command["inputs"].as_array().map_or(0, Vec::len).to_string(),
        text::seconds(cost(command)),
        command["asked"].to_string(),
        command["launched"].to_string(),
        command["hits"].to_string(),
    ]
}

/// The one line of all configure tests.
fn folded(tests: &[&Value], cost: f64) -> Vec<String> {
    let sum = |name: &str| tests.iter().filter_map(|test| test[name].as_u64()).sum::<u64>().to_string();
    let name = text::count(tests.len() as u64, "configure test");
    let nothing = String::new;
    vec![name, nothing(), nothing(), text::seconds(cost), sum("asked"), sum("launched"), sum("hits")]
}

fn cost(command: &Value) -> f64 {
    command["cost_s"].as_f64().unwrap_or(0.0)
}

fn whole(command: &Value) -> String {
    format!(
        "\n{}\n  in {}\n  {}\n",
        product(command),
        command["directory"].as_str().unwrap_or_default(),
        shell_words::join(export::words(command).filter_map(Value::as_str)),
    )
}

/// A command's first output with the folder it is written in, relative to the project root.
fn product(command: &Value) -> String {
    let output = command["outputs"][0].as_str().unwrap_or_default();
    match command["directory"].as_str().and_then(|folder| folder.strip_prefix("{root}/")) {
        Some(folder) if !output.starts_with('/') => format!("{folder}/{output}"),
        _ => output.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::{is_in, table};
    use serde_json::{Value, json};

    fn command(kind: &str, output: &str, source: &str, cost_s: f64) -> Value {
        json!({
            "kind": kind, "outputs": [output], "source": source, "directory": "{root}/src", "inputs": ["a", "b"],
            "cost_s": cost_s, "asked": 2, "launched": 1, "hits": 1,
        })
    }

    #[test]
    fn configure_tests_are_one_line_at_the_place_of_their_cost() {
        let commands = [
            command("compile", "inflate.o", "inflate.c", 1.25),
            command("link", "minigzip", "minigzip", 0.3),
            command("compile", "adler32.o", "adler32.c", 0.051),
            command("test", "conftest", "conftest", 0.04),
            command("test", "conftest.o", "conftest.c", 0.03),
        ];
        let commands: Vec<&Value> = commands.iter().collect();
        insta::assert_snapshot!(table(&commands, true, 1), @r"
        output             source     inputs    cost  asked  launched  hits
        src/inflate.o      inflate.c       2   1.2 s      2         1     1
        src/minigzip       minigzip        2  300 ms      2         1     1
        2 configure tests                      70 ms      4         2     2
        src/adler32.o      adler32.c       2   51 ms      2         1     1

        superseded: 1 command
        ");
        insta::assert_snapshot!(table(&commands[3..], false, 0), @r"
        output          source      inputs   cost  asked  launched  hits
        src/conftest    conftest         2  40 ms      2         1     1
        src/conftest.o  conftest.c       2  30 ms      2         1     1
        ");
    }

    #[test]
    fn a_pattern_may_leave_out_what_is_between() {
        for (pattern, wanted) in [
            ("", true),
            ("flate", true),
            ("src/*.o", true),
            ("in*late", true),
            ("late*in", false),
            ("x", false),
        ] {
            assert_eq!(is_in(pattern, "src/inflate.o"), wanted, "{pattern}");
        }
    }
}
