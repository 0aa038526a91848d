//! `specctl serve`: the companion itself.

use anyhow::Result;
use spec_cc::companion;

/// Be the companion: answer compiles until idle. Shims start this by themselves
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Descriptor to write one byte to once listening
    #[arg(long, value_name = "FD", hide = true)]
    ready_fd: Option<i32>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    Ok(companion::server::serve(args.ready_fd)?)
}
