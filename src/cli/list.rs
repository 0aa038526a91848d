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
    let elements: Vec<&Value> = elements.as_array().into_iter().flatten().collect();
    if elements.is_empty() {
        return Ok(output::line("Nothing is recorded yet. Build something with CC=spec-cc.")?);
    }
    Ok(output::table(&table(&elements, now))?)
}

/// A line for each element; what is in quarantine has a column only where there is something.
fn table(elements: &[&Value], now: u64) -> String {
    let quarantined = |element: &Value| element["quarantined"].as_u64().unwrap_or(0);
    let any = elements.iter().any(|element| quarantined(element) > 0);
    let mut rows = vec![["element", "commands", "inputs", "builds", "last built"].map(String::from).to_vec()];
    rows[0].extend(any.then(|| "quarantined".to_owned()));
    for element in elements {
        let mut row = vec![
            element["element"].as_str().unwrap_or_default().to_owned(),
            element["commands"].to_string(),
            element["inputs"].to_string(),
            element["builds"].to_string(),
            match element["last_built"].as_u64().unwrap_or(0) {
                _ if element["open"] == true => "being built".to_owned(),
                0 => "never to the end".to_owned(),
                built => text::ago(built, now),
            },
        ];
        row.extend(any.then(|| quarantined(element).to_string()));
        rows.push(row);
    }
    text::table_of(&rows, &[1, 2, 3, 5])
}

#[cfg(test)]
mod tests {
    use super::table;
    use serde_json::{Value, json};

    fn element(name: &str, last_built: u64, open: bool, quarantined: u64) -> Value {
        json!({ "element": name, "commands": 15, "inputs": 240, "builds": 3, "last_built": last_built, "open": open,
                "quarantined": quarantined })
    }

    #[test]
    fn each_element_says_when_it_was_built() {
        let elements = [
            element("local/zlib", 10_000, false, 0),
            element("local/glib", 0, false, 0),
            element("local/git", 10_000, true, 0),
        ];
        let elements: Vec<&Value> = elements.iter().collect();
        insta::assert_snapshot!(table(&elements, 17_300), @r"
        element     commands  inputs  builds  last built
        local/zlib        15     240       3  2 hours ago
        local/glib        15     240       3  never to the end
        local/git         15     240       3  being built
        ");
        let held = element("local/xz", 10_000, false, 2);
        insta::assert_snapshot!(table(&[elements[0], &held], 10_061), @r"
        element     commands  inputs  builds  last built    quarantined
        local/zlib        15     240       3  1 minute ago            0
        local/xz          15     240       3  1 minute ago            2
        ");
    }
}
