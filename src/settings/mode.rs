//! What spec-cc does for a build, and with how much of this machine.

use std::sync::OnceLock;
use std::time::Duration;

use serde::Serialize;

use super::{Settings, SettingsError};

/// What spec-cc does for a build.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Mode {
    /// The compiler alone.
    Off,
    /// Record, serve nothing.
    Learn,
    /// Serve cached results, launch nothing.
    Cache,
    /// All of it.
    Spec,
}

impl Settings {
    /// What to do for this build: `disable` and recc's `PASSTHROUGH` win over `mode`.
    pub fn mode(&self) -> Result<Mode, SettingsError> {
        if self.get("disable").is_some_and(|value| value != "0") || self.flag("passthrough") {
            return Ok(Mode::Off);
        }
        match self.get("mode") {
            // As an option of a BuildStream project says it: an include that comes by a junction cannot translate.
            Some("off" | "plain") => Ok(Mode::Off),
            Some("learn") => Ok(Mode::Learn),
            Some("cache") => Ok(Mode::Cache),
            Some("spec") | None => Ok(Mode::Spec),
            Some(_) => Err(self.wrong("mode", "must be off, learn, cache or spec")),
        }
    }

    /// Size limit of the results in bytes; `None` for no limit.
    pub fn max_size(&self) -> Result<Option<u64>, SettingsError> {
        self.size("max_size", "5G")
    }

    /// Bytes that a session's launches may move; `None` for no limit.
    pub fn max_launch_size(&self) -> Result<Option<u64>, SettingsError> {
        self.size("max_launch_size", "0")
    }

    /// CPU time that a session's launches may take; `None` for no limit.
    pub fn max_launch_cpu(&self) -> Result<Option<Duration>, SettingsError> {
        match self.get("max_launch_cpu").unwrap_or("0").parse() {
            Ok(0) => Ok(None),
            Ok(seconds) => Ok(Some(Duration::from_secs(seconds))),
            Err(_) => Err(self.wrong("max_launch_cpu", "must be a number of seconds")),
        }
    }

    /// The share of what would be served that is verified: 0 for nothing, 1 for all.
    pub fn verify(&self) -> Result<f64, SettingsError> {
        match self.get("verify").unwrap_or("0").parse() {
            Ok(share) if (0.0..=1.0).contains(&share) => Ok(share),
            _ => Err(self.wrong("verify", "must be a number from 0 to 1")),
        }
    }

    fn size(&self, name: &'static str, default: &str) -> Result<Option<u64>, SettingsError> {
        match parse_size(self.get(name).unwrap_or(default)) {
            Some(0) => Ok(None),
            Some(bytes) => Ok(Some(bytes)),
            None => Err(self.wrong(name, "must be a number with one of the suffixes k, M, G, T or none")),
        }
    }

    /// How many launches may run at once on this machine.
    pub fn jobs(&self) -> Result<usize, SettingsError> {
        // Asked once: it takes two dozen system calls, and each compile reads the settings.
        static CORES: OnceLock<usize> = OnceLock::new();
        let cores = || std::thread::available_parallelism().map_or(1, usize::from);
        match self.get("jobs").unwrap_or("0").parse() {
            Ok(0) => Ok(*CORES.get_or_init(cores)),
            Ok(jobs) => Ok(jobs),
            Err(_) => Err(self.wrong("jobs", "must be a number")),
        }
    }
}

/// A size in bytes from text such as `500M` (powers of 1024, as in ccache's `Ki` forms) or `5G`.
fn parse_size(text: &str) -> Option<u64> {
    let text = text.trim().trim_end_matches("iB").trim_end_matches('B').trim_end_matches('i');
    let (number, shift) = match text.char_indices().next_back()? {
        (at, 'k' | 'K') => (&text[..at], 10),
        (at, 'M') => (&text[..at], 20),
        (at, 'G') => (&text[..at], 30),
        (at, 'T') => (&text[..at], 40),
        _ => (text, 0),
    };
    number.trim().parse::<u64>().ok()?.checked_mul(1 << shift)
}

#[cfg(test)]
mod tests {
    use super::parse_size;

    #[test]
    fn sizes_have_the_usual_suffixes() {
        assert_eq!(parse_size("5G"), Some(5 << 30));
        assert_eq!(parse_size("20k"), Some(20 << 10));
        assert_eq!(parse_size("7MiB"), Some(7 << 20));
        assert_eq!(parse_size("12"), Some(12));
        assert_eq!(parse_size("much"), None);
    }
}
