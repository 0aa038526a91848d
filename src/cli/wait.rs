//! `specctl wait`: waits until launches have come to rest.

use anyhow::{Context, Result};
use spec_cc::companion::control::Control;

use super::client;

/// Wait until everything that can be launched now has been
///
/// Files that were written before count: a generated header, for example. For scripts and measurements; builds need no waiting.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the element [default: that of the session which this runs in, else of the newest]
    #[arg(long, value_name = "NAME")]
    element: Option<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let ticket = std::env::var("SPEC_CC_SESSION").ok().filter(|_| args.element.is_none());
    let wait = Control::Wait { ticket, element: args.element.clone() };
    client::ask_if_running(&wait)?.context("no companion runs")?;
    Ok(())
}
