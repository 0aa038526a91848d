//! `specctl config`: each setting, its value, and where that came from.

use anyhow::Result;
use serde_json::json;

use spec_cc::settings::Settings;

use super::text;

/// Show each setting, its value, and where it came from
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let settings = Settings::read(&|name| std::env::var(name).ok())?;
    if args.json {
        let rows: Vec<_> = settings
            .rows()
            .map(|(setting, value, source)| {
                json!({ "name": setting.name, "value": value, "source": source.to_string(), "help": setting.help })
            })
            .collect();
        println!("{}", json!(rows));
        return Ok(());
    }
    let mut rows = vec![vec!["setting".to_owned(), "value".to_owned(), "from".to_owned()]];
    for (setting, value, source) in settings.rows() {
        let value = if value.is_empty() { "-" } else { value };
        rows.push(vec![
            format!("{}  ({})", setting.name, setting.help),
            value.to_owned(),
            source.to_string(),
        ]);
    }
    print!("{}", text::table(&rows));
    Ok(())
}
