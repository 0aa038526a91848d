//! `specctl init`: puts the programs, links by the compilers' names, manual pages and completions below a prefix, and takes them out again.

mod layout;
mod made;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::output;

/// Install programs, links, manual pages and completions, or undo it
///
/// The links have compilers' names (`cc`, `gcc`, …), for builds that cannot be told to use another compiler.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Where to: programs go to PREFIX/bin, links to PREFIX/lib/spec-cc [default: ~/.local]
    prefix: Option<PathBuf>,
    /// Compilers' names that get a link. Name only compilers that are here: configure believes that each link works
    #[arg(long, value_name = "NAME", value_delimiter = ',', default_value = "cc,c++,gcc,g++,ar", value_parser = name)]
    links: Vec<String>,
    /// Replace files that are in the way
    #[arg(long)]
    force: bool,
    /// Take out what was installed below PREFIX, and nothing else
    #[arg(long, visible_alias = "uninstall", conflicts_with_all = ["links", "force"])]
    undo: bool,
}

pub(crate) fn run(args: &Args, definitions: &clap::Command) -> Result<()> {
    let prefix = match &args.prefix {
        Some(prefix) => std::path::absolute(prefix).context("cannot find the prefix")?,
        None => home()?.join(".local"),
    };
    if args.undo {
        return undo(&prefix);
    }
    let items = layout::items(&args.links, definitions)?;
    let count = made::make(&prefix, &items, args.force)?;
    let shown = prefix.display();
    output::line(format!(
        "Made {count} files below {shown}. To take them out: specctl init --undo {}",
        quoted(&prefix)
    ))?;
    Ok(output::text(&advice(&prefix))?)
}

fn undo(prefix: &Path) -> Result<()> {
    let Some(undone) = made::undo(prefix)? else {
        return Ok(output::line(format!("Nothing below {} was made by specctl init.", prefix.display()))?);
    };
    output::line(format!("Took {} files out of {}.", undone.gone, prefix.display()))?;
    for path in undone.changed {
        output::line(format!("Left: {} is no longer what specctl init made.", path.display()))?;
    }
    Ok(())
}

/// What there is to do about PATH, one line a shell.
fn advice(prefix: &Path) -> String {
    let [links, programs] = [layout::LINKS, layout::PROGRAMS].map(|folder| prefix.join(folder));
    let path = format!("export PATH={}:{}:\"$PATH\"", quoted(&links), quoted(&programs));
    let line = |shell: &str, file: &str| format!("  {shell}  echo {} >> {file}\n", shell_words::quote(&path));
    format!(
        "To have compilers found through spec-cc by their names, put its folders first on PATH:\n{}{}  fish  fish_add_path --prepend {} {}\n\
         Or put {} alone there, and build with CC=spec-cc CXX=spec-c++.\n",
        line("bash", "~/.bashrc"),
        line("zsh ", "~/.zshrc"),
        quoted(&links),
        quoted(&programs),
        programs.display(),
    )
}

fn quoted(path: &Path) -> String {
    shell_words::quote(&path.display().to_string()).into_owned()
}

fn home() -> Result<PathBuf> {
    match std::env::var_os("HOME") {
        Some(home) if !home.is_empty() => Ok(home.into()),
        _ => bail!("HOME is not set: name the prefix"),
    }
}

/// The name of a link: that of a file, and of no folder.
fn name(text: &str) -> Result<String, String> {
    let is_name = !text.is_empty() && !text.contains('/') && !text.starts_with('.');
    if is_name { Ok(text.to_owned()) } else { Err("this is no compiler's name".to_owned()) }
}
