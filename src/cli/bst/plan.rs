//! `specctl bst plan`: what would be primed, and why what would not be is not.

use anyhow::Result;
use spec_cc::bst::Primer;

use super::prime::{Priming, tell};

/// Show the elements of TARGET that have to be built, and which of them could be primed now; launches nothing
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    priming: Priming,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let (mut bst, plan) = args.priming.hold()?;
    let (events, _) = std::sync::mpsc::channel();
    let mut primer = Primer::new(plan, args.priming.options(), events)?;
    primer.look();
    bst.release();
    bst.wait()?;
    tell(&primer.rows(), args.json)
}
