//! What a worker is given to run a traced command: all that it is known to touch, at its own place, and nothing else.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::Traced;
use super::state::{LISTING, Overrides, There, names};
use super::traits::is_linker_input;
use crate::action::remote::{Node, Nodes};
use crate::base::absence::is_absence;
use crate::base::digest::Digest;
use crate::base::lexical::lexical;
use crate::base::paths::PathId;
use crate::compile::engine::Engine;
use crate::inputs::links::{self, LinksNow};
use crate::inputs::snapshot::Snapshot;

/// Links on the way to a file, at most (`path_resolution(7)`).
const LINKS: usize = 40;

/// Entries of a folder whose names count, at most.
const ENTRIES: usize = 64;

/// Where the kernel is, which a worker has one of its own of.
const KERNEL: [&str; 3] = ["/dev", "/proc", "/sys"];

/// Folders that are there for the kernel's to be put on.
const MOUNTED: [&str; 2] = ["/dev", "/proc"];

/// An input root.
#[derive(Debug, Default)]
pub struct Mirror {
    /// What is in it.
    pub nodes: Nodes,
    /// Where the contents of its files are to be found.
    pub contents: Vec<(Digest, PathBuf)>,
    /// The files of this machine in it, by the paths that the command uses.
    pub sent: HashMap<PathId, Digest>,
    /// The names in folders of this machine that count.
    pub listed: HashMap<PathId, Digest>,
    /// The real paths of folders, by device and inode.
    folders: HashMap<(u64, u64), String>,
    /// The same names, by the folders' real paths.
    inside: Vec<(String, Vec<String>)>,
    /// The files that the command may leave: below the root, without a slash in front.
    pub outputs: Vec<String>,
}

/// Why there is no input root for a command.
#[derive(Debug, thiserror::Error)]
pub enum Unmirrored {
    /// A root has only some of a folder's files.
    #[error("it looks at all that is in {0}, which is not all known, or too much")]
    Listed(String),
    /// A root has files, links and folders.
    #[error("{0} is no file")]
    Special(String),
    /// A root has no two files that are equal and are told apart.
    #[error("{0} and {1} are equal, and would be one file there")]
    Equal(String, String),
    /// A file is expected where there is a link.
    #[error("a symbolic link leads to {0}")]
    Link(String),
    /// A file is expected where there is a folder, or the other way round.
    #[error("{0} is a file and a folder")]
    Both(String),
    /// A worker makes the folders of what is left.
    #[error("the folder of {0} is not there")]
    NoFolder(String),
    /// A file that it touches cannot be looked at.
    #[error("{path}: {source}")]
    File {
        /// Which.
        path: String,
        /// As the system says.
        source: io::Error,
    },
}

/// The input root of `traced`, which touches the paths of `set`, on the files that the snapshot sees and those of `overrides`; `outputs`
/// are the files that it is known to leave.
pub fn mirror(
    engine: &Engine,
    (snapshot, links): (&mut Snapshot<'_>, &LinksNow<'_>),
    traced: &Traced,
    (set, overrides): (&[PathId], &Overrides),
    outputs: &[String],
) -> Result<Mirror, Unmirrored> {
    let mut mirror = Mirror::default();
    for &id in set {
        let actual = traced.actual(engine, id);
        let name = engine.name(actual);
        if is_kernels(&name) {
            continue;
        }
        if let Some(folder) = name.strip_suffix(LISTING) {
            if overrides.contains_key(&id) {
                return Err(Unmirrored::Listed(folder.to_owned()));
            }
            mirror.listing(engine, (snapshot, links), id, folder)?;
            continue;
        }
        match overrides.get(&id) {
            Some(There::Nothing) => {}
            Some(There::Folder) => mirror.folder(links, &name)?,
            Some(There::File(content)) => {
                if links.link(&lexical(Path::new(&name)).to_string_lossy()).is_some() {
                    return Err(Unmirrored::Link(name));
                }
                mirror.file(links, &name, (*content, false), engine.cache.blobs.path(content))?;
            }
            Some(There::Names(_) | There::Other(_)) => return Err(Unmirrored::Special(name)),
            None => mirror.as_it_is(snapshot, links, (id, actual), &name)?,
        }
    }
    mirror.folder(links, &traced.absolute("").to_string_lossy())?;
    for folder in MOUNTED {
        mirror.nodes.entry(folder.to_owned()).or_insert(Node::Folder);
    }
    let made = |folder: &Path| {
        overrides.iter().any(|(id, there)| {
            *there == There::Folder && lexical(Path::new(&engine.name(traced.actual(engine, *id)))) == folder
        })
    };
    for output in outputs.iter().chain(&traced.output) {
        mirror.output(links, &lexical(&traced.absolute(output)), &made)?;
    }
    mirror.checked()
}

fn is_kernels(path: &str) -> bool {
    KERNEL.iter().any(|folder| Path::new(path).starts_with(folder))
}

impl Mirror {
    /// Puts all that is in a folder into the root, because the names in it count.
    fn listing(
        &mut self,
        engine: &Engine,
        (snapshot, links): (&mut Snapshot<'_>, &LinksNow<'_>),
        id: PathId,
        folder: &str,
    ) -> Result<(), Unmirrored> {
        let Some(found) = names(Path::new(folder)) else { return Ok(()) };
        self.folder(links, folder)?;
        let real = self.real(links, folder)?;
        let failed = |source| Unmirrored::File { path: folder.to_owned(), source };
        let mut inside = Vec::new();
        for entry in fs::read_dir(folder).map_err(failed)? {
            let path = entry.map_err(failed)?.path();
            let Some(path) = path.to_str().filter(|_| inside.len() < ENTRIES) else {
                return Err(Unmirrored::Listed(folder.to_owned()));
            };
            // The link, wherever it leads; or else what is there.
            if links.link(path).is_some() {
                self.real(links, path)?;
            } else {
                let id = engine.paths().intern(path);
                self.as_it_is(snapshot, links, (id, id), path)?;
            }
            inside.push(path.rsplit('/').next().unwrap_or_default().to_owned());
        }
        self.listed.insert(id, found);
        self.inside.push((real, inside));
        Ok(())
    }

    /// Puts what is at a path now into the root.
    fn as_it_is(
        &mut self,
        snapshot: &mut Snapshot<'_>,
        links: &LinksNow<'_>,
        (id, actual): (PathId, PathId),
        name: &str,
    ) -> Result<(), Unmirrored> {
        let failed = |source| Unmirrored::File { path: name.to_owned(), source };
        let stamp = match snapshot.stat(actual) {
            Ok(stamp) => stamp,
            Err(error) if is_absence(&error) => return Ok(()),
            Err(error) => return Err(failed(error)),
        };
        if stamp.is_dir() {
            self.folder(links, name)?;
            let real = self.real(links, name)?;
            let (dev, ino) = (stamp.dev, stamp.ino);
            let first = self.folders.entry((dev, ino)).or_insert_with(|| real.clone());
            // One that is mounted in two places: compilers search it once.
            return if *first == real { Ok(()) } else { Err(Unmirrored::Equal(first.clone(), real)) };
        }
        if !stamp.is_file() {
            return Err(Unmirrored::Special(name.to_owned()));
        }
        let digest = snapshot.look(actual).map_err(failed)?.digest;
        self.sent.insert(id, digest);
        self.file(links, name, (digest, stamp.mode & 0o111 != 0), PathBuf::from(name))
    }

    fn file(
        &mut self,
        links: &LinksNow<'_>,
        path: &str,
        (digest, executable): (Digest, bool),
        content: PathBuf,
    ) -> Result<(), Unmirrored> {
        let real = self.real(links, path)?;
        self.contents.push((digest, content));
        self.nodes.insert(real, Node::File(digest, executable));
        Ok(())
    }

    fn folder(&mut self, links: &LinksNow<'_>, path: &str) -> Result<(), Unmirrored> {
        let real = self.real(links, path)?;
        if !real.is_empty() {
            self.nodes.entry(real).or_insert(Node::Folder);
        }
        Ok(())
    }

    /// Where a path leads; the links and folders on its way are put into the root.
    fn real(&mut self, links: &LinksNow<'_>, path: &str) -> Result<String, Unmirrored> {
        let mut ahead: Vec<String> = path.split('/').rev().map(str::to_owned).collect();
        let (mut real, mut followed) = (String::new(), 0);
        while let Some(part) = ahead.pop() {
            match part.as_str() {
                "" | "." => {}
                ".." => {
                    if !real.is_empty() {
                        self.nodes.entry(real.clone()).or_insert(Node::Folder);
                    }
                    real.truncate(real.rfind('/').unwrap_or(0));
                }
                name => {
                    let at = format!("{real}/{name}");
                    let Some(target) = links.link(&at) else {
                        real = at;
                        continue;
                    };
                    followed += 1;
                    if followed > LINKS {
                        return Err(Unmirrored::Link(path.to_owned()));
                    }
                    if target.starts_with('/') {
                        real.clear();
                    }
                    ahead.extend(target.split('/').rev().map(str::to_owned));
                    self.nodes.insert(at, Node::Link(target));
                }
            }
        }
        Ok(real)
    }

    /// Has a file brought back that the command may leave. A worker makes its folder, so that has to be there.
    fn output(
        &mut self,
        links: &LinksNow<'_>,
        path: &Path,
        made: &dyn Fn(&Path) -> bool,
    ) -> Result<(), Unmirrored> {
        let name = path.to_string_lossy().into_owned();
        if is_kernels(&name) {
            return Ok(());
        }
        let folder = path.parent().unwrap_or(path);
        let text = folder.to_string_lossy();
        let works_there = self.nodes.get(&*text) == Some(&Node::Folder);
        if !works_there && !links::is_folder(&text) && !made(folder) {
            return Err(Unmirrored::NoFolder(name));
        }
        self.folder(links, &text)?;
        let below = name.trim_start_matches('/').to_owned();
        if let Err(at) = self.outputs.binary_search(&below) {
            self.outputs.insert(at, below);
        }
        Ok(())
    }

    /// The root, unless it could not be laid out, or a program would take two of its files for one.
    ///
    /// A worker gives all files the same time, and equal ones may be one file there; compilers include one file once.
    fn checked(self) -> Result<Self, Unmirrored> {
        for (folder, names) in &self.inside {
            let below = format!("{folder}/");
            let nodes = self.nodes.range(below.clone()..).map(|(path, _)| path.strip_prefix(&below));
            let firsts = nodes.map_while(|rest| rest?.split('/').next());
            if !firsts.clone().all(|name| names.iter().any(|known| known == name)) {
                return Err(Unmirrored::Listed(folder.clone()));
            }
        }
        let mut equal: HashMap<Digest, &str> = HashMap::new();
        for (path, node) in &self.nodes {
            if let Node::Folder = node {
                continue;
            }
            let below = format!("{path}/");
            if self.nodes.range(below.clone()..).next().is_some_and(|(next, _)| next.starts_with(&below)) {
                return Err(Unmirrored::Both(path.clone()));
            }
            let Node::File(digest, false) = node else { continue };
            if is_linker_input(Path::new(path)) {
                continue;
            }
            if let Some(other) = equal.insert(*digest, path) {
                return Err(Unmirrored::Equal(other.to_owned(), path.clone()));
            }
        }
        Ok(self)
    }
}
