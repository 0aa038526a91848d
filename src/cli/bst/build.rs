//! `specctl bst build`: bst's own build, primed beside it.

use std::process::{Command, ExitCode};
use std::sync::mpsc;

use anyhow::{Context, Result};
use spec_cc::bst::{Connected, Event, Hooked, Primer, Row, Told};

use super::prime::{Priming, last_line, summary, to_text};
use crate::cli::run::{exit_code, leave_interrupts_to_the_build};
use crate::cli::{output, text};

/// Run `bst build`, and launch for elements before they are built
///
/// What is recorded of an element is launched as soon as its sources are there, in a sandbox that is staged as its own will be.
/// The exit code is bst's.
#[derive(Debug, clap::Args)]
pub(crate) struct Args {
    #[command(flatten)]
    priming: Priming,
    /// Print what was primed as JSON, instead of a table on standard error
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(args: &Args) -> Result<ExitCode> {
    let build = ["build".to_owned()];
    let arguments = [&args.priming.bst_options[..], &build, &args.priming.targets].concat();
    let program = args.priming.host.program();
    let mut bst = match Hooked::start(&program, &arguments, Connected::ToUser) {
        Ok(bst) => bst,
        Err(error) => {
            output::complain(format!("specctl: nothing is primed: {}", text::error(&error.into())));
            // bst without us.
            let mut plain = Command::new(&program.program);
            plain.args(program.config.iter().flat_map(|config| ["--config".as_ref(), config.as_os_str()]));
            let status = plain.args(arguments).status();
            return Ok(exit_code(
                status.with_context(|| format!("cannot run {}", program.program.display()))?,
            ));
        }
    };
    leave_interrupts_to_the_build();
    let rows = beside(args, &mut bst);
    let status = bst.wait()?;
    if args.json {
        // The exit code is bst's, whoever reads this.
        if let Err(error) = output::line(serde_json::to_string(&rows)?) {
            output::complain(format!("specctl: {error}"));
        }
    } else if !rows.is_empty() {
        output::complain(format!("\nPrimed ({}):\n{}", summary(&rows), to_text(&rows)));
    }
    Ok(exit_code(status))
}

/// Primes beside bst until that has ended; what came of it.
fn beside(args: &Args, bst: &mut Hooked) -> Vec<Row> {
    let (events, received) = mpsc::channel();
    if !bst.forward(events.clone()) {
        return Vec::new();
    }
    let mut primer: Option<Primer> = None;
    let mut over = false;
    while let Ok(event) = received.recv() {
        match event {
            Event::Over => break,
            Event::Told(Told::Ending) => {
                if let Some(primer) = &mut primer {
                    primer.end(&received);
                }
                bst.release();
                break;
            }
            Event::Told(Told::Failed(why)) => {
                output::complain(format!(
                    "specctl: nothing more is primed: this bst is not as specctl knows it: {}",
                    last_line(&why)
                ));
                over = true;
            }
            Event::Told(Told::Plan(plan)) => {
                match Primer::new(plan, args.priming.options(), events.clone()) {
                    Ok(mut made) => {
                        made.begin();
                        primer = Some(made);
                    }
                    Err(error) => {
                        output::complain(format!(
                            "specctl: nothing is primed: {}",
                            text::error(&error.into())
                        ));
                    }
                }
            }
            event => {
                if let Some(primer) = primer.as_mut().filter(|_| !over) {
                    primer.handle(event);
                }
            }
        }
    }
    let Some(mut primer) = primer else { return Vec::new() };
    primer.end(&received);
    primer.rows()
}
