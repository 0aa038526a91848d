//! `specctl serve`: the companion itself.

use anyhow::Result;
use spec_cc::companion;

/// Run the companion; compiles start it by themselves
///
/// It is the process that compiles talk to. It ends when it has been idle for ten minutes.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Descriptor to write one byte to once listening
    #[arg(long, value_name = "FD", hide = true)]
    ready_fd: Option<i32>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    Ok(companion::server::serve(args.ready_fd)?)
}
