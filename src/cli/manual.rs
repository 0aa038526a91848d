//! `specctl man` and `specctl completions`: made of the same definitions as `--help`.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context as _, Result};
use clap::Command;
use clap_complete::Shell;

use super::output;

/// The shim's page: its arguments are the compiler's, so that no definition of them is here.
const SHIM_PAGE: &str = include_str!("manual/spec-cc.1");

/// Print a script that makes a shell complete specctl's words
#[derive(Debug, clap::Args)]
pub(crate) struct CompletionsArgs {
    /// The shell
    shell: Shell,
}

/// Print this program's manual page, or write those of all subcommands
#[derive(Debug, clap::Args)]
#[command(hide = true)]
pub(crate) struct ManArgs {
    /// Where to write them: a folder, such as share/man/man1
    folder: Option<PathBuf>,
}

pub(crate) fn completions(args: &CompletionsArgs, definitions: &Command) -> Result<()> {
    Ok(output::bytes(&completion(args.shell, definitions))?)
}

pub(crate) fn man(args: &ManArgs, definitions: &Command) -> Result<()> {
    let pages = pages(definitions)?;
    let Some(folder) = &args.folder else {
        let (_, first) = pages.first().context("there is no page")?;
        return Ok(output::bytes(first)?);
    };
    fs::create_dir_all(folder).with_context(|| format!("cannot make {}", folder.display()))?;
    for (name, page) in &pages {
        let file = folder.join(name);
        fs::write(&file, page).with_context(|| format!("cannot write {}", file.display()))?;
    }
    Ok(())
}

/// The script that completes `specctl` in a shell.
pub(super) fn completion(shell: Shell, definitions: &Command) -> Vec<u8> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut definitions.clone(), "specctl", &mut script);
    script
}

/// The manual's pages by their files' names, that of `specctl` first.
pub(super) fn pages(definitions: &Command) -> Result<Vec<(String, Vec<u8>)>> {
    let mut command = definitions.clone().disable_help_subcommand(true);
    command.build();
    let mut pages = Vec::new();
    add(command, &mut pages)?;
    pages.push(("spec-cc.1".to_owned(), SHIM_PAGE.as_bytes().to_vec()));
    for other in ["spec-c++", "spec-ar"] {
        pages.push((format!("{other}.1"), b".so man1/spec-cc.1\n".to_vec()));
    }
    Ok(pages)
}

/// Adds a command's page, and those of its subcommands behind it.
fn add(command: Command, pages: &mut Vec<(String, Vec<u8>)>) -> Result<()> {
    let below: Vec<Command> = command.get_subcommands().filter(|one| !one.is_hide_set()).cloned().collect();
    let man = clap_mangen::Man::new(command);
    let mut page = Vec::new();
    man.render(&mut page)?;
    pages.push((man.get_filename(), page));
    below.into_iter().try_for_each(|one| add(one, pages))
}
