//! The REAPI Action of a command, spec-cc's own and recc's: a pure function of the command and its inputs.
//! See `docs/rooms/action.md`.

mod directory;
mod folders;
pub mod remote;
mod tree;

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use prost::Message;

use crate::base::digest::Digest;
use crate::base::variable::Variable;

pub(crate) use crate::base::lexical::normalised;
pub use folders::Folders;
pub use tree::{File, Input, Renamed};

/// The digest of an action as servers know it, which is recc's. The keys of our own results are no such digests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct ActionDigest(pub Digest);

impl std::fmt::Display for ActionDigest {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// Everything that decides what a command produces.
#[derive(Debug, Clone, Copy)]
pub struct Parts<'a> {
    /// The compiler's absolute path, then its arguments with response files expanded.
    pub arguments: &'a [String],
    /// The environment variables that change what a compiler does, sorted by name.
    pub environment: &'a [Variable],
    /// The working directory, absolute, as the compiler would record it.
    pub directory: &'a str,
    /// Paths of the files a successful run leaves, as the command names them.
    pub outputs: &'a [String],
    /// Identity of what runs: a changed compiler gives a changed action.
    pub toolchain: &'a Digest,
}

/// Computes the digest of the REAPI `Action` for these parts and inputs.
///
/// The input root mirrors the file system from `/`, so that every input is keyed by the path the compiler opened.
/// `renamed` is a folder whose inputs are keyed as if it had another name. What is in `folders` takes no time again. The toolchain goes into `Action.salt`, which servers mix into nothing but the key.
///
/// ```
/// use spec_cc::{action, base::digest::Digest};
/// let toolchain = Digest::of(b"gcc 12");
/// let arguments = ["/usr/bin/cc", "-c", "a.c"].map(String::from);
/// let parts = action::Parts { arguments: &arguments, environment: &[], directory: "/src", outputs: &[], toolchain: &toolchain };
/// let input = |text: &[u8]| {
///     action::Input::File(action::File { path: "/src/a.c", digest: Digest::of(text), executable: false })
/// };
/// let digest = |inputs: &[_]| action::digest(&parts, inputs, None, &action::Folders::default());
/// let before = digest(&[input(b"int a;")]);
/// assert_eq!(before, digest(&[input(b"int a;")]));
/// assert_ne!(before, digest(&[input(b"int b;")]));
/// ```
pub fn digest(
    parts: &Parts<'_>,
    inputs: &[Input<'_>],
    renamed: Option<Renamed<'_>>,
    folders: &Folders,
) -> Digest {
    let directory = normalised(parts.directory);
    let root = tree::root_digest(inputs, &directory, renamed, folders);
    let command = command(parts, &directory, renamed);
    let action = reapi::Action {
        command_digest: Some(to_reapi(&Digest::of(&command.encode_to_vec()))),
        input_root_digest: Some(to_reapi(&root)),
        salt: parts.toolchain.hash.to_vec(),
        platform: Some(reapi::Platform::default()),
        ..Default::default()
    };
    Digest::of(&action.encode_to_vec())
}

fn command(parts: &Parts<'_>, directory: &str, renamed: Option<Renamed<'_>>) -> reapi::Command {
    let working_directory = match renamed.and_then(|renamed| Some((renamed, renamed.below(directory)?))) {
        Some((renamed, rest)) => format!("{}{rest}", renamed.name),
        None => directory.trim_start_matches('/').to_owned(),
    };
    let mut outputs = parts.outputs.to_vec();
    outputs.sort_unstable();
    reapi::Command {
        arguments: parts.arguments.to_vec(),
        environment_variables: parts
            .environment
            .iter()
            .map(|(name, value)| reapi::command::EnvironmentVariable {
                name: name.clone(),
                value: value.clone(),
            })
            .collect(),
        output_paths: outputs,
        working_directory,
        ..Default::default()
    }
}

/// The digest as REAPI writes it.
pub fn to_reapi(digest: &Digest) -> reapi::Digest {
    reapi::Digest { hash: digest.hex(), size_bytes: i64::try_from(digest.size).unwrap_or(i64::MAX) }
}

/// The digest as we write it; `None` if it is none of SHA-256.
pub fn from_reapi(digest: &reapi::Digest) -> Option<Digest> {
    Digest::from_hex(&digest.hash, digest.size_bytes.try_into().ok()?)
}
