//! `specctl bst`: for BuildStream projects.

mod artifact;
mod compare;
mod host;
mod import;
mod leave;

use anyhow::Result;
use clap::Subcommand;

/// For BuildStream projects
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Compare(compare::Args),
    Import(import::Args),
    Leave(leave::Args),
}

pub(crate) fn run(args: &Args) -> Result<()> {
    match &args.command {
        Command::Compare(args) => compare::run(args),
        Command::Import(args) => import::run(args),
        Command::Leave(args) => leave::run(args),
    }
}
