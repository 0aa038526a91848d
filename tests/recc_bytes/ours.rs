//! A command as spec-cc sees it: the same dependency run, then the library.

use std::collections::HashMap;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::{Command, Output};

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use prost::Message as _;
use spec_cc::action::ActionDigest;
use spec_cc::action::Folders;
use spec_cc::action::remote::build;
use spec_cc::action::remote::{Asked, Built, Disk, File, Input};
use spec_cc::base::digest::Digest;
use spec_cc::inputs::files::Files;
use spec_cc::inputs::links::Links;
use spec_cc::inputs::snapshot::Snapshot;
use spec_cc::inputs::{depfile, links};
use spec_cc::toolchain::crtbegin;

use super::lines::Line;
use super::{Fate, Told, linked};

/// The disk as it is.
const DISK: Disk<'_> = Disk { link: &links::link, is_plain: &|_| false, is_folder: &links::is_folder };

/// What the library makes of `line`, whose dependencies recc asks for by `dependency_run`.
pub(crate) fn ask(line: &Line, dependency_run: Option<&str>) -> Told {
    let arguments = line.resolved();
    let asked = Asked {
        arguments: &arguments,
        environment: &line.environment,
        directory: &line.directory,
        link: line.link,
    };
    let found = if line.link {
        linked::dependencies(&asked, line)
    } else {
        dependencies(&asked, line, dependency_run)
    };
    let listed = match found {
        Ok(found) => found,
        Err(how) => return Told { fate: Fate::Local, how },
    };
    let files: Vec<File<'_>> = listed.iter().map(|path| file(line, path)).collect();
    let joined: Vec<String> = listed.iter().map(|path| line.joined(path)).collect();
    let from_joined = files.iter().zip(&joined).map(|(file, path)| Input::File(File { path, ..*file }));
    let as_listed: Vec<Input<'_>> = files.iter().copied().map(Input::File).collect();
    let built = build(&asked, &line.layout, &as_listed, &DISK, &Folders::default());
    let again = build(&asked, &line.layout, &from_joined.collect::<Vec<_>>(), &DISK, &Folders::default());
    assert_eq!(built, again, "paths joined to the working directory give another action: {:?}", line.words);
    let action = built.as_ref().map(|built| built.action).map_err(ToString::to_string);
    assert_eq!(action, together(&asked, line, &files, &joined), "siblings give another: {:?}", line.words);
    match built {
        Ok(built) => Told { fate: Fate::Sent(built.action.to_string()), how: describe(&built, &files) },
        Err(error) => Told { fate: Fate::Failed(error.to_string()), how: String::new() },
    }
}

/// The action when files of one folder are given together, as launches have them.
fn together(
    asked: &Asked<'_>,
    line: &Line,
    files: &[File<'_>],
    joined: &[String],
) -> Result<ActionDigest, String> {
    let (known, links) = (Files::default(), Links::default());
    let now = links.now();
    let disk = Disk {
        link: &|path| now.link(path),
        is_plain: &|folder| now.is_plain(folder),
        is_folder: &links::is_folder,
    };
    let mut snapshot = Snapshot::new(&known);
    let mut siblings = Vec::new();
    for absolute in [true, false] {
        let those = files.iter().zip(joined).filter(|(file, _)| file.absolute == absolute);
        let set: Vec<_> = those.map(|(_, path)| known.paths().intern(path)).collect();
        siblings.extend(snapshot.siblings(&set).expect("all are there").into_iter().map(|it| (it, absolute)));
    }
    let inputs: Vec<_> = siblings
        .iter()
        .map(|(siblings, absolute)| Input::Siblings { siblings, absolute: *absolute })
        .collect();
    let built = build(asked, &line.layout, &inputs, &disk, &Folders::default());
    built.map(|built| built.action).map_err(|error| error.to_string())
}

/// The files that recc's dependency run lists; an error when it fails.
fn dependencies(asked: &Asked<'_>, line: &Line, dependency_run: Option<&str>) -> Result<Vec<String>, String> {
    if !line.layout.deps_override.is_empty() {
        return Ok(line.layout.deps_override.clone());
    }
    let words = words(dependency_run.ok_or("recc asks for no dependencies")?, asked.arguments);
    let output = run(&asked.arguments[0], &words[1..], line);
    if !output.status.success() {
        return Err("the dependency run failed".to_owned());
    }
    let mut listed = depfile::parse(&output.stdout).map_err(|error| error.to_string())?;
    listed.extend(crtbegin(&String::from_utf8_lossy(&output.stderr)));
    Ok(listed)
}

/// The words of recc's dependency run, in which nothing tells the blanks of a word of `arguments` from those between words.
fn words(mut said: &str, arguments: &[String]) -> Vec<String> {
    let mut words = Vec::new();
    while !said.is_empty() {
        let blank = arguments.iter().find(|word| word.contains(' ') && said.starts_with(word.as_str()));
        let end = blank.map_or_else(|| said.find(' ').unwrap_or(said.len()), String::len);
        words.push(said[..end].to_owned());
        said = said[end..].trim_start_matches(' ');
    }
    words
}

/// Runs a program in the environment of `line`.
pub(crate) fn run(program: &str, words: &[String], line: &Line) -> Output {
    Command::new(program)
        .args(words)
        .env_clear()
        .envs(line.environment.iter().map(|(name, value)| (name, value)))
        .current_dir(&line.directory)
        .output()
        .expect("run a program")
}

fn file<'a>(line: &Line, path: &'a str) -> File<'a> {
    let there = Path::new(&line.directory).join(path);
    let content = std::fs::read(&there).unwrap_or_else(|error| panic!("{}: {error}", there.display()));
    let mode = there.metadata().expect("it was read").permissions().mode();
    File {
        path,
        absolute: path.starts_with('/'),
        digest: Digest::of(&content),
        executable: mode & 0o100 != 0,
    }
}

fn describe(built: &Built, files: &[File<'_>]) -> String {
    let messages: HashMap<String, &[u8]> =
        built.messages.iter().map(|(digest, bytes)| (digest.hex(), bytes.as_ref())).collect();
    let left_out: Vec<&str> = built.left_out.iter().map(|index| files[*index].path).collect();
    let mut tree = Vec::new();
    let action = reapi::Action::decode(messages[&built.action.0.hex()]).expect("an action");
    list(&action.input_root_digest.expect("a root").hash, "", &messages, &mut tree);
    format!("{:?}\n   with {tree:?}\n   without {left_out:?}", built.command)
}

fn list(digest: &str, path: &str, messages: &HashMap<String, &[u8]>, tree: &mut Vec<String>) {
    let folder = reapi::Directory::decode(messages[digest]).expect("a directory");
    tree.extend(folder.files.iter().map(|file| format!("{path}{}", file.name)));
    if folder.files.is_empty() && folder.directories.is_empty() {
        tree.push(path.to_owned());
    }
    for inner in folder.directories {
        let below = format!("{path}{}/", inner.name);
        list(&inner.digest.expect("a digest").hash, &below, messages, tree);
    }
}
