//! `specctl report`: one session as a page, a picture or a trace.

use std::fs;
use std::path::PathBuf;
use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::{Context, Result};
use spec_cc::companion::control::Control;
use spec_cc::companion::control::past::Told;
use spec_cc::pages;

use super::{client, output};

/// Write a session as a page for a browser, with its timeline
///
/// The page says how each command was served, and if not by a launch, why. It is one file, and needs no network and no script. The
/// last ten sessions of each element can be written.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The element, as `specctl list` names it; else that of the last session
    element: Option<String>,
    /// The session: `last` or a number of `specctl sessions`
    #[arg(long, value_name = "ID", default_value = "last")]
    session: String,
    /// Write to this file; `-` is standard output
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Write the timeline as a trace instead (`spec-cc-trace.json`): open it at ui.perfetto.dev
    #[arg(long)]
    trace: bool,
    /// Write the timeline as a picture instead (`spec-cc-timeline.svg`)
    #[arg(long, conflicts_with = "trace")]
    svg: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let asked = Control::Session { element: args.element.clone(), session: args.session.clone() };
    let told: Told = serde_json::from_value(client::ask(&asked)?)?;
    let (text, name) = if args.trace {
        (pages::trace(&told).to_string(), "spec-cc-trace.json")
    } else if args.svg {
        (pages::picture(&told).into_string(), "spec-cc-timeline.svg")
    } else {
        let now = SystemTime::now().duration_since(UNIX_EPOCH)?.as_secs();
        (pages::page(&told, now).into_string(), "spec-cc-report.html")
    };
    let file = args.output.clone().unwrap_or_else(|| name.into());
    if file.as_os_str() == "-" {
        return Ok(output::line(text)?);
    }
    fs::write(&file, text).with_context(|| format!("cannot write {}", file.display()))?;
    let row = &told.report.session;
    Ok(output::line(format!("session {} of {} is in {}", row.id, row.element, file.display()))?)
}
