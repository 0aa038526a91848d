//! `specctl`: one file a subcommand.

mod bst;
mod client;
mod close;
mod config;
mod demo;
mod diff;
mod doctor;
mod explain;
mod export;
mod forget;
#[cfg(test)]
mod help;
mod init;
mod list;
mod manual;
mod open;
mod output;
mod report;
mod run;
mod serve;
mod sessions;
mod show;
mod stats;
mod stop;
mod text;
mod wait;
mod watch;
mod which;
mod why;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser, Subcommand};

use output::OutputError;
use spec_cc::settings::Settings;

/// Compiles before the build asks: remembers what each build compiled, and launches it the next time
#[derive(Debug, Parser)]
#[command(name = "specctl", version = env!("COMMIT_VERSION"), arg_required_else_help = true, propagate_version = true, after_help = AFTER)]
pub(crate) struct Cli {
    #[command(subcommand)]
    command: Command,
}

const AFTER: &str = "\
To see it at work:   specctl demo
To begin:            specctl init      it says what to put on PATH; then
                     specctl run -- make CC=spec-cc CXX=spec-c++
What it brought:     specctl stats, specctl report
Something is wrong:  specctl doctor, specctl show --why ELEMENT
Switch it off:       SPEC_CC_DISABLE=1 in the environment

Words:
  element  what is built: a BuildStream element, or a project, named after its
           top folder
  session  one build of an element, from its first compile to its last
  launch   running a recorded command before the build asks for it

Exit codes:
  0    done
  1    failed: standard error says why; of `doctor`: something is at fault
  2    the command line is not understood
  141  nobody reads standard output any more
`run` ends as its build does: with 128 and the signal's number if a signal ended
that, with 127 if it cannot be started.";

/// What a shell's exit status is for a program that a broken pipe has ended.
const BROKEN_PIPE: u8 = 128 + libc::SIGPIPE as u8;

#[derive(Debug, Subcommand)]
enum Command {
    Demo(demo::Args),
    Run(run::Args),
    Open(open::Args),
    Wait(wait::Args),
    Close(close::Args),
    List(list::Args),
    Show(show::Args),
    Explain(explain::Args),
    Report(report::Args),
    Sessions(sessions::Args),
    Diff(diff::Args),
    Watch(watch::Args),
    Stats(stats::Args),
    Export(export::ExportArgs),
    Import(export::ImportArgs),
    Forget(forget::Args),
    Config(config::Args),
    Init(init::Args),
    Doctor(doctor::Args),
    Bst(bst::Args),
    Serve(serve::Args),
    Stop(stop::Args),
    Completions(manual::CompletionsArgs),
    Man(manual::ManArgs),
}

/// Runs what the command line asks for.
pub(crate) fn main() -> ExitCode {
    let command = Cli::parse().command;
    tell_of_settings(&command);
    let result = match command {
        Command::Demo(args) => demo::run(&args),
        Command::Run(args) => return run::run(&args),
        Command::Open(args) => open::run(&args),
        Command::Wait(args) => wait::run(&args),
        Command::Close(args) => close::run(&args),
        Command::List(args) => list::run(&args),
        Command::Show(args) => show::run(&args),
        Command::Explain(args) => explain::run(&args),
        Command::Report(args) => report::run(&args),
        Command::Sessions(args) => sessions::run(&args),
        Command::Diff(args) => diff::run(&args),
        Command::Watch(args) => watch::run(&args),
        Command::Stats(args) => stats::run(&args),
        Command::Export(args) => export::export(&args),
        Command::Import(args) => export::import(&args),
        Command::Forget(args) => forget::run(&args),
        Command::Config(args) => config::run(&args),
        Command::Init(args) => init::run(&args, &Cli::command()),
        Command::Bst(args) => return ended(bst::run(&args)),
        Command::Doctor(args) => return ended(doctor::run(&args)),
        Command::Serve(args) => serve::run(&args),
        Command::Stop(args) => stop::run(&args),
        Command::Completions(args) => manual::completions(&args, &Cli::command()),
        Command::Man(args) => manual::man(&args, &Cli::command()),
    };
    ended(result.map(|()| ExitCode::SUCCESS))
}

/// Says what is wrong with the settings, unless the subcommand does so itself, or the `run` around it has.
fn tell_of_settings(command: &Command) {
    let silent = matches!(command, Command::Serve(_) | Command::Completions(_) | Command::Man(_));
    if silent || std::env::var_os("SPEC_CC_SESSION").is_some() {
        return;
    }
    match Settings::of_process() {
        Ok(settings) => {
            for problem in settings.problems() {
                output::complain(format!("specctl: {problem}"));
            }
        }
        Err(error) => {
            use Command::{Config, Doctor, Open, Run};
            if !matches!(command, Config(_) | Doctor(_) | Open(_) | Run(_)) {
                output::complain(format!("specctl: {}", text::error(&error.into())));
            }
        }
    }
}

/// The exit code of a subcommand; says what went wrong.
fn ended(result: anyhow::Result<ExitCode>) -> ExitCode {
    match result {
        Ok(code) => code,
        Err(error) if matches!(error.downcast_ref(), Some(OutputError::Left)) => ExitCode::from(BROKEN_PIPE),
        Err(error) => {
            output::complain(format!("specctl: {}", text::error(&error)));
            ExitCode::FAILURE
        }
    }
}
