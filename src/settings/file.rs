//! spec-cc's own configuration file: `name = value` lines.

use std::path::{Path, PathBuf};

use super::table::{Kind, TABLE, row_of};
use super::value::{Family, Source, Value};

/// The system's file, read when the user has none.
const SYSTEM: &str = "/etc/spec-cc.conf";

/// The places of the file, the first that exists counting: `$XDG_CONFIG_HOME/spec-cc/spec-cc.conf` (by default below
/// `~/.config`), `/etc/spec-cc.conf`.
pub(super) fn places(home: Option<&str>, config_home: Option<&str>) -> Vec<PathBuf> {
    let folder = config_home.map(PathBuf::from).or_else(|| home.map(|home| Path::new(home).join(".config")));
    folder
        .map(|folder| folder.join("spec-cc/spec-cc.conf"))
        .into_iter()
        .chain([PathBuf::from(SYSTEM)])
        .collect()
}

/// Every value that a file sets, and what is wrong with the lines that are not understood, each with its place.
pub(super) fn parse(path: &Path, text: &str) -> (Vec<Value>, Vec<String>) {
    let (mut values, mut problems) = (Vec::new(), Vec::new());
    for (number, line) in text.lines().enumerate().map(|(number, line)| (number + 1, line.trim())) {
        if line.is_empty() || line.starts_with('#') {
            continue;
        }
        match parse_line(path, number, line) {
            Ok(value) => values.push(value),
            Err(problem) => problems.push(format!("{}:{number}: {problem}", path.display())),
        }
    }
    (values, problems)
}

/// Why a line is not understood.
#[derive(Debug, thiserror::Error)]
enum LineError {
    #[error("{0:?} is not of the form name = value")]
    Form(String),
    #[error("there is no setting {0:?} (see `specctl config`)")]
    Unknown(String),
    #[error("{name} can only be set by the variable {variable}")]
    VariableOnly { name: String, variable: String },
}

fn parse_line(path: &Path, line: usize, text: &str) -> Result<Value, LineError> {
    let (name, value) = text.split_once('=').ok_or_else(|| LineError::Form(text.to_owned()))?;
    let name = name.trim();
    let (row, key) = row_and_key(name).ok_or_else(|| LineError::Unknown(name.to_owned()))?;
    if !TABLE[row].in_file {
        return Err(LineError::VariableOnly { name: name.to_owned(), variable: TABLE[row].variable() });
    }
    Ok(Value {
        row,
        key: key.to_owned(),
        text: value.trim().to_owned(),
        source: Source::File { path: path.to_owned(), line },
        family: Family::Own,
    })
}

fn row_and_key(name: &str) -> Option<(usize, &str)> {
    match row_of(name) {
        Some(row) => (TABLE[row].kind != Kind::Map).then_some((row, "")),
        None => TABLE.iter().enumerate().filter(|(_, setting)| setting.kind == Kind::Map).find_map(
            |(row, setting)| Some((row, name.strip_prefix(setting.name).filter(|key| !key.is_empty())?)),
        ),
    }
}
