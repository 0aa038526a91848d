//! `specctl bst launch`: what `specctl bst prime` runs in an element's sandbox.

use anyhow::Result;
use spec_cc::companion::control::Control;

use crate::cli::{client, open, output};

/// In a sandbox: launch what is recorded of its element, leave the results in the action cache, and print what came of it
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub(crate) struct Args {}

pub(crate) fn run(Args {}: &Args) -> Result<()> {
    let directory = std::env::current_dir()?;
    let launched = client::ask(&Control::Ahead { directory, environment: open::environment() });
    // The sandbox ends with its last process.
    let stopped = client::ask_if_running(&Control::Stop);
    output::line(launched?)?;
    stopped.map(|_| ())
}
