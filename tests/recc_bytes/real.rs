//! A command as real recc sees it.

use super::lines::Line;
use super::{Fate, Told};
use crate::support::peers::Peers;

/// What recc would do with `line`, and the command by which it asks for a compile's dependencies.
pub(crate) fn ask(peers: &Peers, line: &Line) -> (Told, Option<String>) {
    let mut recc = peers.recc();
    recc.env_clear()
        .envs(line.environment.iter().map(|(name, value)| (name, value)))
        .envs(line.settings.iter().map(|(name, value)| (format!("RECC_{name}"), value)))
        .envs([("RECC_VERBOSE", "1"), ("RECC_NO_EXECUTE", "1"), ("RECC_SERVER", "http://localhost:9")])
        .current_dir(&line.directory)
        .args(&line.words);
    let output = recc.output().expect("run recc");
    let told = String::from_utf8_lossy(&output.stderr);
    let fate = if let Some((_, rest)) = told.split_once("Action Digest: ") {
        Fate::Sent(rest.split_whitespace().next().unwrap_or_default().to_owned())
    } else if told.contains("would have run locally") {
        Fate::Local
    } else {
        Fate::Failed(told.lines().last().unwrap_or_default().to_owned())
    };
    let said = |what: &str| told.lines().find_map(|line| Some(line.split_once(what)?.1.to_owned()));
    let dependency_run = said("Getting dependencies using the command: ");
    (Told { fate, how: said("Command: ").unwrap_or_default() }, dependency_run)
}
