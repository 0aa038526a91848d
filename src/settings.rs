//! Settings: one table of names, read from `SPEC_CC_*` variables, then a configuration file, then `RECC_*` variables.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use serde::Serialize;

/// One row of the table of settings.
#[derive(Debug, Clone, Copy)]
pub struct Setting {
    /// Name in the configuration file; the variable is `SPEC_CC_` and the name in capitals.
    pub name: &'static str,
    /// What it does, for `specctl config`.
    pub help: &'static str,
    /// Value when nothing sets it; empty when it is worked out elsewhere.
    pub default: &'static str,
    /// Whether the configuration file may set it. The shim reads variables only.
    pub in_file: bool,
    /// The variable of recc that means the same.
    pub recc: Option<&'static str>,
}

/// Every setting there is.
pub const TABLE: &[Setting] = &[
    row("disable", "run the compiler and do nothing else (1 to switch off)", "", false, None),
    row("mode", "off, learn, cache or spec", "spec", true, None),
    row("project", "name of the project", "", false, None),
    row("element", "name of the element", "", false, None),
    row("root", "folder below which paths are recorded as relative", "", false, Some("RECC_PROJECT_ROOT")),
    row("compiler", "the compiler that `spec-cc -c x.c` runs", "", false, None),
    row("socket", "where the companion listens", "", false, None),
    row("store", "folder of the records", "", false, None),
    row("cache", "folder of the results", "", true, None),
    row("max_size", "size limit of the results, as 5G, 500M; 0 is no limit", "5G", true, None),
    row("jobs", "launches run at once; 0 is one per core", "0", true, None),
    row("log", "what the companion logs: error, warn, info, debug or trace", "warn", true, None),
];

const fn row(
    name: &'static str,
    help: &'static str,
    default: &'static str,
    in_file: bool,
    recc: Option<&'static str>,
) -> Setting {
    Setting { name, help, default, in_file, recc }
}

/// Where a value came from.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Nothing set it.
    Default,
    /// This environment variable.
    Variable(String),
    /// This line of a configuration file.
    File {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
    },
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Default => f.write_str("default"),
            Self::Variable(name) => f.write_str(name),
            Self::File { path, line } => write!(f, "{}:{line}", path.display()),
        }
    }
}

/// What is wrong with a setting, and where it was set.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// A line of the configuration file that is not `name = value`, or names no setting.
    #[error("{}:{line}: {problem}", path.display())]
    Line {
        /// The file.
        path: PathBuf,
        /// Line number, from 1.
        line: usize,
        /// What is wrong with it.
        problem: String,
    },
    /// The configuration file is there and cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A value that its setting does not take.
    #[error("{name} = {value:?} (from {origin}): {problem}")]
    Value {
        /// The setting.
        name: &'static str,
        /// Its value.
        value: String,
        /// Where that came from.
        origin: Source,
        /// What is wrong with it.
        problem: &'static str,
    },
}

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

/// All settings, each with where it came from.
#[derive(Debug, Clone)]
pub struct Settings {
    values: BTreeMap<&'static str, (String, Source)>,
}

impl Settings {
    /// Reads the settings from an environment and the configuration file it leads to.
    pub fn read(variable: &dyn Fn(&str) -> Option<String>) -> Result<Self, SettingsError> {
        let mut values = BTreeMap::new();
        let file = match configuration_file(variable) {
            Some(path) => parse_file(&path)?,
            None => BTreeMap::new(),
        };
        for setting in TABLE {
            let own = format!("SPEC_CC_{}", setting.name.to_uppercase());
            let of_recc =
                || setting.recc.and_then(|name| Some((variable(name)?, Source::Variable(name.into()))));
            let value = variable(&own)
                .map(|value| (value, Source::Variable(own)))
                .or_else(|| file.get(setting.name).cloned())
                .or_else(of_recc)
                .unwrap_or_else(|| (setting.default.to_owned(), Source::Default));
            values.insert(setting.name, value);
        }
        let settings = Self { values };
        settings.mode()?;
        settings.max_size()?;
        settings.jobs()?;
        Ok(settings)
    }

    /// Every setting's row, value and source, in the order of the table.
    pub fn rows(&self) -> impl Iterator<Item = (&'static Setting, &str, &Source)> {
        TABLE.iter().filter_map(|setting| {
            let (value, source) = self.values.get(setting.name)?;
            Some((setting, value.as_str(), source))
        })
    }

    /// The value of a setting, `None` when it is empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.values.get(name).map(|(value, _)| value.as_str()).filter(|value| !value.is_empty())
    }

    /// What to do for this build: `disable` wins over `mode`.
    pub fn mode(&self) -> Result<Mode, SettingsError> {
        if self.get("disable").is_some_and(|value| value != "0") {
            return Ok(Mode::Off);
        }
        match self.get("mode") {
            Some("off") => Ok(Mode::Off),
            Some("learn") => Ok(Mode::Learn),
            Some("cache") => Ok(Mode::Cache),
            Some("spec") | None => Ok(Mode::Spec),
            Some(_) => Err(self.wrong("mode", "must be off, learn, cache or spec")),
        }
    }

    /// Size limit of the results in bytes; `None` for no limit.
    pub fn max_size(&self) -> Result<Option<u64>, SettingsError> {
        let text = self.get("max_size").unwrap_or("5G");
        match parse_size(text) {
            Some(0) => Ok(None),
            Some(bytes) => Ok(Some(bytes)),
            None => {
                Err(self.wrong("max_size", "must be a number with one of the suffixes k, M, G, T or none"))
            }
        }
    }

    /// How many launches may run at once.
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

    fn wrong(&self, name: &'static str, problem: &'static str) -> SettingsError {
        let (value, origin) = self.values.get(name).cloned().unwrap_or((String::new(), Source::Default));
        SettingsError::Value { name, value, origin, problem }
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

/// `$XDG_CONFIG_HOME/spec-cc/spec-cc.conf`, else `/etc/spec-cc.conf`: the first that exists.
fn configuration_file(variable: &dyn Fn(&str) -> Option<String>) -> Option<PathBuf> {
    let home = variable("XDG_CONFIG_HOME")
        .map(PathBuf::from)
        .or_else(|| variable("HOME").map(|home| Path::new(&home).join(".config")));
    home.map(|folder| folder.join("spec-cc/spec-cc.conf"))
        .into_iter()
        .chain([PathBuf::from("/etc/spec-cc.conf")])
        .find(|path| path.exists())
}

fn parse_file(path: &Path) -> Result<BTreeMap<&'static str, (String, Source)>, SettingsError> {
    let text = std::fs::read_to_string(path)
        .map_err(|source| SettingsError::Unreadable { path: path.to_owned(), source })?;
    let mut values = BTreeMap::new();
    for (number, line) in text.lines().enumerate() {
        let line = line.trim();
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        let fault =
            |problem: String| SettingsError::Line { path: path.to_owned(), line: number + 1, problem };
        let (name, value) =
            line.split_once('=').ok_or_else(|| fault(format!("{line:?} is not of the form name = value")))?;
        let name = name.trim();
        let setting = TABLE
            .iter()
            .find(|setting| setting.name == name)
            .ok_or_else(|| fault(format!("there is no setting {name:?} (see `specctl config`)")))?;
        if !setting.in_file {
            return Err(fault(format!(
                "{name} can only be set by the variable SPEC_CC_{}",
                name.to_uppercase()
            )));
        }
        let source = Source::File { path: path.to_owned(), line: number + 1 };
        values.insert(setting.name, (value.trim().to_owned(), source));
    }
    Ok(values)
}

#[cfg(test)]
mod tests {
    use super::{Mode, Settings, Source, parse_size};

    fn read(pairs: &[(&str, &str)]) -> Result<Settings, super::SettingsError> {
        Settings::read(&|name| {
            pairs.iter().find(|(key, _)| *key == name).map(|(_, value)| (*value).to_owned())
        })
    }

    #[test]
    fn sizes_have_the_usual_suffixes() {
        assert_eq!(parse_size("5G"), Some(5 << 30));
        assert_eq!(parse_size("20k"), Some(20 << 10));
        assert_eq!(parse_size("7MiB"), Some(7 << 20));
        assert_eq!(parse_size("12"), Some(12));
        assert_eq!(parse_size("much"), None);
    }

    #[test]
    fn a_variable_wins_over_the_file_and_the_file_over_recc() {
        let home = tempfile::tempdir().unwrap();
        std::fs::create_dir(home.path().join("spec-cc")).unwrap();
        std::fs::write(home.path().join("spec-cc/spec-cc.conf"), "# ours\nmode = cache\njobs=3\n").unwrap();
        let home = home.path().to_str().unwrap();
        let settings =
            read(&[("XDG_CONFIG_HOME", home), ("SPEC_CC_JOBS", "7"), ("RECC_PROJECT_ROOT", "/r")]).unwrap();
        assert_eq!(settings.mode().unwrap(), Mode::Cache);
        assert_eq!(settings.jobs().unwrap(), 7);
        assert_eq!(settings.get("root"), Some("/r"));
        let (_, _, source) = settings.rows().find(|(setting, ..)| setting.name == "mode").unwrap();
        assert!(matches!(source, Source::File { line: 2, .. }), "{source}");
    }

    #[test]
    fn a_wrong_value_says_what_and_where() {
        let error = read(&[("XDG_CONFIG_HOME", "/nowhere"), ("SPEC_CC_MODE", "fast")]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "mode = \"fast\" (from SPEC_CC_MODE): must be off, learn, cache or spec"
        );
    }

    #[test]
    fn disable_wins_over_mode_and_zero_is_not_disabled() {
        assert_eq!(
            read(&[("SPEC_CC_DISABLE", "1"), ("SPEC_CC_MODE", "spec")]).unwrap().mode().unwrap(),
            Mode::Off
        );
        assert_eq!(read(&[("SPEC_CC_DISABLE", "0")]).unwrap().mode().unwrap(), Mode::Spec);
    }
}
