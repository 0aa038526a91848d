//! `specctl open`: opens a session, so that what is recorded is launched now.

use anyhow::Result;
use spec_cc::companion::control::{Control, Opened};
use spec_cc::settings::{Mode, Settings};

use super::{client, output};
use spec_cc::base::variable::Variable;

/// Open a session: launch what is recorded of this folder's element
///
/// For builds that `specctl run` cannot start, such as those of an IDE. End it with `specctl close`.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the element [default: the current folder's, or BuildStream's]
    #[arg(long, value_name = "NAME")]
    element: Option<String>,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<()> {
    if switched_off() {
        output::complain("specctl: no session: spec-cc is switched off");
        return Ok(());
    }
    let mut environment = environment();
    if let Some(element) = &args.element {
        environment.retain(|(name, _)| name != "SPEC_CC_ELEMENT");
        environment.push(("SPEC_CC_ELEMENT".into(), element.clone()));
    }
    let opened = open(&environment)?;
    if args.json {
        output::line(serde_json::to_string(&opened)?)?;
    } else {
        let Opened { session, element, commands, .. } = &opened;
        output::line(format!("session {session} of {element}: {commands} commands known"))?;
    }
    Ok(())
}

/// Opens a session in the current folder.
pub(super) fn open(environment: &[Variable]) -> Result<Opened> {
    // The companion would say so as well, if it could start.
    Settings::of_process()?;
    let directory = std::env::current_dir()?;
    let answer = client::ask(&Control::Open { directory, environment: environment.to_vec() })?;
    Ok(serde_json::from_value(answer)?)
}

/// Our environment, less what is not UTF-8.
pub(super) fn environment() -> Vec<Variable> {
    std::env::vars_os()
        .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Whether the settings say to leave everything to the compiler.
pub(super) fn switched_off() -> bool {
    Settings::of_process().and_then(|settings| settings.mode()).is_ok_and(|mode| mode == Mode::Off)
}
