//! A command as real recc sees it.

use super::lines::Line;
use super::{Fate, Told};
use crate::support::peers::Peers;

/// What recc would do with `line`.
pub(crate) fn ask(peers: &Peers, line: &Line) -> Told {
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
    let how = told.lines().find_map(|line| line.split_once("Command: "));
    Told { fate, how: how.map_or_else(String::new, |(_, command)| command.to_owned()) }
}
