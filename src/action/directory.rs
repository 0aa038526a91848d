//! The bytes of a REAPI `Directory` message, written without building the message.
//!
//! A command has hundreds of inputs and an element thousands of commands: two strings for each input of each command took most
//! of the time of computing actions.

use prost::encoding::{WireType, encode_key, encode_varint, encoded_len_varint};

use crate::base::digest::Digest;

/// A file or a folder in a folder.
#[derive(Debug, Clone, Copy)]
pub(super) struct Entry<'a> {
    /// Without slashes.
    pub(super) name: &'a str,
    /// Of the file's content, or of the folder's `Directory`.
    pub(super) digest: Digest,
    /// Whether the file may be executed; false for a folder.
    pub(super) executable: bool,
}

/// A symbolic link in a folder.
#[derive(Debug, Clone, Copy)]
pub(super) struct Link<'a> {
    /// Without slashes.
    pub(super) name: &'a str,
    /// What it leads to, as it says itself.
    pub(super) target: &'a str,
}

/// Bytes of a `FileNode` beside its name, at most.
const NODE: usize = 96;

/// `Directory` (REAPI v2): `files = 1`, `directories = 2`, `symlinks = 3`, each sorted by name.
pub(super) fn encode(files: &[Entry<'_>], folders: &[Entry<'_>], links: &[Link<'_>]) -> Vec<u8> {
    let names: usize = files.iter().chain(folders).map(|entry| entry.name.len()).sum();
    let mut out = Vec::with_capacity(names + (files.len() + folders.len()) * NODE);
    for (tag, entries) in [(1, files), (2, folders)] {
        for entry in entries {
            node(tag, entry, &mut out);
        }
    }
    for link in links {
        symlink(link, &mut out);
    }
    out
}

/// `SymlinkNode`: `name = 1`, `target = 2`.
fn symlink(link: &Link<'_>, out: &mut Vec<u8>) {
    encode_key(3, WireType::LengthDelimited, out);
    encode_varint((field_len(link.name.len()) + field_len(link.target.len())) as u64, out);
    bytes(1, link.name.as_bytes(), out);
    bytes(2, link.target.as_bytes(), out);
}

/// `FileNode` or `DirectoryNode`: `name = 1`, `digest = 2`; `is_executable = 4` of a file.
fn node(tag: u32, entry: &Entry<'_>, out: &mut Vec<u8>) {
    let digest = digest_len(&entry.digest);
    let name = if entry.name.is_empty() { 0 } else { field_len(entry.name.len()) };
    encode_key(tag, WireType::LengthDelimited, out);
    encode_varint((name + field_len(digest) + 2 * usize::from(entry.executable)) as u64, out);
    if !entry.name.is_empty() {
        bytes(1, entry.name.as_bytes(), out);
    }
    encode_key(2, WireType::LengthDelimited, out);
    encode_varint(digest as u64, out);
    // `Digest`: `hash = 1`, `size_bytes = 2`, which is left out when it is 0.
    bytes(1, &entry.digest.hex_digits(), out);
    if entry.digest.size > 0 {
        encode_key(2, WireType::Varint, out);
        encode_varint(entry.digest.size, out);
    }
    if entry.executable {
        encode_key(4, WireType::Varint, out);
        encode_varint(1, out);
    }
}

fn bytes(tag: u32, text: &[u8], out: &mut Vec<u8>) {
    encode_key(tag, WireType::LengthDelimited, out);
    encode_varint(text.len() as u64, out);
    out.extend_from_slice(text);
}

fn digest_len(digest: &Digest) -> usize {
    let size = if digest.size > 0 { 1 + encoded_len_varint(digest.size) } else { 0 };
    field_len(64) + size
}

/// Length of a field of so many bytes; all tags here take one byte.
fn field_len(len: usize) -> usize {
    1 + encoded_len_varint(len as u64) + len
}

#[cfg(test)]
mod tests {
    use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
    use prost::Message as _;

    use super::*;
    use crate::action::to_reapi;

    #[test]
    fn the_bytes_are_those_of_the_message() {
        let long = "l".repeat(300);
        let sizes = [0, 1, 127, 128, 1 << 20, i64::MAX as u64];
        for (name, size) in ["", "a", &long].into_iter().flat_map(|name| sizes.map(|size| (name, size))) {
            let digest = Digest { size, ..Digest::of(name.as_bytes()) };
            let file = Entry { name, digest, executable: size % 2 == 0 };
            let folder = Entry { executable: false, ..file };
            let message = reapi::Directory {
                files: vec![
                    reapi::FileNode {
                        name: name.to_owned(),
                        digest: Some(to_reapi(&digest)),
                        is_executable: file.executable,
                        node_properties: None,
                    };
                    2
                ],
                directories: vec![reapi::DirectoryNode {
                    name: name.to_owned(),
                    digest: Some(to_reapi(&digest)),
                }],
                symlinks: vec![reapi::SymlinkNode {
                    name: "link".to_owned(),
                    target: long.clone(),
                    node_properties: None,
                }],
                ..Default::default()
            };
            let link = Link { name: "link", target: &long };
            assert_eq!(
                encode(&[file, file], &[folder], &[link]),
                message.encode_to_vec(),
                "{name:?} of {size} bytes"
            );
        }
    }
}
