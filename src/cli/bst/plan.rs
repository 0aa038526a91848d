//! `specctl bst plan`: what would be primed, and why what would not be is not.

use anyhow::Result;
use spec_cc::bst::Primer;

use super::prime::{Priming, tell};

/// Show which elements have to be built, and which could be primed now
///
/// An element is primed when everything that is recorded of it has been launched. This command launches nothing.
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
