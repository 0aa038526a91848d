//! `specctl bst`: for BuildStream projects.

mod artifact;
mod build;
mod compare;
mod host;
mod import;
mod launch;
mod leave;
mod plan;
mod prime;

use std::process::ExitCode;

use anyhow::Result;
use clap::Subcommand;

/// Launch for whole BuildStream projects
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    Build(build::Args),
    Prime(prime::Args),
    Plan(plan::Args),
    Compare(compare::Args),
    Import(import::Args),
    Leave(leave::Args),
    Launch(launch::Args),
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    match &args.command {
        Command::Build(args) => return build::run(args),
        Command::Prime(args) => prime::run(args),
        Command::Plan(args) => plan::run(args),
        Command::Compare(args) => compare::run(args),
        Command::Import(args) => import::run(args),
        Command::Leave(args) => leave::run(args),
        Command::Launch(args) => launch::run(args),
    }?;
    Ok(ExitCode::SUCCESS)
}
