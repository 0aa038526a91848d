//! What recc says of a command on its standard error, at its log level `info` or below.

use crate::action::ActionDigest;

/// What became of a command that was handed to recc.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fate {
    /// The action cache had the result.
    Hit(ActionDigest),
    /// The server executed the action.
    Executed {
        /// The action.
        action: ActionDigest,
        /// The command's exit code on the server.
        exit_code: i32,
    },
    /// It ran on this machine.
    Local,
    /// None of these: recc failed, or was ended.
    Failed,
}

/// Reads recc's messages, among which a compiler's own may stand.
///
/// Each of its lines begins with the time and three more words in brackets: `TIME [PID:THREAD] [FILE:LINE] [LEVEL] …`.
pub fn fate(stderr: &[u8]) -> Fate {
    let text = String::from_utf8_lossy(stderr);
    let mut fate = Fate::Failed;
    let mut asked = None;
    for event in text.lines().filter_map(event) {
        if let Some(action) = event.strip_prefix("Action Cache hit for [") {
            fate = digest(action).map_or(fate, Fate::Hit);
        } else if let Some(action) = event.strip_prefix("Executing action remotely... [actionDigest=") {
            asked = digest(action);
        } else if let Some(code) = event.strip_prefix("Remote execution finished with exit code ") {
            if let (Some(action), Ok(exit_code)) = (asked, code.trim().parse()) {
                fate = Fate::Executed { action, exit_code };
            }
        } else if LOCAL.iter().any(|begin| event.starts_with(begin)) {
            return Fate::Local;
        }
    }
    fate
}

/// How recc says that it runs a command on this machine.
const LOCAL: [&str; 5] = [
    "Not a compiler command, so running locally.",
    "Action not cached and running in cache-only mode, executing locally",
    "Executing action in local runner...",
    "recc failed, falling back to local execution",
    "RECC_PASSTHROUGH is set, executing command locally",
];

fn event(line: &str) -> Option<&str> {
    let (_, rest) = line.split_once(" [")?;
    let (_, rest) = rest.split_once("] [")?;
    let (_, rest) = rest.split_once("] [")?;
    let (level, event) = rest.split_once("] ")?;
    ["TRACE", "DEBUG", "INFO", "WARNING", "ERROR"].contains(&level).then_some(event)
}

/// The digest that a text begins with.
fn digest(text: &str) -> Option<ActionDigest> {
    let is_part = |letter: char| letter.is_ascii_hexdigit() || letter == '/';
    let end = text.find(|letter| !is_part(letter)).unwrap_or(text.len());
    text[..end].parse().ok().map(ActionDigest)
}

#[cfg(test)]
mod tests {
    use super::*;

    const ACTION: &str = "1fd1e61ac780736566e0fd4793fc01d74db60c9edef5795611f042aa55a3c0ef/143";

    fn line(level: &str, event: &str) -> String {
        format!(
            "2026-11-22T19:50:24.805+0000 [19581:139881640492608] [executioncontext.cpp:544] [{level}] {event}\n"
        )
    }

    #[test]
    fn each_fate_is_told_in_its_own_words() {
        let action = ActionDigest(ACTION.parse().unwrap());
        let asks = line("INFO", &format!("Executing action remotely... [actionDigest={ACTION}]"));
        let said = |events: &[&str]| fate(events.concat().as_bytes());
        assert_eq!(said(&[&line("INFO", &format!("Action Cache hit for [{ACTION}]"))]), Fate::Hit(action));
        let done = line("INFO", "Remote execution finished with exit code 1");
        let warning = "a.c:1:1: error: expected [x] [y] [z] here\n";
        assert_eq!(said(&[&asks, &done, warning]), Fate::Executed { action, exit_code: 1 });
        assert_eq!(said(&[&asks]), Fate::Failed, "it was ended while the server worked");
        assert_eq!(said(&[]), Fate::Failed);
        let local = line("INFO", "Not a compiler command, so running locally.");
        assert_eq!(said(&[&local]), Fate::Local);
        let failed = line("ERROR", "recc failed, falling back to local execution: 14: no server");
        assert_eq!(said(&[&asks, &failed]), Fate::Local);
    }
}
