//! `specctl run`: a build inside a session.

use std::ffi::OsString;
use std::process::{Command, ExitCode, ExitStatus};

use anyhow::{Context, Result};
use spec_cc::companion::control::{Control, Opened};
use spec_cc::session::SessionRow;

use super::{client, output, text};

/// Run a build, and say at its end what spec-cc brought
///
/// Opens a session for the current folder, so that what is recorded of its element is launched at once, and closes it when the build
/// ends. The build has to use spec-cc as its compiler. The exit code is the build's: 128 and the signal's number if a signal ended it,
/// 127 if it cannot be started.
///
/// Example: specctl run -- sh -c './configure CC=spec-cc CXX=spec-c++ && make -j4'
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    /// Name of the element [default: the current folder's, or BuildStream's]
    #[arg(long, value_name = "NAME")]
    element: Option<String>,
    /// Name of the project [default: `local`, or BuildStream's]
    #[arg(long, value_name = "NAME")]
    project: Option<String>,
    /// The build command with its arguments
    #[arg(last = true, required = true, value_name = "COMMAND")]
    command: Vec<OsString>,
}

/// Exit code for a command that could not be started, as a shell gives it.
const NOT_FOUND: u8 = 127;

pub(crate) fn run(args: &Args) -> ExitCode {
    let mut environment = super::open::environment();
    for (name, value) in [("SPEC_CC_ELEMENT", &args.element), ("SPEC_CC_PROJECT", &args.project)] {
        if let Some(value) = value {
            environment.retain(|(key, _)| key != name);
            environment.push((name.to_owned(), value.clone()));
        }
    }
    // Whatever is wrong on our side, the build runs.
    let opened = if super::open::switched_off() {
        None
    } else {
        match super::open::open(&environment) {
            Ok(opened) => Some(opened),
            Err(error) => {
                output::complain(format!("specctl: no session: {}", text::error(&error)));
                None
            }
        }
    };
    let status = match build(args, opened.as_ref()) {
        Ok(status) => status,
        Err(error) => {
            output::complain(format!("specctl: {}", text::error(&error)));
            if let Some(opened) = opened {
                let _ = close(&opened, false);
            }
            return ExitCode::from(NOT_FOUND);
        }
    };
    if let Some(opened) = opened {
        match close(&opened, status.success()) {
            Ok(row) => output::complain(text::summary(&row)),
            Err(error) => {
                output::complain(format!("specctl: the session was not closed: {}", text::error(&error)));
            }
        }
    }
    exit_code(status)
}

fn build(args: &Args, opened: Option<&Opened>) -> Result<ExitStatus> {
    let (program, rest) = args.command.split_first().context("no build command")?;
    let mut command = Command::new(program);
    command.args(rest);
    if let Some(opened) = opened {
        command.env("SPEC_CC_SESSION", &opened.ticket);
    }
    if let Some(element) = &args.element {
        command.env("SPEC_CC_ELEMENT", element);
    }
    if let Some(project) = &args.project {
        command.env("SPEC_CC_PROJECT", project);
    }
    let mut child = command.spawn().with_context(|| format!("cannot run {}", program.display()))?;
    // We stay to close the session.
    leave_interrupts_to_the_build();
    child.wait().context("the build cannot be waited for")
}

fn close(opened: &Opened, succeeded: bool) -> Result<SessionRow> {
    let row = client::ask(&Control::Close { ticket: opened.ticket.clone(), succeeded })?;
    Ok(serde_json::from_value(row)?)
}

/// Stays when a Ctrl-C, which goes to the build as well, ends that.
pub(super) fn leave_interrupts_to_the_build() {
    // SAFETY: ignoring a signal is a plain system call.
    unsafe {
        libc::signal(libc::SIGINT, libc::SIG_IGN);
        libc::signal(libc::SIGQUIT, libc::SIG_IGN);
    }
}

/// The build's own exit code; death by signal as a shell reports it.
pub(super) fn exit_code(status: ExitStatus) -> ExitCode {
    use std::os::unix::process::ExitStatusExt;
    let code = status.code().or_else(|| status.signal().map(|signal| 128 + signal)).unwrap_or(1);
    ExitCode::from(code as u8)
}
