//! Command, input root and Action of one command, in recc's bytes.

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use bytes::Bytes;
use prost::Message;

use super::arguments;
use super::paths::Paths;
use super::program::{Program, program};
use super::{Disk, Layout, NotRemote, environment, places, products};
use crate::action::tree::{self, Twice};
use crate::action::{ActionDigest, Folders, to_reapi};
use crate::base::digest::Digest;
use crate::base::variable::Variable;
use crate::inputs::siblings::Siblings;

/// A command as the user ran it.
#[derive(Debug, Clone, Copy)]
pub struct Asked<'a> {
    /// The compiler's path as found through `PATH`, links not followed; then the arguments as given.
    pub arguments: &'a [String],
    /// The whole environment of the command.
    pub environment: &'a [Variable],
    /// The working directory, absolute, without links, as `getcwd` gives it.
    pub directory: &'a str,
    /// Whether it links objects, archives and libraries to a program or library.
    pub link: bool,
}

/// What the command reads.
#[derive(Debug, Clone, Copy)]
pub enum Input<'a> {
    /// One file.
    File(File<'a>),
    /// Several files of one folder.
    Siblings {
        /// The files.
        siblings: &'a Siblings,
        /// Whether the compiler listed them by their absolute paths, as in [`File`].
        absolute: bool,
    },
}

impl<'a> Input<'a> {
    /// Every file, for itself.
    pub fn files(&self) -> impl Iterator<Item = File<'a>> {
        let (one, siblings) = match *self {
            Self::File(file) => (Some(file), None),
            Self::Siblings { siblings, absolute } => (None, Some((siblings, absolute))),
        };
        let of = |(siblings, absolute): (&'a Siblings, bool)| {
            siblings.files().iter().map(move |file| File {
                path: file.path.as_str(),
                absolute,
                digest: file.digest,
                executable: file.executable,
            })
        };
        one.into_iter().chain(siblings.into_iter().flat_map(of))
    }
}

/// A file that the command reads.
#[derive(Debug, Clone, Copy)]
pub struct File<'a> {
    /// As the compiler listed it; what it listed relative may be joined to the working directory as text, `..` and all.
    pub path: &'a str,
    /// Whether the compiler listed it by its absolute path. It makes a difference below the working directory only: links in
    /// such a path are followed.
    pub absolute: bool,
    /// Digest of the content.
    pub digest: Digest,
    /// Whether its owner may execute it.
    pub executable: bool,
}

/// An action that a server can run.
#[derive(Debug, Clone, PartialEq)]
pub struct Built {
    /// Digest of the `Action`.
    pub action: ActionDigest,
    /// What has to be uploaded beside the files: every `Directory`, then the `Command`, then the `Action`.
    pub messages: Vec<(Digest, Bytes)>,
    /// Indices of the inputs of which something is not in the input root: excluded, or outside of the project root without `DEPS_GLOBAL_PATHS`.
    pub left_out: Vec<usize>,
    /// The message named by `action.command_digest`; `working_directory` and `output_paths` are relative to the input root
    /// and to the working directory.
    pub command: reapi::Command,
}

/// Builds the action of `asked` that reads `inputs`, as recc 1.4.30 does under the settings in `layout`.
///
/// Commands that recc itself would run locally have one all the same. Fails where there are no bytes to be had, as for outputs
/// outside of the project root.
#[expect(deprecated, reason = "recc fills Command.platform, which REAPI 2.2 moved to Action")]
pub fn build(
    asked: &Asked<'_>,
    layout: &Layout,
    inputs: &[Input<'_>],
    disk: &Disk<'_>,
    folders: &Folders,
) -> Result<Built, NotRemote> {
    refuse_settings(layout)?;
    let paths = Paths::new(layout, asked.directory, disk);
    let (compiler, words) = asked.arguments.split_first().ok_or(NotRemote::NotACompile)?;
    let kind = program(compiler, disk).unwrap_or(Program::Gcc);
    let mut arguments = arguments::read(words, &paths)?;
    arguments.refuse_inputs(layout, asked.directory)?;
    let outputs = products::output_paths(layout, &arguments, asked.link)?;
    if let Some(path) = outputs.iter().find(|path| path.starts_with('/')) {
        return Err(NotRemote::OutputOutside(path.clone()));
    }
    let searched = places::Searched { folders: &arguments.folders, matter: arguments.folders_matter };
    let places = places::place(inputs, searched, &outputs, layout, &paths)?;
    arguments.command.insert(0, paths.program(compiler));
    let command = reapi::Command {
        arguments: arguments.command,
        environment_variables: environment::variables(asked.environment, layout, kind, &paths)
            .into_iter()
            .map(|(name, value)| reapi::command::EnvironmentVariable { name, value })
            .collect(),
        output_paths: outputs,
        platform: platform(layout, asked.link),
        working_directory: places.working_directory,
        ..Default::default()
    };
    let mut messages = Vec::new();
    let root =
        tree::root(places.leaves, Twice::First, folders, &mut |digest, bytes| messages.push((digest, bytes)));
    let command_digest = push(&mut messages, &command);
    let action = push(&mut messages, &action(layout, &command, &command_digest, &root));
    Ok(Built { action: ActionDigest(action), messages, left_out: places.left_out, command })
}

/// Settings that take more than the files that are given.
fn refuse_settings(layout: &Layout) -> Result<(), NotRemote> {
    if layout.deps_directory_override.is_some() {
        Err(NotRemote::Setting("DEPS_DIRECTORY_OVERRIDE"))
    } else if !layout.deps_extra_symlinks.is_empty() {
        Err(NotRemote::Setting("DEPS_EXTRA_SYMLINKS"))
    } else {
        Ok(())
    }
}

pub(super) fn push(messages: &mut Vec<(Digest, Bytes)>, message: &impl Message) -> Digest {
    let bytes = Bytes::from(message.encode_to_vec());
    let digest = Digest::of(&bytes);
    messages.push((digest, bytes));
    digest
}

/// `Action.platform` is there from REAPI 2.2 on, even when there are no properties.
#[expect(deprecated, reason = "as in `build`")]
pub(super) fn action(
    layout: &Layout,
    command: &reapi::Command,
    command_digest: &Digest,
    root: &Digest,
) -> reapi::Action {
    let repeats_platform = layout.version.is_none_or(|version| version >= (2, 2));
    reapi::Action {
        command_digest: Some(to_reapi(command_digest)),
        input_root_digest: Some(to_reapi(root)),
        do_not_cache: layout.uncacheable,
        salt: layout.salt.clone().unwrap_or_default().into_bytes(),
        platform: repeats_platform.then(|| command.platform.clone().unwrap_or_default()),
        ..Default::default()
    }
}

/// The platform properties by name, those for compiles or links over those for all; `None` without any.
pub(super) fn platform(layout: &Layout, link: bool) -> Option<reapi::Platform> {
    let narrower = if link { &layout.link_platform } else { &layout.compile_platform };
    let properties: std::collections::BTreeMap<&String, &String> =
        layout.platform.iter().chain(narrower).map(|(name, value)| (name, value)).collect();
    (!properties.is_empty()).then(|| reapi::Platform {
        properties: properties
            .into_iter()
            .map(|(name, value)| reapi::platform::Property { name: name.clone(), value: value.clone() })
            .collect(),
    })
}
