//! What a link reads, asked of the tools that recc asks.

use std::fs;
use std::path::Path;

use spec_cc::action::remote::{Asked, Libraries, link_inputs, link_query, linker_command, linker_folders};

use super::lines::Line;
use super::ours::run;

/// The files that a link reads; an error where recc would not know.
pub(crate) fn dependencies(asked: &Asked<'_>, line: &Line) -> Result<Vec<String>, String> {
    if !line.layout.deps_override.is_empty() {
        return Ok(line.layout.deps_override.clone());
    }
    let compiler = &asked.arguments[0];
    let said = run(compiler, &link_query(&asked.arguments[1..]), line);
    let command = linker_command(&String::from_utf8_lossy(&said.stderr)).ok_or("no linker command")?;
    let verbose = run(compiler, &["-Wl,--verbose".to_owned()], line);
    let here = Path::new(&line.directory);
    let libraries = Libraries {
        has: &|path| here.join(path).is_file(),
        needed: &|path| needed(path, line),
        is_archive: &|path| {
            fs::read(here.join(path)).is_ok_and(|content| {
                content.starts_with(
                    b"!<arch>
",
                )
            })
        },
        linker_folders: &linker_folders(&String::from_utf8_lossy(&verbose.stdout)),
        loader_folders: &loader_folders(),
    };
    link_inputs(&command, &libraries).map_err(|error| error.to_string())
}

fn needed(path: &str, line: &Line) -> Option<Vec<String>> {
    let said = run("/usr/bin/objdump", &["-p".to_owned(), path.to_owned()], line);
    let text = String::from_utf8_lossy(&said.stdout).into_owned();
    let names = text.lines().filter_map(|line| line.trim().strip_prefix("NEEDED"));
    said.status.success().then(|| names.map(|name| name.trim().to_owned()).collect())
}

/// The folders in `/etc/ld.so.conf.d`, in the order of the files' names.
fn loader_folders() -> Vec<String> {
    let mut files: Vec<_> = fs::read_dir("/etc/ld.so.conf.d")
        .into_iter()
        .flatten()
        .filter_map(|file| Some(file.ok()?.path()))
        .collect();
    files.sort();
    let texts = files.iter().filter_map(|file| fs::read_to_string(file).ok());
    texts
        .flat_map(|text| text.lines().map(str::to_owned).collect::<Vec<_>>())
        .filter(|line| line.starts_with('/'))
        .collect()
}
