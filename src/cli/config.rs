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
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let settings = Settings::of_process()?;
    if args.json {
        output::line(to_json(&settings))?;
    } else {
        output::text(&to_text(&settings))?;
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

fn to_text(settings: &Settings) -> String {
    let mut rows = vec![vec!["setting".to_owned(), "value".to_owned(), "from".to_owned()]];
    for row in settings.rows() {
        let value = if row.value.is_empty() { "-".to_owned() } else { row.value };
        let help = row.setting.help.replace('`', "");
        rows.push(vec![format!("{}  ({help})", row.name), value, row.source.to_string()]);
    }
    for found in settings.unhonoured() {
        rows.push(vec![format!("{}  ({})", found.name, found.why), "-".to_owned(), found.source.to_string()]);
    }
    text::table(&rows)
}
