//! Settings: one table of names, read from `SPEC_CC_*` variables, else spec-cc's file, else `RECC_*` variables, else
//! recc's files.

mod error;
mod file;
mod for_recc;
mod kept;
mod layout;
mod mode;
mod policy;
mod recc_conf;
mod remote;
pub mod table;
#[cfg(test)]
mod tests;
mod unhonoured;
mod value;

use std::path::{Path, PathBuf};

pub use error::SettingsError;
pub use mode::Mode;
pub use policy::{Backend, Policy};
pub use table::{Setting, TABLE};
pub use unhonoured::Unhonoured;
pub use value::Source;

use kept::{Content, Syntax};
use table::{Kind, row_of};
use value::{Family, Value};

/// All settings, each with where it came from.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// What was set, the later winning over the earlier.
    values: Vec<Value>,
    unhonoured: Vec<Unhonoured>,
    problems: Vec<String>,
    /// Where relative paths begin, as in recc: the command's working directory, which is not the companion's.
    directory: PathBuf,
}

/// One line of what `specctl config` shows.
#[derive(Debug, Clone)]
pub struct Row<'a> {
    /// The row of the table.
    pub setting: &'static Setting,
    /// The setting's name; of a map with its key.
    pub name: String,
    /// Its value; a list's parts joined by commas.
    pub value: String,
    /// Where the value came from, the last of several.
    pub source: &'a Source,
}

impl Settings {
    /// Reads the settings for a command in `directory` from its environment and the files that leads to.
    ///
    /// Fails when a configuration file cannot be read, or a value is not one its setting takes. A line or a variable that sets
    /// nothing is among the [`Settings::problems`].
    pub fn read<'a>(
        environment: impl IntoIterator<Item = (&'a str, &'a str)>,
        directory: &Path,
    ) -> Result<Self, SettingsError> {
        let variables = Variables::among(environment);
        let mut settings = Self { directory: directory.to_owned(), ..Self::default() };
        for path in recc_conf::files(directory, variables.home, variables.recc_config) {
            settings.take_file(&path, Syntax::Recc)?;
        }
        for (name, value) in variables.recc {
            settings.take_recc(name, value, || Source::Variable(format!("RECC_{name}")));
        }
        for path in file::places(variables.home, variables.config_home) {
            if settings.take_file(&path, Syntax::Own)? {
                break;
            }
        }
        for (name, value) in variables.own {
            settings.take_own(name, value);
        }
        settings.check()?;
        Ok(settings)
    }

    /// Reads the settings of this process; what is not UTF-8 in its environment is left out.
    pub fn of_process() -> Result<Self, SettingsError> {
        let environment: Vec<(String, String)> = std::env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .collect();
        let directory = std::env::current_dir().unwrap_or_else(|_| "/".into());
        Self::read(environment.iter().map(|(name, value)| (name.as_str(), value.as_str())), &directory)
    }

    /// The value of a setting, its default when nothing set it; `None` when it is empty.
    pub fn get(&self, name: &str) -> Option<&str> {
        match self.value(name) {
            Some(value) => Some(value.text.as_str()),
            None => row_of(name).map(|row| TABLE[row].default),
        }
        .filter(|text| !text.is_empty())
    }

    /// The path a setting names, made absolute.
    pub fn path(&self, name: &str) -> Option<PathBuf> {
        self.get(name).map(|path| self.directory.join(path))
    }

    /// Whether a flag is on.
    pub fn flag(&self, name: &str) -> bool {
        self.value(name).map_or_else(|| self.get(name).is_some(), Value::is_on)
    }

    /// The parts of a list. Ours replaces recc's; recc's variables and files add to one another.
    pub fn list(&self, name: &str) -> Vec<String> {
        match self.value(name) {
            Some(value) if value.family == Family::Own => value.parts(),
            Some(value) => self.values_of(value.row).flat_map(Value::parts).collect(),
            None => Vec::new(),
        }
    }

    /// The keys and values of a map, sorted by key.
    pub fn map(&self, name: &str) -> Vec<(String, String)> {
        let values = row_of(name).into_iter().flat_map(|row| self.values_of(row));
        let last = values.map(|value| (value.key.clone(), value.text.clone()));
        last.collect::<std::collections::BTreeMap<_, _>>().into_iter().collect()
    }

    /// Every setting with its value and source, in the order of the table; a map has a line for each key, or none.
    pub fn rows(&self) -> Vec<Row<'_>> {
        TABLE.iter().enumerate().flat_map(|(row, setting)| self.rows_of(row, setting)).collect()
    }

    /// The variables and lines of recc's that are not obeyed.
    pub fn unhonoured(&self) -> &[Unhonoured] {
        &self.unhonoured
    }

    /// What was to set something and does not, each a text for a person: lines of spec-cc's file that are not understood, and
    /// variables of no setting.
    pub fn problems(&self) -> &[String] {
        &self.problems
    }

    fn rows_of(&self, row: usize, setting: &'static Setting) -> Vec<Row<'_>> {
        let line = |name: String, value: String, source| Row { setting, name, value, source };
        if setting.kind == Kind::Map {
            let source = |key: &str| self.values_of(row).filter(|value| value.key == key).last();
            return self
                .map(setting.name)
                .into_iter()
                .filter_map(|(key, text)| {
                    let source = &source(&key)?.source;
                    Some(line(format!("{}{key}", setting.name), text, source))
                })
                .collect();
        }
        let source = self.value(setting.name).map_or(&Source::Default, |value| &value.source);
        let text = match setting.kind {
            Kind::List => self.list(setting.name).join(","),
            _ => self.get(setting.name).unwrap_or_default().to_owned(),
        };
        vec![line(setting.name.to_owned(), text, source)]
    }

    /// The value that counts of a setting that is no map.
    fn value(&self, name: &str) -> Option<&Value> {
        let row = row_of(name)?;
        self.values.iter().rev().find(|value| value.row == row)
    }

    fn values_of(&self, row: usize) -> impl Iterator<Item = &Value> {
        self.values.iter().filter(move |value| value.row == row)
    }

    /// Takes what a file says; `false` when there is none.
    fn take_file(&mut self, path: &Path, syntax: Syntax) -> Result<bool, SettingsError> {
        let Some(content) = kept::content(path, syntax)? else { return Ok(false) };
        match &*content {
            Content::Own(values, problems) => {
                self.values.extend_from_slice(values);
                self.problems.extend_from_slice(problems);
            }
            Content::Recc(lines) => {
                for (name, value, source) in lines {
                    self.take_recc(name, value, || source.clone());
                }
            }
        }
        Ok(true)
    }

    fn take_own(&mut self, name: &str, text: &str) {
        let Some((row, key)) = table::own_row(name) else {
            if !table::is_no_setting(name) {
                self.problems
                    .push(format!("SPEC_CC_{name}: there is no such setting (see `specctl config`)"));
            }
            return;
        };
        let source = Source::Variable(format!("SPEC_CC_{name}"));
        self.values.push(Value { row, key: key.into(), text: text.into(), source, family: Family::Own });
    }

    fn take_recc(&mut self, name: &str, text: &str, source: impl Fn() -> Source) {
        match table::recc_row(name) {
            Some((row, key)) => {
                let (key, text) = (key.to_owned(), text.to_owned());
                self.values.push(Value { row, key, text, source: source(), family: Family::Recc });
            }
            None => self.unhonoured.extend(unhonoured::unhonoured(name, text, source)),
        }
    }

    /// That every value is one its setting takes, so that the views need not fail.
    fn check(&self) -> Result<(), SettingsError> {
        self.mode()?;
        self.max_size()?;
        self.jobs()?;
        self.max_launch_cpu()?;
        self.max_launch_size()?;
        self.verify()?;
        self.check_policy()?;
        self.check_layout()
    }

    fn wrong(&self, name: &'static str, problem: &'static str) -> SettingsError {
        let value = self.get(name).unwrap_or_default().to_owned();
        let origin = self.value(name).map_or(Source::Default, |value| value.source.clone());
        SettingsError::Value { name, value, origin, problem }
    }
}

/// The variables that matter here, out of an environment, without their prefixes.
#[derive(Default)]
struct Variables<'a> {
    own: Vec<(&'a str, &'a str)>,
    recc: Vec<(&'a str, &'a str)>,
    home: Option<&'a str>,
    config_home: Option<&'a str>,
    recc_config: Option<&'a str>,
}

impl<'a> Variables<'a> {
    fn among(environment: impl IntoIterator<Item = (&'a str, &'a str)>) -> Self {
        let mut found = Self::default();
        for (name, value) in environment {
            if let Some(name) = name.strip_prefix("SPEC_CC_") {
                found.own.push((name, value));
            } else if let Some(name) = name.strip_prefix("RECC_") {
                found.recc.push((name, value));
            }
            match name {
                "HOME" => found.home = Some(value),
                "XDG_CONFIG_HOME" => found.config_home = Some(value),
                "RECC_CONFIG_DIRECTORY" => found.recc_config = Some(value),
                _ => {}
            }
        }
        found
    }
}
