//! `specctl stop`: ends the companion.

use anyhow::Result;
use spec_cc::companion::control::Control;

use super::{client, output};

/// End the companion; the next compile starts another
#[derive(Debug, clap::Args)]
pub(crate) struct Args {}

pub(crate) fn run(_: &Args) -> Result<()> {
    let stopped = client::ask_if_running(&Control::Stop)?.is_some();
    Ok(output::line(if stopped { "The companion has stopped." } else { "No companion runs." })?)
}
