//! What `--help` says, all of it, as people see it.

use clap::{Command, CommandFactory as _};

use super::Cli;

/// The help of a command, and of those below it that are not hidden.
fn pages(command: &Command, called: &str) -> String {
    let help = command.clone().render_long_help().to_string();
    let mut all = format!("$ {called} --help\n{}\n", help.trim_end());
    for below in command.get_subcommands().filter(|below| !below.is_hide_set() && below.get_name() != "help")
    {
        all += &format!("\n{}", pages(below, &format!("{called} {}", below.get_name())));
    }
    all
}

#[test]
fn the_helps_read_as_they_were_last_read() {
    let mut specctl = Cli::command().term_width(80);
    specctl.build();
    let all = pages(&specctl, "specctl");
    let is_long = |line: &&str| line.chars().count() > 80;
    assert_eq!(all.lines().filter(is_long).collect::<Vec<_>>(), [""; 0], "no line is longer than a terminal");
    // A list of commands is looked through: each has one line there.
    let list =
        all.lines().skip_while(|line| *line != "Commands:").skip(1).take_while(|line| !line.is_empty());
    assert_eq!(list.filter(|line| line.starts_with("   ")).collect::<Vec<_>>(), [""; 0]);
    insta::assert_snapshot!(all);
}
