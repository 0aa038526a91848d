//! `specctl bst`: for BuildStream projects.

mod artifact;
mod compare;
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

/// Which BuildStream is used.
#[derive(Debug, clap::Args)]
struct Host {
    /// The program
    #[arg(long, value_name = "PROGRAM", default_value = "bst")]
    bst: std::path::PathBuf,
    /// The user's configuration [default: BuildStream's own]
    #[arg(long, value_name = "FILE")]
    config: Option<std::path::PathBuf>,
    /// BuildStream's cache folder, if the configuration names one [default: ~/.cache/buildstream]
    #[arg(long, value_name = "FOLDER")]
    cache: Option<std::path::PathBuf>,
}

impl Host {
    fn program(&self) -> spec_cc::bst::Host {
        spec_cc::bst::Host { program: self.bst.clone(), config: self.config.clone() }
    }

    fn cache(&self) -> Result<std::path::PathBuf> {
        let cache = self.cache.clone().or_else(spec_cc::bst::default_cache);
        cache.ok_or_else(|| anyhow::anyhow!("where is BuildStream's cache? say --cache FOLDER"))
    }
}
