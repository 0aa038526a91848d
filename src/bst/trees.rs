//! Directory trees in BuildStream's CAS, and what it would stage of several: read as files, nothing is asked.

use std::collections::{BTreeMap, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::{fs, io};

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use prost::Message;
use reapi::{Directory, DirectoryNode, FileNode, SymlinkNode};

use crate::action::{from_reapi, to_reapi};
use crate::base::digest::Digest;

/// Why a tree cannot be had.
#[derive(Debug, thiserror::Error)]
pub(super) enum TreeError {
    /// A part of it cannot be read.
    #[error("{digest} is not in BuildStream's cache: {source}")]
    Missing {
        /// The part.
        digest: Digest,
        /// Why.
        source: io::Error,
    },
    /// A part of it is no directory.
    #[error("{0} in BuildStream's cache is no directory")]
    Malformed(Digest),
    /// BuildStream would not stage this either.
    #[error("two elements have {name}: one as a directory, the other as something else")]
    Clash {
        /// Its name, without the folders above.
        name: String,
    },
}

/// The trees of a CAS folder, and those made of them.
///
/// Directories are remembered, and so is what several come to: elements share most of what they are built on.
#[derive(Debug)]
pub(super) struct Trees {
    objects: PathBuf,
    known: HashMap<Digest, Arc<Directory>>,
    /// Those that are in no CAS yet.
    made: HashMap<Digest, Vec<u8>>,
    unions: HashMap<Vec<Digest>, Digest>,
}

/// What is at a path of a tree.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Found {
    /// A file.
    File(FileNode),
    /// A symbolic link.
    Link(SymlinkNode),
    /// A directory.
    Folder(Digest),
}

/// What has a name in a union.
enum Entry {
    File(FileNode),
    Link(SymlinkNode),
    Folders(Vec<Digest>),
}

impl Trees {
    /// The trees below `cache`, BuildStream's cache folder.
    pub(super) fn new(cache: &Path) -> Self {
        let objects = cache.join("cas/objects");
        Self { objects, known: HashMap::new(), made: HashMap::new(), unions: HashMap::new() }
    }

    /// A directory by its digest.
    pub(super) fn directory(&mut self, digest: &Digest) -> Result<Arc<Directory>, TreeError> {
        if let Some(directory) = self.known.get(digest) {
            return Ok(Arc::clone(directory));
        }
        let bytes = self.read(digest).map_err(|source| TreeError::Missing { digest: *digest, source })?;
        let directory = Directory::decode(bytes.as_slice()).map_err(|_| TreeError::Malformed(*digest))?;
        let directory = Arc::new(directory);
        self.known.insert(*digest, Arc::clone(&directory));
        Ok(directory)
    }

    /// A blob of the CAS.
    fn read(&self, digest: &Digest) -> io::Result<Vec<u8>> {
        let hex = digest.hex();
        fs::read(self.objects.join(&hex[..2]).join(&hex[2..]))
    }

    /// A directory that was made here; its digest.
    pub(super) fn make(&mut self, directory: Directory) -> Digest {
        let bytes = directory.encode_to_vec();
        let digest = Digest::of(&bytes);
        if self.known.insert(digest, Arc::new(directory)).is_none() {
            self.made.insert(digest, bytes);
        }
        digest
    }

    /// The tree whose only content is `tree` at the path `at`.
    pub(super) fn below(&mut self, at: &str, tree: Digest) -> Digest {
        let names = at.split('/').filter(|name| !name.is_empty());
        names.rev().fold(tree, |tree, name| {
            let folder = DirectoryNode { name: name.to_owned(), digest: Some(to_reapi(&tree)) };
            self.make(Directory { directories: vec![folder], ..Directory::default() })
        })
    }

    /// The tree of these files, by path.
    pub(super) fn of_files<'a>(
        &mut self,
        files: impl IntoIterator<Item = (&'a str, FileNode)>,
    ) -> Result<Digest, TreeError> {
        let mut trees = vec![self.make(Directory::default())];
        for (path, file) in files {
            let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
            let file = FileNode { name: name.to_owned(), ..file };
            let tree = self.make(Directory { files: vec![file], ..Directory::default() });
            trees.push(self.below(folder, tree));
        }
        self.union(&trees)
    }

    /// What BuildStream stages of these trees, one after another: directories are merged; a later file or link replaces an earlier one
    /// and an empty directory, but no other directory.
    pub(super) fn union(&mut self, trees: &[Digest]) -> Result<Digest, TreeError> {
        let mut trees = trees.to_vec();
        trees.dedup();
        if let [tree] = trees[..] {
            return Ok(tree);
        }
        if let Some(union) = self.unions.get(&trees) {
            return Ok(*union);
        }
        let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
        for tree in &trees {
            let directory = self.directory(tree)?;
            for folder in &directory.directories {
                let digest = digest_of(folder.digest.as_ref(), tree)?;
                match entries.get_mut(&folder.name) {
                    Some(Entry::Folders(folders)) => folders.push(digest),
                    Some(_) => return Err(TreeError::Clash { name: folder.name.clone() }),
                    None => {
                        entries.insert(folder.name.clone(), Entry::Folders(vec![digest]));
                    }
                }
            }
            let files = directory.files.iter().map(|file| (&file.name, Entry::File(staged_file(file))));
            let links = directory.symlinks.iter().map(|link| (&link.name, Entry::Link(staged_link(link))));
            for (name, entry) in files.chain(links) {
                let stays = match entries.get(name) {
                    Some(Entry::Folders(folders)) => !self.are_empty(folders)?,
                    _ => false,
                };
                if !stays {
                    entries.insert(name.clone(), entry);
                }
            }
        }
        let mut merged = Directory::default();
        for (name, entry) in entries {
            match entry {
                Entry::File(file) => merged.files.push(file),
                Entry::Link(link) => merged.symlinks.push(link),
                Entry::Folders(folders) => {
                    let digest = Some(to_reapi(&self.union(&folders)?));
                    merged.directories.push(DirectoryNode { name, digest });
                }
            }
        }
        let union = self.make(merged);
        self.unions.insert(trees, union);
        Ok(union)
    }

    fn are_empty(&mut self, trees: &[Digest]) -> Result<bool, TreeError> {
        for tree in trees {
            let directory = self.directory(tree)?;
            if !(directory.files.is_empty()
                && directory.directories.is_empty()
                && directory.symlinks.is_empty())
            {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// What is at a path, links followed within the tree.
    pub(super) fn find(&mut self, tree: &Digest, path: &str) -> Result<Option<Found>, TreeError> {
        self.follow(tree, path, LINKS)
    }

    fn follow(&mut self, tree: &Digest, path: &str, links: usize) -> Result<Option<Found>, TreeError> {
        let names: Vec<&str> = path.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
        let mut above: Vec<(&str, Digest)> = Vec::new();
        for (at, &name) in names.iter().enumerate() {
            if name == ".." {
                above.pop();
                continue;
            }
            let folder = above.last().map_or(*tree, |(_, folder)| *folder);
            let rest = &names[at + 1..];
            match self.entry(&folder, name)? {
                Some(Found::Folder(digest)) => above.push((name, digest)),
                Some(Found::Link(link)) if links > 0 => {
                    let to = if link.target.starts_with('/') {
                        link.target
                    } else {
                        let folders: Vec<&str> = above.iter().map(|(name, _)| *name).collect();
                        format!("{}/{}", folders.join("/"), link.target)
                    };
                    return self.follow(tree, &format!("{to}/{}", rest.join("/")), links - 1);
                }
                found => return Ok(found.filter(|_| rest.is_empty())),
            }
        }
        Ok(Some(Found::Folder(above.last().map_or(*tree, |(_, folder)| *folder))))
    }

    fn entry(&mut self, folder: &Digest, name: &str) -> Result<Option<Found>, TreeError> {
        let directory = self.directory(folder)?;
        if let Some(file) = directory.files.iter().find(|file| file.name == name) {
            return Ok(Some(Found::File(file.clone())));
        }
        if let Some(link) = directory.symlinks.iter().find(|link| link.name == name) {
            return Ok(Some(Found::Link(link.clone())));
        }
        let child = directory.directories.iter().find(|child| child.name == name);
        child.map(|child| Ok(Found::Folder(digest_of(child.digest.as_ref(), folder)?))).transpose()
    }

    /// Calls `each` with the path of every file of a tree.
    pub(super) fn each_file(
        &mut self,
        tree: &Digest,
        each: &mut impl FnMut(&str, &FileNode),
    ) -> Result<(), TreeError> {
        self.walk(tree, "", each)
    }

    fn walk(
        &mut self,
        tree: &Digest,
        path: &str,
        each: &mut impl FnMut(&str, &FileNode),
    ) -> Result<(), TreeError> {
        let directory = self.directory(tree)?;
        for file in &directory.files {
            each(&format!("{path}{}", file.name), file);
        }
        for folder in &directory.directories {
            let digest = digest_of(folder.digest.as_ref(), tree)?;
            self.walk(&digest, &format!("{path}{}/", folder.name), each)?;
        }
        Ok(())
    }

    /// The files that are at the same path in two trees, with another content in the second: the path, the content in the first,
    /// the file in the second.
    pub(super) fn changed_files(
        &mut self,
        from: &Digest,
        to: &Digest,
    ) -> Result<Vec<(String, Digest, FileNode)>, TreeError> {
        let mut changed = Vec::new();
        self.compare(from, to, "", &mut changed)?;
        Ok(changed)
    }

    fn compare(
        &mut self,
        from: &Digest,
        to: &Digest,
        path: &str,
        changed: &mut Vec<(String, Digest, FileNode)>,
    ) -> Result<(), TreeError> {
        if from == to {
            return Ok(());
        }
        let (before, after) = (self.directory(from)?, self.directory(to)?);
        let old: HashMap<&str, _> =
            before.files.iter().map(|file| (file.name.as_str(), &file.digest)).collect();
        for file in &after.files {
            if let Some(digest) = old.get(file.name.as_str()).filter(|digest| **digest != &file.digest) {
                changed.push((
                    format!("{path}{}", file.name),
                    digest_of(digest.as_ref(), from)?,
                    file.clone(),
                ));
            }
        }
        let old: HashMap<&str, _> =
            before.directories.iter().map(|folder| (folder.name.as_str(), &folder.digest)).collect();
        for folder in &after.directories {
            if let Some(digest) = old.get(folder.name.as_str()) {
                let (from, to) = (digest_of(digest.as_ref(), from)?, digest_of(folder.digest.as_ref(), to)?);
                self.compare(&from, &to, &format!("{path}{}/", folder.name), changed)?;
            }
        }
        Ok(())
    }

    /// The directories of a tree that were made here: what a CAS may lack of it.
    pub(super) fn made_of(&self, tree: &Digest) -> Vec<(Digest, &[u8])> {
        let mut found: BTreeMap<Digest, &[u8]> = BTreeMap::new();
        let mut waiting = vec![*tree];
        while let Some(digest) = waiting.pop() {
            let Some(bytes) = self.made.get(&digest) else { continue };
            if found.insert(digest, bytes).is_none() {
                let folders = self.known.get(&digest).map(|directory| directory.directories.as_slice());
                let digests = folders.unwrap_or_default().iter().filter_map(|folder| folder.digest.as_ref());
                waiting.extend(digests.filter_map(from_reapi));
            }
        }
        found.into_iter().collect()
    }
}

/// A file as BuildStream writes it in a directory that it has merged.
fn staged_file(file: &FileNode) -> FileNode {
    let mtime = file.node_properties.as_ref().and_then(|properties| properties.mtime);
    let node_properties =
        mtime.map(|mtime| reapi::NodeProperties { mtime: Some(mtime), ..reapi::NodeProperties::default() });
    FileNode { node_properties, ..file.clone() }
}

/// The same of a link.
fn staged_link(link: &SymlinkNode) -> SymlinkNode {
    SymlinkNode { node_properties: None, ..link.clone() }
}

/// How many links a path may lead through, as on Linux.
const LINKS: usize = 40;

fn digest_of(digest: Option<&reapi::Digest>, within: &Digest) -> Result<Digest, TreeError> {
    digest.and_then(from_reapi).ok_or(TreeError::Malformed(*within))
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    /// Trees of files (`PATH` has the content `PATH CONTENT`).
    fn trees() -> Trees {
        Trees::new(Path::new("/nowhere"))
    }

    fn file(content: &str) -> FileNode {
        FileNode { digest: Some(to_reapi(&Digest::of(content.as_bytes()))), ..FileNode::default() }
    }

    fn tree(trees: &mut Trees, files: &[(&str, &str)]) -> Digest {
        trees.of_files(files.iter().map(|(path, content)| (*path, file(content)))).unwrap()
    }

    fn listed(trees: &mut Trees, of: &Digest) -> Vec<(String, Digest)> {
        let mut files = Vec::new();
        trees
            .each_file(of, &mut |path, file| {
                files.push((path.to_owned(), from_reapi(file.digest.as_ref().unwrap()).unwrap()));
            })
            .unwrap();
        files
    }

    #[test]
    fn directories_are_merged_and_later_files_win() {
        let trees = &mut trees();
        let one = tree(trees, &[("usr/a", "1"), ("usr/include/x.h", "1")]);
        let two = tree(trees, &[("usr/include/x.h", "2"), ("usr/include/y.h", "2")]);
        let both = trees.union(&[one, two]).unwrap();
        let wanted = tree(trees, &[("usr/a", "1"), ("usr/include/x.h", "2"), ("usr/include/y.h", "2")]);
        assert_eq!(both, wanted);
        assert_ne!(trees.union(&[two, one]).unwrap(), both, "the order counts");
    }

    #[test]
    fn only_an_empty_directory_gives_way_to_a_file() {
        let trees = &mut trees();
        let file = tree(trees, &[("a", "file")]);
        let empty = trees.make(Directory::default());
        let empty = trees.below("a", empty);
        let full = tree(trees, &[("a/b", "")]);
        assert_eq!(trees.union(&[empty, file]).unwrap(), file);
        assert_eq!(trees.union(&[full, file]).unwrap(), full);
        assert!(matches!(trees.union(&[file, full]), Err(TreeError::Clash { name }) if name == "a"));
    }

    #[test]
    fn links_are_followed_within_a_tree() {
        let trees = &mut trees();
        let files = tree(trees, &[("usr/lib/real/x", "x")]);
        let link = |trees: &mut Trees, at: &str, name: &str, target: &str| {
            let symlinks =
                vec![SymlinkNode { name: name.into(), target: target.into(), ..Default::default() }];
            let folder = trees.make(Directory { symlinks, ..Directory::default() });
            trees.below(at, folder)
        };
        let parts = [
            files,
            link(trees, "", "lib", "usr/lib"),
            link(trees, "usr/lib", "near", "../lib/real"),
            link(trees, "usr/lib", "far", "/usr/lib/near/x"),
            link(trees, "usr", "round", "round"),
        ];
        let root = trees.union(&parts).unwrap();
        for path in ["/usr/lib/real/x", "lib/near/x", "lib/far", "/usr/./lib/real/../far"] {
            assert!(matches!(trees.find(&root, path).unwrap(), Some(Found::File(_))), "{path}");
        }
        assert_eq!(trees.find(&root, "lib/real/x/y").unwrap(), None);
        assert_eq!(trees.find(&root, "lib/none").unwrap(), None);
        assert!(!matches!(trees.find(&root, "usr/round/x").unwrap(), Some(Found::File(_))));
    }

    #[test]
    fn files_that_changed_are_told() {
        let trees = &mut trees();
        let from = tree(trees, &[("include/x.h", "1"), ("same/a", "a"), ("gone", "")]);
        let to = tree(trees, &[("include/x.h", "2"), ("same/a", "a"), ("new", "")]);
        let changed = trees.changed_files(&from, &to).unwrap();
        let paths: Vec<_> = changed.iter().map(|(path, old, _)| (path.as_str(), *old)).collect();
        assert_eq!(paths, [("include/x.h", Digest::of(b"1"))]);
    }

    #[test]
    fn what_was_made_of_a_tree_is_all_that_a_cas_lacks() {
        let trees = &mut trees();
        let root = tree(trees, &[("a/b/c", "1"), ("a/d/e", "2")]);
        let made = trees.made_of(&root);
        assert_eq!(made.len(), 4, "the root, a, a/b, a/d");
        assert!(made.iter().all(|(digest, bytes)| Digest::of(bytes) == *digest));
        assert_eq!(listed(trees, &root).len(), 2);
    }
}
