//! The outputs that recc names in a `Command`.

use super::Layout;
use super::arguments::{Arguments, Input};
use super::not_remote::NotRemote;
use super::options::Source;
use super::paths::normal;

/// `Command.output_paths`: files sorted, then folders sorted.
pub(super) fn output_paths(
    layout: &Layout,
    arguments: &Arguments,
    link: bool,
) -> Result<Vec<String>, NotRemote> {
    let mut folders = layout.output_directories_override.clone();
    let mut files = if layout.output_files_override.is_empty() && folders.is_empty() && !is_overridden(layout)
    {
        files(arguments, link)?
    } else {
        layout.output_files_override.clone()
    };
    for list in [&mut files, &mut folders] {
        list.sort_unstable();
        list.dedup();
    }
    Ok([files, folders].concat())
}

/// Whether recc does not look at the command's dependencies, and with that not at its outputs either.
fn is_overridden(layout: &Layout) -> bool {
    !layout.deps_override.is_empty() || layout.deps_directory_override.is_some()
}

fn files(arguments: &Arguments, link: bool) -> Result<Vec<String>, NotRemote> {
    let objects = objects(arguments, link);
    if objects.iter().any(String::is_empty) {
        return Err(NotRemote::NamelessOutput);
    }
    let mut files: Vec<String> = objects.iter().map(|path| normal(path)).collect();
    let beside = beside(arguments, &objects);
    let all_beside = |suffix: &str| beside.iter().map(|(stem, _)| format!("{stem}.{suffix}")).collect();
    if arguments.depfile {
        let named = arguments.depfile_paths.last().into_iter().chain(&arguments.preprocessor_depfile);
        let named: Vec<String> = named.map(|path| normal(path)).collect();
        files.extend(if named.is_empty() { all_beside("d") } else { named });
    }
    if arguments.coverage {
        let named = arguments.coverage_notes.as_deref().map(normal);
        files.extend(named.map_or_else(|| all_beside("gcno"), |path| vec![path]));
    }
    if arguments.split_dwarf {
        files.extend(beside.iter().filter(|(_, code)| *code).map(|(stem, _)| format!("{stem}.dwo")));
    }
    Ok(files)
}

fn objects(arguments: &Arguments, link: bool) -> Vec<String> {
    if !arguments.objects.is_empty() {
        return arguments.objects.clone();
    }
    if link {
        return vec!["a.out".to_owned()];
    }
    let object = |input: &Input| match input.source {
        Some(Source::Header) => format!("{}.gch", input.path),
        _ => format!("{}.o", stem(name(&input.path))),
    };
    arguments.inputs.iter().map(object).collect()
}

/// The paths, without a suffix, beside which the compiler writes more files; and whether of code, not of headers alone.
fn beside(arguments: &Arguments, objects: &[String]) -> Vec<(String, bool)> {
    let is_code = |input: &Input| input.source != Some(Source::Header);
    if arguments.objects.is_empty() && !arguments.inputs.is_empty() {
        let beside = |input: &Input| (stem(name(&input.path)).to_owned(), is_code(input));
        arguments.inputs.iter().map(beside).collect()
    } else {
        let any_code = arguments.inputs.iter().any(is_code);
        objects.iter().map(|path| (stem(&normal(path)).to_owned(), any_code)).collect()
    }
}

fn name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

/// `path` up to its last dot, wherever that is: recc takes `a.d/b` apart so, too.
fn stem(path: &str) -> &str {
    path.rsplit_once('.').map_or(path, |(stem, _)| stem)
}
