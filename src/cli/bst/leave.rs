//! `specctl bst leave`: the last command of an element's build, which puts its records among what is installed.

use std::fs;
use std::path::PathBuf;

use anyhow::{Context, Result};
use spec_cc::companion::control::Control;
use spec_cc::session::whereabouts::whereabouts;
use spec_cc::settings::Settings;

use crate::cli::{client, export};

/// File of the records, as `specctl export` writes them.
pub(super) const RECORDS: &str = "records";
/// File of the contents that their launches need.
pub(super) const CONTENTS: &str = "contents";
/// File of the session's numbers, as `specctl stats --json` prints them.
pub(super) const SESSION: &str = "session.json";

/// In a sandbox: close the session, and leave its records in a folder
///
/// The last command of an element that includes `spec-cc-artifact.yml`. The session's numbers are left there as well.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// The folder, below the install root
    folder: PathBuf,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let element = whereabouts(&std::env::current_dir()?, &Settings::of_process()?).key.to_string();
    let closed =
        client::ask_if_running(&Control::CloseElement { element: Some(element.clone()), succeeded: true });
    // No compile came through spec-cc: there is nothing to leave.
    let Ok(Some(session)) = closed else { return Ok(()) };
    let (records, contents) = (export::records(&element)?, export::contents(&element)?);
    let write = |name: &str, content: &[u8]| {
        let path = args.folder.join(name);
        fs::write(&path, content).with_context(|| path.display().to_string())
    };
    fs::create_dir_all(&args.folder).with_context(|| args.folder.display().to_string())?;
    write(RECORDS, &records)?;
    write(CONTENTS, &contents)?;
    write(SESSION, session.to_string().as_bytes())
}
