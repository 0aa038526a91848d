//! `specctl stop`: ends the companion.

use anyhow::Result;

use spec_cc::companion::Control;

use super::client;

/// End the companion; the next compile starts another
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Result<()> {
    match client::ask_if_running(&Control::Stop)? {
        Some(_) => println!("The companion has stopped."),
        None => println!("No companion runs."),
    }
    Ok(())
}
