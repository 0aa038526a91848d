//! `specctl close`: closes a session that `specctl open` or a compile opened.

use anyhow::{Context, Result};
use spec_cc::companion::control::Control;
use spec_cc::session::SessionRow;

use super::{client, output, text};

/// Close a session: end its launches, and say what it brought
///
/// A session that a compile has opened closes by itself, half a minute after its last command.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the element [default: that of the newest session]
    #[arg(long, value_name = "NAME")]
    element: Option<String>,
    /// The build failed: keep the records of commands that it did not reach
    #[arg(long)]
    failed: bool,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let close = Control::CloseElement { element: args.element.clone(), succeeded: !args.failed };
    let answer = client::ask_if_running(&close)?.context("no companion runs")?;
    let row: SessionRow = serde_json::from_value(answer)?;
    if args.json {
        output::line(row.accounts.to_json())?;
    } else {
        output::line(text::summary(&row))?;
    }
    Ok(())
}
