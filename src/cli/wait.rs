//! `specctl wait`: waits until launches have come to rest.

use anyhow::{Context, Result};
use spec_cc::companion::control::Control;

use super::client;

/// Wait until what can be launched now has been: files that were written before are taken into account
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
