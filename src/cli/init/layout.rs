//! Which files go where below a prefix. Whatever installs (`specctl init`, the packages, the tarball) has them from here.

use std::fs;

use anyhow::{Context as _, Result};
use clap::Command;
use clap_complete::Shell;

use crate::cli::manual;

/// The folder of the links by the compilers' names, to be first on a PATH.
pub(super) const LINKS: &str = "lib/spec-cc";
/// The folder of the programs.
pub(super) const PROGRAMS: &str = "bin";
/// `spec-c++` and `spec-ar` are `spec-cc` under other names.
const OTHER_NAMES: [&str; 2] = ["spec-c++", "spec-ar"];

/// Where each shell looks for completions that packages bring.
const COMPLETIONS: [(Shell, &str); 3] = [
    (Shell::Bash, "share/bash-completion/completions/specctl"),
    (Shell::Fish, "share/fish/vendor_completions.d/specctl.fish"),
    (Shell::Zsh, "share/zsh/site-functions/_specctl"),
];

/// What a path below the prefix is to be.
#[derive(Debug)]
pub(super) enum Content {
    /// A program.
    Program(Vec<u8>),
    /// A text.
    Text(Vec<u8>),
    /// A symbolic link to this.
    Link(String),
}

/// What goes below a prefix: the programs that are beside this one, links to them for `compilers`, manual pages and completions
/// of what `definitions` define.
pub(super) fn items(compilers: &[String], definitions: &Command) -> Result<Vec<(String, Content)>> {
    let own = std::env::current_exe().context("cannot find this program's own file")?;
    let mut items = Vec::new();
    for name in ["specctl", "spec-cc", "spec-cc-trace"] {
        let program = own.with_file_name(name);
        let bytes = fs::read(&program)
            .with_context(|| format!("cannot read {}, which has to be beside specctl", program.display()))?;
        items.push((format!("{PROGRAMS}/{name}"), Content::Program(bytes)));
    }
    items.extend(OTHER_NAMES.map(|name| (format!("{PROGRAMS}/{name}"), Content::Link("spec-cc".into()))));
    for name in compilers {
        items.push((format!("{LINKS}/{name}"), Content::Link(format!("../../{PROGRAMS}/spec-cc"))));
    }
    for (name, page) in manual::pages(definitions)? {
        items.push((format!("share/man/man1/{name}"), Content::Text(page)));
    }
    items.extend(
        COMPLETIONS.map(|(shell, to)| (to.to_owned(), Content::Text(manual::completion(shell, definitions)))),
    );
    Ok(items)
}
