//! `specctl show`: the recorded commands of an element.

use anyhow::Result;
use serde_json::Value;
use spec_cc::companion::control::Control;
use spec_cc::store::Quarantined;

use super::{client, export, output, text, why};

/// Show the recorded commands of an element, in the order of its last build
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print JSON, with arguments and inputs
    #[arg(long)]
    json: bool,
    /// Also print each command's arguments
    #[arg(long, short)]
    verbose: bool,
    /// Show how each command of the last session was served, and why not by a launch
    #[arg(long)]
    why: bool,
    /// The element, as `specctl list` names it
    element: String,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if args.why {
        return why::run(&args.element, args.json);
    }
    let shown = client::ask(&Control::Show { element: args.element.clone() })?;
    if args.json {
        return Ok(output::line(&shown)?);
    }
    let commands: Vec<&Value> = shown.as_array().into_iter().flatten().collect();
    if args.verbose {
        return Ok(output::text(&commands.into_iter().map(whole).collect::<String>())?);
    }
    let heading = ["output", "source", "inputs", "cost", "asked", "launched", "hits"];
    let mut rows = vec![heading.map(String::from).to_vec()];
    rows.extend(commands.iter().map(|command| {
        vec![
            place(command, command["outputs"][0].as_str().unwrap_or_default()),
            command["source"].as_str().unwrap_or_default().to_owned(),
            command["inputs"].as_array().map_or(0, Vec::len).to_string(),
            text::seconds(command["cost_s"].as_f64().unwrap_or(0.0)),
            command["asked"].to_string(),
            command["launched"].to_string(),
            command["hits"].to_string(),
        ]
    }));
    let held = commands.iter().map(|command| serde_json::from_value(command["quarantined"].clone()));
    let held: Vec<Option<Quarantined>> = held.collect::<Result<_, _>>()?;
    let held: Vec<_> = held.into_iter().flatten().collect();
    Ok(output::text(&(text::table(&rows) + &text::quarantine(&args.element, &held)))?)
}

fn whole(command: &Value) -> String {
    format!(
        "\n{}\n  in {}\n  {}\n",
        place(command, command["outputs"][0].as_str().unwrap_or_default()),
        command["directory"].as_str().unwrap_or_default(),
        shell_words::join(export::words(command).filter_map(Value::as_str)),
    )
}

/// An output with the folder it is written in, relative to the project root.
fn place(command: &Value, output: &str) -> String {
    match command["directory"].as_str().and_then(|folder| folder.strip_prefix("{root}/")) {
        Some(folder) if !output.starts_with('/') => format!("{folder}/{output}"),
        _ => output.to_owned(),
    }
}
