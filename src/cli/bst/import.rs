//! `specctl bst import`: takes records out of artifacts, and puts them where the next sandbox looks for them.

use std::fs;

use anyhow::{Context, Result};
use spec_cc::bst::{Casd, Usual};
use spec_cc::companion::control::Control;

use super::artifact::Artifact;
use super::leave::{CONTENTS, RECORDS};
use crate::cli::{client, export, open, output};

/// Read the records in elements' artifacts into the action cache
///
/// For projects that include `spec-cc-artifact.yml`, because their sandboxes may not write to the action cache themselves.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    host: super::host::Host,
    /// URL of the service whose action cache it is [default: a buildbox-casd on BuildStream's own cache]
    #[arg(long, value_name = "URL")]
    remote: Option<String>,
    /// The elements
    #[arg(required = true, value_name = "TARGET")]
    targets: Vec<String>,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    let bst = args.host.program();
    let mut found = Vec::new();
    for target in &args.targets {
        let room = tempfile::tempdir()?;
        let artifact = Artifact::check_out(&bst, &[], target, &room.path().join("artifact"))?;
        for folder in &artifact.left {
            // An older spec-cc leaves none.
            if let Ok(contents) = fs::read(folder.join(CONTENTS)) {
                export::put_contents(&contents)?;
            }
            found.push(export::take(&fs::read(folder.join(RECORDS))?, None)?);
        }
    }
    if found.is_empty() {
        output::line("No records are in the artifacts: does the project include spec-cc-artifact.yml?")?;
        return Ok(());
    }
    let casd = match &args.remote {
        Some(_) => None,
        None => Some(Casd::start(&Usual::of(&args.host.program()), &args.host.cache()?)?),
    };
    let url = args.remote.as_ref().or(casd.as_ref().map(|casd| &casd.url)).context("no service")?;
    let mut environment = open::environment();
    environment.retain(|(name, _)| !matches!(name.as_str(), "SPEC_CC_REMOTE" | "SPEC_CC_BACKEND"));
    environment.push(("SPEC_CC_REMOTE".into(), url.clone()));
    for element in found {
        client::ask(&Control::Carry { element: element.clone(), environment: environment.clone() })?;
        output::line(format!("Imported {element}."))?;
    }
    Ok(())
}
