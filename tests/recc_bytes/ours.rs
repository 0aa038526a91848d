//! A command as spec-cc sees it: the same dependency run, then the library.

use std::os::unix::fs::PermissionsExt as _;
use std::process::Command;

use spec_cc::action::remote::{Asked, File, build, crtbegin, dependency_arguments, recc_runs_locally};
use spec_cc::inputs::canonical::weakly_canonical;
use spec_cc::inputs::{depfile, digest::Digest};

use crate::Fate;
use crate::lines::Line;

/// What the library makes of `line`.
pub(crate) fn fate(line: &Line) -> Fate {
    let arguments = line.resolved();
    let asked = Asked {
        arguments: &arguments,
        environment: &line.environment,
        directory: &line.directory,
        link: line.link,
    };
    if recc_runs_locally(&asked, &line.layout, &weakly_canonical).is_some() {
        return Fate::Local;
    }
    let Some(listed) = dependencies(&asked, line) else { return Fate::Local };
    let real: Vec<Option<String>> =
        listed.iter().map(|path| path.starts_with('/').then(|| weakly_canonical(path))).collect();
    let files: Vec<File<'_>> =
        listed.iter().zip(&real).map(|(path, real)| file(line, path, real.as_deref())).collect();
    match build(&asked, &line.layout, &files, &weakly_canonical) {
        Ok(built) => Fate::Sent(built.action.to_string()),
        Err(error) => Fate::Failed(error.to_string()),
    }
}

/// The files that the command's own dependency run lists; `None` when it fails.
fn dependencies(asked: &Asked<'_>, line: &Line) -> Option<Vec<String>> {
    if !line.layout.deps_override.is_empty() {
        return Some(line.layout.deps_override.clone());
    }
    let words = dependency_arguments(asked, &line.layout, &weakly_canonical).ok()?;
    let output = Command::new(&asked.arguments[0])
        .args(words)
        .env_clear()
        .envs(line.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(&line.directory)
        .output()
        .expect("run the compiler");
    if !output.status.success() {
        return None;
    }
    let mut listed = depfile::parse(&output.stdout).ok()?;
    listed.extend(crtbegin(&String::from_utf8_lossy(&output.stderr)));
    Some(listed)
}

fn file<'a>(line: &Line, path: &'a str, real: Option<&'a str>) -> File<'a> {
    let there = std::path::Path::new(&line.directory).join(path);
    let content = std::fs::read(&there).unwrap_or_else(|error| panic!("{}: {error}", there.display()));
    let mode = there.metadata().expect("it was read").permissions().mode();
    File { path, real, digest: Digest::of(&content), executable: mode & 0o100 != 0 }
}
