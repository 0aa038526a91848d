//! The action of a command in an input root that has everything at its own place: what it reads, the links that lead there, and the
//! program that watches it.

use std::collections::BTreeMap;

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;

use super::build::{Built, action, platform, push};
use super::layout::Layout;
use crate::action::tree::{self, Leaf, Twice};
use crate::action::{ActionDigest, Folders};
use crate::base::digest::Digest;

/// What is at a place of an input root.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    /// A file of this content, and whether it may be executed.
    File(Digest, bool),
    /// A symbolic link, and what it says.
    Link(String),
    /// A folder, whatever is in it.
    Folder,
}

/// All places of an input root by their paths, which are absolute and normal.
pub type Nodes = BTreeMap<String, Node>;

/// The platform property that names what a worker's root is to have beside the input root. Here that has all.
const REST: &str = "chrootRootDigest";

/// Builds the action that runs `arguments` in such a root itself, and brings back the files `outputs`, whose paths are below it.
pub fn mirrored(
    arguments: Vec<String>,
    outputs: Vec<String>,
    nodes: &Nodes,
    layout: &Layout,
    folders: &Folders,
) -> Built {
    let mut platform = platform(layout, true).unwrap_or_default();
    platform.properties.retain(|property| property.name != REST);
    #[expect(deprecated, reason = "as in `build`")]
    let command = reapi::Command {
        arguments,
        output_paths: outputs,
        platform: (!platform.properties.is_empty()).then_some(platform),
        ..Default::default()
    };
    let leaves = nodes.iter().filter_map(|(path, node)| match node {
        Node::File(digest, executable) => Some(Leaf::file(path.as_str().into(), *digest, *executable)),
        Node::Link(target) => Some(Leaf::link(path.clone(), target.clone())),
        Node::Folder => Leaf::folder(path),
    });
    let mut messages = Vec::new();
    let root = tree::root(leaves.collect(), Twice::First, folders, &mut |digest, bytes| {
        messages.push((digest, bytes));
    });
    let command_digest = push(&mut messages, &command);
    let action = push(&mut messages, &action(layout, &command, &command_digest, &root));
    Built { action: ActionDigest(action), messages, left_out: Vec::new(), command }
}
