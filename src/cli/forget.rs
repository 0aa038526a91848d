//! `specctl forget`: removes an element's records.

use anyhow::Result;

use spec_cc::companion::Control;

use super::{client, output};

/// Remove the records of an element
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The element, as `specctl list` names it
    element: String,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let key = client::ask(&Control::Forget { element: args.element.clone() })?;
    Ok(output::line(format!("Forgot {}.", key.as_str().unwrap_or(&args.element)))?)
}
