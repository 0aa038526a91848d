//! `specctl forget`: removes an element's records.

use anyhow::Result;
use spec_cc::companion::control::Control;

use super::{client, output};

/// Remove an element's records, or only its quarantine
///
/// A command is in quarantine when a verified run has found its result wrong: from then on its compiler alone serves it.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The element, as `specctl list` names it
    element: String,
    /// Keep the records, and only let the element's commands out of quarantine
    #[arg(long)]
    quarantine: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let Args { element, quarantine } = args;
    let key = client::ask(&Control::Forget { element: element.clone(), quarantine: *quarantine })?;
    let key = key.as_str().unwrap_or(element);
    let told = if *quarantine {
        format!("Nothing of {key} is in quarantine any more.")
    } else {
        format!("Forgot {key}.")
    };
    Ok(output::line(told)?)
}
