//! A job's action as servers see it: recc's, and the one to execute where recc's would not do.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bytes::Bytes;

use super::result::name_among;
use super::unobtainable::Unsent;
use crate::action::remote::{self, Asked, Built, Disk, File, Input, Layout};
use crate::action::{ActionDigest, Folders};
use crate::base::digest::Digest;
use crate::command::{self, Family};
use crate::compile::job::Job;
use crate::inputs::links::{self, LinksNow};

/// The actions of a job.
#[derive(Debug)]
pub struct RemoteActions {
    /// With the bytes that recc gives it: results are looked up and left under its digest.
    pub asked: Built,
    /// What a server is to execute, where that is another one.
    faithful: Option<Built>,
    /// Whether the platform names the very file system that the command runs in.
    pinned: bool,
}

/// A job's actions less their messages: all that is needed once the server has those.
#[derive(Debug, Clone)]
pub struct ActionIds {
    /// recc's action.
    pub asked: Sent,
    /// The one to execute.
    pub executable: Sent,
    /// Whether the two are one.
    pub(super) faithful: bool,
    /// Whether the platform names the very file system that the command runs in.
    pub(super) pinned: bool,
}

/// An action that a server has.
#[derive(Debug, Clone)]
pub struct Sent {
    /// Its digest.
    pub action: ActionDigest,
    /// Its outputs, as its Command names them.
    pub outputs: Vec<String>,
}

impl Sent {
    fn new(built: &Built) -> Self {
        Self { action: built.action, outputs: built.command.output_paths.clone() }
    }
}

/// Platform properties that pin the file system a command runs in, compiler included.
const PINS: [&str; 1] = ["chrootRootDigest"];

impl RemoteActions {
    /// The action to execute: it holds every input and gives the compiler the arguments that the build gave it.
    pub fn executable(&self) -> &Built {
        self.faithful.as_ref().unwrap_or(&self.asked)
    }

    /// The same, without the other.
    pub(crate) fn into_executable(self) -> Built {
        self.faithful.unwrap_or(self.asked)
    }

    /// Whether whoever executes recc's action has every input and the build's own arguments.
    pub fn is_faithful(&self) -> bool {
        self.faithful.is_none()
    }

    /// Whether the platform names the very file system that the command runs in.
    pub(super) fn is_pinned(&self) -> bool {
        self.pinned
    }

    /// What is left of them when their messages have been sent.
    pub fn ids(&self) -> ActionIds {
        ActionIds {
            asked: Sent::new(&self.asked),
            executable: Sent::new(self.executable()),
            faithful: self.is_faithful(),
            pinned: self.pinned,
        }
    }

    /// recc's messages, where the server has not got them with the action to execute.
    pub(crate) fn further_messages(&self) -> &[(Digest, Bytes)] {
        if self.is_faithful() { &[] } else { &self.asked.messages }
    }
}

/// Builds the actions of a job, with links as they are `now`.
pub(super) fn actions(
    job: &Job<'_>,
    layout: &Layout,
    now: &LinksNow<'_>,
    folders: &Folders,
) -> Result<RemoteActions, Unsent> {
    if !layout.deps_override.is_empty() {
        return Err(Unsent::Override);
    }
    let directory = real_directory(job, now);
    let asked = Asked {
        arguments: &job.arguments,
        environment: job.environment,
        directory: &directory,
        link: job.link,
    };
    let inputs = beside(job, &directory);
    let disk = Disk {
        link: &|path| now.link(path),
        is_plain: &|folder| now.is_plain(folder),
        is_folder: &|folder| links::is_folder(folder) || job.is_predicted_folder(folder),
    };
    let laid_out = |layout: &Layout| {
        let read =
            inputs.len().saturating_sub(usize::from(job.ends_with_crtbegin && !layout.deps_global_paths));
        remote::build(&asked, layout, inputs.get(..read).unwrap_or_default(), &disk, folders)
    };
    let built = laid_out(layout)?;
    let own = if job.link { &layout.link_platform } else { &layout.compile_platform };
    let pinned = own
        .iter()
        .chain(&layout.platform)
        .any(|(name, value)| PINS.contains(&name.as_str()) && !value.is_empty());
    if is_faithful(job, &directory, &built) {
        return Ok(RemoteActions { asked: built, faithful: None, pinned });
    }
    // What recc makes of an absolute name is what a Command may have.
    let names = job.outputs.iter().map(|output| name_among(&built.command.output_paths, job, &output.path));
    let as_they_are =
        outputs_are_named(job, &built) && job.outputs.iter().all(|it| !it.path.starts_with('/'));
    let whole = Layout {
        deps_global_paths: true,
        no_path_rewrite: true,
        deps_exclude_paths: Vec::new(),
        prefix_map: Vec::new(),
        working_dir_prefix: None,
        output_files_override: if as_they_are { Vec::new() } else { names.collect() },
        output_directories_override: Vec::new(),
        env_to_read: Vec::new(),
        remote_env: layout.remote_env.iter().filter(|(name, _)| !command::decides(name)).cloned().collect(),
        ..layout.clone()
    };
    let whole = laid_out(&whole)?;
    if !is_faithful(job, &directory, &whole) {
        return Err(Unsent::Unfaithful);
    }
    Ok(RemoteActions { asked: built, faithful: Some(whole), pinned })
}

/// The working directory without links, as recc names it; compilers go by `$PWD`, which may have some.
fn real_directory<'a>(job: &Job<'a>, now: &LinksNow<'_>) -> Cow<'a, str> {
    now.real(job.directory).map_or(Cow::Borrowed(job.directory), Cow::Owned)
}

/// The job's inputs, those below its working directory relative to that when `directory` names it otherwise.
fn beside<'j, 'a>(job: &'j Job<'a>, directory: &str) -> Cow<'j, [Input<'a>]> {
    if directory == job.directory {
        return Cow::Borrowed(&job.inputs);
    }
    let below = |path: &'a str| path.strip_prefix(job.directory)?.strip_prefix('/');
    let files = job.inputs.iter().flat_map(Input::files);
    let files = files.map(|file| File { path: below(file.path).unwrap_or(file.path), ..file });
    Cow::Owned(files.map(Input::File).collect())
}

/// Whether running an action gives what the command gives here, if the server puts the input root at `/`.
fn is_faithful(job: &Job<'_>, directory: &str, built: &Built) -> bool {
    let directory = directory.trim_start_matches('/').trim_end_matches('/');
    outputs_are_named(job, built)
        && built.left_out.is_empty()
        && is_same_command(job, &built.command.arguments)
        && built.command.working_directory == directory
        && environment_is_sent(job, built)
}

/// Whether these arguments make the compiler do what the job's own do.
///
/// recc hands words to the preprocessor behind all others, each by an `-Xpreprocessor` of its own, as GCC does itself. Clang knows a
/// depfile by the form `-Wp,-MD,FILE` alone.
fn is_same_command(job: &Job<'_>, arguments: &[String]) -> bool {
    if arguments == job.arguments {
        return true;
    }
    let Some(compile) = job.compile else { return false };
    let (others, words) = handed_on(arguments);
    let understood = compile.family == Family::Gcc || !words.iter().any(|word| word.starts_with("-M"));
    understood && (others, words) == handed_on(&job.arguments)
}

/// A command's arguments without those for the preprocessor, and the words that those hand on.
fn handed_on(arguments: &[String]) -> (Vec<&str>, Vec<&str>) {
    let (mut others, mut words) = (Vec::new(), Vec::new());
    let mut rest = arguments.iter().map(String::as_str);
    while let Some(argument) = rest.next() {
        match (argument, argument.strip_prefix("-Wp,")) {
            (_, Some(joined)) => words.extend(joined.split(',')),
            ("-Xpreprocessor", _) => words.extend(rest.next()),
            _ => others.push(argument),
        }
    }
    (others, words)
}

/// Whether the variables that decide on an object are there as they are here.
fn environment_is_sent(job: &Job<'_>, built: &Built) -> bool {
    let sent = built.command.environment_variables.iter().map(|variable| (&variable.name, &variable.value));
    let sent: BTreeMap<_, _> = sent.filter(|(name, _)| command::decides(name)).collect();
    let here = job.environment.iter().map(|(name, value)| (name, value));
    let here: BTreeMap<_, _> = here.filter(|(name, _)| command::decides(name)).collect();
    sent == here
}

/// Whether the action's Command names everything that the command leaves: recc does not know of all.
fn outputs_are_named(job: &Job<'_>, built: &Built) -> bool {
    let named: Vec<_> = built.command.output_paths.iter().map(|path| job.absolute(path)).collect();
    job.outputs.iter().all(|output| output.optional || named.contains(&job.absolute(&output.path)))
}
