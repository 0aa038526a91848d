//! Folders: the `Directory` messages that commands share, each encoded and hashed once.

use std::collections::HashMap;

use bytes::Bytes;
use parking_lot::RwLock;

use super::directory::{Entry, Link, encode};
use crate::base::digest::Digest;
use crate::inputs::siblings::{Sibling, Siblings};

/// Folders of fewer entries take less to encode than to look up, and are most often a command's own.
const FEW: usize = 8;
/// Bytes that are kept at most: of 10,000 commands that share 2,000 headers in many ways it takes half of it.
const MOST: usize = 24 << 20;

/// What `Directory` messages were made of, and their digests; shared between threads.
///
/// Commands of one element read much the same: of 10,000 with 500 headers each, all but one in a hundred find their folders here.
#[derive(Debug, Default)]
pub struct Folders {
    inner: RwLock<Inner>,
}

#[derive(Debug, Default)]
struct Inner {
    known: HashMap<Box<[u8]>, Message>,
    bytes: usize,
}

/// A `Directory`, encoded.
#[derive(Debug, Clone)]
pub(super) struct Message {
    pub(super) digest: Digest,
    pub(super) bytes: Bytes,
}

impl Message {
    fn new(files: &[Entry<'_>], folders: &[Entry<'_>], links: &[Link<'_>]) -> Self {
        let bytes = encode(files, folders, links);
        Self { digest: Digest::of(&bytes), bytes: bytes.into() }
    }
}

impl Folders {
    /// The message of a folder with these entries, each kind sorted by name.
    pub(super) fn message(&self, files: &[Entry<'_>], folders: &[Entry<'_>], links: &[Link<'_>]) -> Message {
        if files.len() + folders.len() + links.len() < FEW {
            return Message::new(files, folders, links);
        }
        let key = key(files, folders, links);
        let known = self.inner.read().known.get(&*key).cloned();
        known.unwrap_or_else(|| {
            let message = Message::new(files, folders, links);
            self.keep(key, message.clone());
            message
        })
    }

    /// The message of a folder with these files and nothing else.
    pub(super) fn of(&self, siblings: &Siblings) -> Message {
        let (digest, bytes) = siblings.directory(|| {
            let mut files: Vec<Entry<'_>> = siblings.files().iter().map(entry).collect();
            files.sort_unstable_by_key(|entry| entry.name);
            files.dedup_by_key(|entry| entry.name);
            let Message { digest, bytes } = self.message(&files, &[], &[]);
            (digest, bytes)
        });
        Message { digest: *digest, bytes: bytes.clone() }
    }

    fn keep(&self, key: Vec<u8>, message: Message) {
        let mut inner = self.inner.write();
        let size = key.len() + message.bytes.len();
        // What is in use is back as soon as the next command asks: no order has to be kept.
        if inner.bytes + size > MOST {
            *inner = Inner::default();
        }
        if inner.known.insert(key.into(), message).is_none() {
            inner.bytes += size;
        }
    }
}

/// A file as a folder has it.
pub(super) fn entry<'a>(file: &Sibling) -> Entry<'a> {
    Entry { name: file.name(), digest: file.digest, executable: file.executable }
}

/// Says all that the message says, with hashes in half of its bytes: equal keys, equal messages.
fn key(files: &[Entry<'_>], folders: &[Entry<'_>], links: &[Link<'_>]) -> Vec<u8> {
    let names: usize = files.iter().chain(folders).map(|entry| entry.name.len()).sum();
    let mut out = Vec::with_capacity(names + (files.len() + folders.len()) * ENTRY + 2 * LENGTH);
    for entries in [files, folders] {
        out.extend(entries.len().to_le_bytes());
        for entry in entries {
            text(entry.name, &mut out);
            out.extend(entry.digest.hash);
            out.extend(entry.digest.size.to_le_bytes());
            out.push(entry.executable.into());
        }
    }
    for link in links {
        text(link.name, &mut out);
        text(link.target, &mut out);
    }
    out
}

/// Bytes of a length in a key.
const LENGTH: usize = size_of::<usize>();
/// Bytes of an entry in a key beside its name.
const ENTRY: usize = LENGTH + 32 + 8 + 1;

fn text(text: &str, out: &mut Vec<u8>) {
    out.extend(text.len().to_le_bytes());
    out.extend_from_slice(text.as_bytes());
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(name: &str) -> Entry<'_> {
        Entry { name, digest: Digest::of(name.as_bytes()), executable: false }
    }

    #[test]
    fn whatever_differs_in_a_folder_makes_it_another_one() {
        let names: Vec<String> = (0..2 * FEW).map(|number| format!("name{number}")).collect();
        let all: Vec<Entry<'_>> = names.iter().map(|name| entry(name)).collect();
        let link = |name, target| vec![Link { name, target }];
        let with = |change: fn(&mut Entry<'_>)| {
            let mut all = all.clone();
            all.iter_mut().take(1).for_each(change);
            all
        };
        let (none, no_links) = (Vec::new(), Vec::new());
        let folders = Folders::default();
        let cases = [
            (all.clone(), none.clone(), no_links.clone()),
            (none.clone(), all.clone(), no_links.clone()),
            (all[1..].to_vec(), all[..1].to_vec(), no_links.clone()),
            (with(|entry| entry.name = "nam"), none.clone(), no_links.clone()),
            (with(|entry| entry.executable = true), none.clone(), no_links.clone()),
            (with(|entry| entry.digest.size += 1), none.clone(), no_links),
            (with(|entry| entry.digest.hash[31] ^= 1), none.clone(), link("a", "bc")),
            (all.clone(), none.clone(), link("a", "bc")),
            (all.clone(), none, link("ab", "c")),
        ];
        // Each as it is for itself, whatever else was asked about before, the first time and from memory.
        for (files, below, links) in cases.iter().chain(&cases) {
            let message = folders.message(files, below, links);
            assert_eq!(message.bytes, encode(files, below, links));
            assert_eq!(message.digest, Digest::of(&message.bytes));
        }
        assert_eq!(folders.inner.read().known.len(), cases.len());
    }

    #[test]
    fn what_is_kept_has_a_bound() {
        let folders = Folders::default();
        let long = "l".repeat(MOST / 64);
        for number in 0..20 {
            let names: Vec<String> = (0..FEW).map(|at| format!("{number}{at}{long}")).collect();
            folders.message(&names.iter().map(|name| entry(name)).collect::<Vec<_>>(), &[], &[]);
            assert!(folders.inner.read().bytes <= MOST);
        }
    }
}
