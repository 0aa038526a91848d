//! `specctl doctor`: what is found here, what works, and what does not.

mod checks;

use std::process::ExitCode;

use anyhow::Result;
use serde_json::{Value, json};

use crate::cli::{client, output, text};

/// Check what works on this machine, and what does not
///
/// Looks at the compiler, the companion, private views of the build tree, the tracer and the grid. The exit code is 1 if something is at
/// fault.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// How much a finding matters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum State {
    /// It works.
    Works,
    /// It is not there, and everything else works without it.
    Without,
    /// Builds run, but by the plain compiler alone, or not as the settings say.
    Fault,
}

/// What was found of one thing.
#[derive(Debug)]
struct Finding {
    name: &'static str,
    state: State,
    detail: String,
    /// For programs: numbers and switches, beside the text.
    facts: Value,
}

impl Finding {
    fn new(name: &'static str, state: State, detail: impl Into<String>) -> Self {
        Self { name, state, detail: detail.into(), facts: json!({}) }
    }

    fn with(self, facts: Value) -> Self {
        Self { facts, ..self }
    }
}

impl State {
    fn word(self) -> &'static str {
        match self {
            Self::Works => "ok",
            Self::Without => "without",
            Self::Fault => "fault",
        }
    }
}

/// Prints the findings; fails when one of them is a fault.
pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let findings = checks::all();
    if args.json {
        output::line(to_json(&findings))?;
    } else {
        output::text(&to_text(&findings))?;
    }
    let faulty = findings.iter().any(|finding| finding.state == State::Fault);
    Ok(if faulty { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// An object with a member for each finding: `state`, `detail` and its facts.
fn to_json(findings: &[Finding]) -> Value {
    let members = findings.iter().map(|finding| {
        let mut object = finding.facts.clone();
        object["state"] = json!(finding.state.word());
        object["detail"] = json!(finding.detail);
        (finding.name.to_owned(), object)
    });
    Value::Object(members.collect())
}

fn to_text(findings: &[Finding]) -> String {
    let row = |finding: &Finding| {
        vec![finding.name.to_owned(), finding.state.word().to_owned(), finding.detail.clone()]
    };
    text::table_of(&findings.iter().map(row).collect::<Vec<_>>(), &[])
}

#[cfg(test)]
mod tests {
    use super::{Finding, State, to_text};

    #[test]
    fn each_finding_has_a_line() {
        let findings = [
            Finding::new("compiler", State::Works, "/usr/bin/cc: gcc 14.2.0"),
            Finding::new(
                "links",
                State::Without,
                "no compiler's name on PATH leads to spec-cc: set CC and CXX",
            ),
            Finding::new("grid", State::Fault, "http://grid:1: connection refused"),
        ];
        insta::assert_snapshot!(to_text(&findings), @r"
        compiler  ok       /usr/bin/cc: gcc 14.2.0
        links     without  no compiler's name on PATH leads to spec-cc: set CC and CXX
        grid      fault    http://grid:1: connection refused
        ");
    }
}
