//! `specctl config`: each setting, its value, and where that came from.

use anyhow::Result;
use serde_json::json;
use spec_cc::settings::Settings;

use super::{output, text};

/// Show each setting, its value, and where it came from
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
    /// Say what each setting is for
    #[arg(long, short)]
    verbose: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let settings = Settings::of_process()?;
    if args.json {
        output::line(to_json(&settings))?;
    } else {
        output::table(&to_text(&settings, args.verbose, text::width()))?;
    }
    Ok(())
}

/// An array of the settings; what of recc's is not obeyed is at its end, with `why` instead of `help`.
fn to_json(settings: &Settings) -> serde_json::Value {
    let rows = settings.rows().into_iter().map(|row| {
        json!({
            "name": row.name,
            "value": row.value,
            "source": row.source.to_string(),
            "help": row.setting.help,
        })
    });
    let unhonoured = settings
        .unhonoured()
        .iter()
        .map(|found| json!({ "name": found.name, "source": found.source.to_string(), "why": found.why }));
    rows.chain(unhonoured).collect()
}

/// The widest that a value is where lines have an end, and the least that is left to it.
const LEAST: usize = 12;

/// A line for each setting, no longer than `width`: a value gives way. With `verbose`, what it is for stands below.
fn to_text(settings: &Settings, verbose: bool, width: Option<u16>) -> String {
    let mut rows = vec![["setting", "value", "from"].map(str::to_owned)];
    let mut below = vec![String::new()];
    for row in settings.rows() {
        let value = if row.value.is_empty() { "-".to_owned() } else { row.value };
        rows.push([row.name.clone(), value, row.source.to_string()]);
        below.push(row.setting.help.replace('`', ""));
    }
    for found in settings.unhonoured() {
        rows.push([found.name.clone(), "-".to_owned(), found.source.to_string()]);
        below.push(found.why.to_owned());
    }
    let longest = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
    let (name, source) = (longest(0), longest(2));
    let room = width.map(|width| usize::from(width).saturating_sub(name + source + 4).max(LEAST));
    let value = longest(1).min(room.unwrap_or(usize::MAX));
    let lines = rows.iter().zip(below).map(|([setting, said, from], help)| {
        let line = format!("{setting:<name$}  {:<value$}  {from}\n", text::clipped(said, value));
        if verbose && !help.is_empty() { format!("{line}    {help}\n") } else { line }
    });
    lines.collect()
}
