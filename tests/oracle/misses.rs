//! A file that appears where a compiler looked in vain changes what is served as it changes what is compiled.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::trace::{self, clean};
use super::traps::{self, LINES};
use crate::support::project::Expect;
use crate::support::shell::{sh, succeed};
use crate::support::strace::may_trace;

#[test]
fn whatever_appears_is_found() {
    if !may_trace() {
        return;
    }
    let missed = missed();
    assert!(missed.len() >= 40, "strace saw too few misses: {missed:?}");
    let all = traps::build();
    let mut project = traps::project().step(traps::LINKS, &all, Expect::Any);
    // What was near a precompiled header is compiled here for a while, and nothing is served, so these come last.
    let mut missed: Vec<_> = missed.into_iter().collect();
    missed.sort_by_key(|(path, _)| is_precompiled(path));
    for (path, lines) in missed {
        let (appear, vanish) = (appear(&path), vanish(&path));
        // Mostly served from before, but a busy machine may ask before anything was looked at.
        project = project.step(&appear, &lines, Expect::Any).step(&vanish, &lines, Expect::Any);
    }
    project.check();
}

fn is_precompiled(path: &Path) -> bool {
    path.extension().is_some_and(|suffix| suffix == "gch" || suffix == "pch")
}

/// Every path below the project that a compile looked for in vain, relative, with the commands of those that did.
fn missed() -> BTreeMap<PathBuf, String> {
    let project = traps::project();
    let (tree, log) = (project.tree(), project.sandbox.path("log"));
    project.lay_out();
    let mut build = sh(&tree, &trace::traced(&format!("{}\n{}", traps::LINKS, traps::build()), &log));
    succeed(build.env("CC", "gcc").env("CXX", "g++").env("WRAP", ""));
    let mut missed: BTreeMap<PathBuf, String> = BTreeMap::new();
    for compile in trace::compiles(&log) {
        let object = compile.object().expect("every command has its -o");
        let Some(line) = LINES.iter().find(|line| object.ends_with(line.object)) else { continue };
        for path in &compile.missed {
            if let Ok(path) = clean(&compile.folder.join(path)).strip_prefix(&tree)
                && could_be_read(path, line.object)
            {
                let lines = missed.entry(path.to_owned()).or_default();
                if !lines.contains(line.command) {
                    lines.push_str(line.command);
                    lines.push('\n');
                }
            }
        }
    }
    missed
}

/// Whether the path is one that a compiler would read, and none that it is about to write.
fn could_be_read(path: &Path, object: &str) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    let stem = object.trim_end_matches(".o");
    !name.starts_with(stem) && !name.contains(".tmp")
}

/// Shell commands that put something there that compiles, but to another object.
fn appear(path: &Path) -> String {
    /// Headers that are asked for somewhere.
    const HEADERS: [&str; 8] =
        ["a.h", "b.h", "next.h", "r.h", "optional.h", "sub/optional.h", "stdc-predef.h", "x.h"];
    let header = "int appeared;\n#define A 90\n#define B 91\n#define R 92\n#define Q 93\n#define PRE 94\n\
                  #define MACROS 95\n#define ONLY_ONE 96\n#define NEXT 97\n#define LATER 98\n";
    let name = path.file_name().unwrap_or_default();
    let one = |path: &Path, text: &str| {
        let folder = path.parent().unwrap_or(path).display();
        format!("mkdir -p './{folder}'; printf '%s' '{text}' >'{}'\n", path.display())
    };
    match path.extension() {
        _ if name == "specs" => one(path, "*cpp:\n+ -DA=99 -include pre.h\n\n"),
        Some(_) => one(path, header),
        None => HEADERS.map(|name| one(&path.join(name), header)).concat(),
    }
}

/// Shell commands that take it away, with the folders that were made for it.
fn vanish(path: &Path) -> String {
    format!("rm -r '{}'; find . -type d -empty -delete", path.display())
}
