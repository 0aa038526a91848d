//! `specctl`: the companion and the commands people type.

mod cli;

use std::process::ExitCode;

fn main() -> ExitCode {
    cli::main()
}
