//! `specctl list`: the elements that are recorded.

use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use serde_json::Value;
use spec_cc::companion::control::Control;

use super::{client, output, text};

/// List the elements that are recorded
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let elements = client::ask(&Control::List)?;
    if args.json {
        return Ok(output::line(&elements)?);
    }
    let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
    let quarantined = |element: &Value| element["quarantined"].as_u64().unwrap_or(0);
    let any = elements.as_array().into_iter().flatten().any(|element| quarantined(element) > 0);
    let mut rows = vec![["element", "commands", "inputs", "builds", "last built"].map(String::from).to_vec()];
    if any {
        rows[0].push("quarantined".into());
    }
    for element in elements.as_array().into_iter().flatten() {
        rows.push(vec![
            element["element"].as_str().unwrap_or_default().to_owned(),
            element["commands"].to_string(),
            element["inputs"].to_string(),
            element["builds"].to_string(),
            match element["last_built"].as_u64().unwrap_or(0) {
                _ if element["open"] == true => "being built".to_owned(),
                0 => "never to the end".to_owned(),
                built => text::ago(built, now),
            },
        ]);
        if let Some(row) = rows.last_mut().filter(|_| any) {
            row.push(quarantined(element).to_string());
        }
    }
    if rows.len() == 1 {
        output::line("Nothing is recorded yet. Build something with CC=spec-cc.")?;
    } else {
        output::table(&text::table(&rows))?;
    }
    Ok(())
}
