//! What `specctl init` has made below a prefix: written down there, so that this and nothing else is taken out again.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use serde::{Deserialize, Serialize};
use spec_cc::base::digest::Digest;

use super::layout::{Content, LINKS};

/// The list's name, in the folder of links.
const LIST: &str = ".installed.json";

/// What a path below the prefix was made to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Made {
    /// A file whose content has this SHA-256.
    File(String),
    /// A symbolic link to this.
    Link(PathBuf),
}

/// All that was made below one prefix.
#[derive(Debug, Default, Serialize, Deserialize)]
struct List {
    /// By their paths below the prefix.
    files: BTreeMap<String, Made>,
    /// Folders that were not there before, by the same.
    folders: BTreeSet<String>,
}

/// Makes all of `items` below `prefix`, and takes out what an earlier call has made besides. Returns how many there are.
///
/// Unless `force` is set, nothing is done when a file is in the way that no earlier call has made, or that somebody has changed since.
pub(super) fn make(prefix: &Path, items: &[(String, Content)], force: bool) -> Result<usize> {
    let before = List::read(prefix)?.unwrap_or_default();
    let mut list = List { folders: before.folders.clone(), ..List::default() };
    let mut in_the_way = Vec::new();
    for (path, content) in items {
        let (new, old) = (Made::of(content), Made::found(&prefix.join(path)));
        let was_ours = old.is_some() && before.files.get(path) == old.as_ref();
        if old.as_ref() == Some(&new) && !was_ours {
            // The same, from elsewhere: it stays when what is ours goes.
            continue;
        }
        if !force && !was_ours && prefix.join(path).symlink_metadata().is_ok() {
            in_the_way.push(format!("  {}", prefix.join(path).display()));
        }
        list.files.insert(path.clone(), new);
    }
    if !in_the_way.is_empty() {
        let files = in_the_way.join("\n");
        bail!(
            "nothing done: these are not of specctl init's making, or were changed since\n{files}\n--force replaces them"
        );
    }
    list.note_folders(prefix);
    // Before anything else: what a call that is interrupted leaves can be taken out.
    list.write(prefix)?;
    for (path, made) in before.files.iter().filter(|(path, _)| !list.files.contains_key(*path)) {
        take_out(&prefix.join(path), made)?;
    }
    for (path, content) in items {
        let (made, path) = (list.files.get(path), prefix.join(path));
        if made.is_none() || made == Made::found(&path).as_ref() {
            continue;
        }
        put(&path, content).with_context(|| format!("cannot make {}", path.display()))?;
    }
    Ok(list.files.len())
}

/// What [`undo`] did.
#[derive(Debug, Default)]
pub(super) struct Undone {
    /// How many files were taken out.
    pub(super) gone: usize,
    /// Those that somebody has changed since: they stay.
    pub(super) changed: Vec<PathBuf>,
}

/// Takes out what was made below `prefix`; nothing when there is no list of it.
pub(super) fn undo(prefix: &Path) -> Result<Option<Undone>> {
    let Some(list) = List::read(prefix)? else { return Ok(None) };
    let mut undone = Undone::default();
    for (path, made) in &list.files {
        let path = prefix.join(path);
        match take_out(&path, made)? {
            Some(true) => undone.gone += 1,
            Some(false) => undone.changed.push(path),
            None => {}
        }
    }
    let file = List::path(prefix);
    fs::remove_file(&file).with_context(|| format!("cannot remove {}", file.display()))?;
    // The deepest first. One that others have put something into stays.
    for folder in list.folders.iter().rev() {
        let _ = fs::remove_dir(prefix.join(folder));
    }
    Ok(Some(undone))
}

impl List {
    fn path(prefix: &Path) -> PathBuf {
        prefix.join(LINKS).join(LIST)
    }

    /// Returns nothing when there is none.
    fn read(prefix: &Path) -> Result<Option<Self>> {
        let path = Self::path(prefix);
        let text = match fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
            Err(error) => return Err(error).with_context(|| format!("cannot read {}", path.display())),
        };
        let list: Self =
            serde_json::from_slice(&text).with_context(|| format!("cannot read {}", path.display()))?;
        // Who may write to the prefix must not have us remove files elsewhere.
        let leads_out =
            |path: &&String| !Path::new(path).components().all(|part| matches!(part, Component::Normal(_)));
        if let Some(path_out) = list.files.keys().chain(&list.folders).find(leads_out) {
            bail!("{} names {path_out}, which is not below {}", path.display(), prefix.display());
        }
        Ok(Some(list))
    }

    fn write(&self, prefix: &Path) -> Result<()> {
        let path = Self::path(prefix);
        let text = serde_json::to_vec_pretty(self)?;
        put(&path, &Content::Text(text)).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Takes down the folders that are yet to be made; the prefix itself has no name.
    fn note_folders(&mut self, prefix: &Path) {
        let list = format!("{LINKS}/{LIST}");
        for path in self.files.keys().chain([&list]) {
            let above = Path::new(path).ancestors().skip(1);
            let missing = above.filter(|folder| !prefix.join(folder).exists());
            self.folders.extend(missing.map(|folder| folder.display().to_string()));
        }
    }
}

impl Made {
    fn of(content: &Content) -> Self {
        match content {
            Content::Program(bytes) | Content::Text(bytes) => Self::File(Digest::of(bytes).hex()),
            Content::Link(target) => Self::Link(target.into()),
        }
    }

    /// What is at `path`; nothing when that is neither a file nor a link.
    fn found(path: &Path) -> Option<Self> {
        let there = path.symlink_metadata().ok()?;
        if there.is_symlink() {
            return fs::read_link(path).ok().map(Self::Link);
        }
        let bytes = there.is_file().then(|| fs::read(path).ok())??;
        Some(Self::File(Digest::of(&bytes).hex()))
    }
}

/// Returns whether a file was removed; it is not when it has become another one. Nothing when it is not there.
fn take_out(path: &Path, made: &Made) -> Result<Option<bool>> {
    if path.symlink_metadata().is_err() {
        return Ok(None);
    }
    if Made::found(path).as_ref() != Some(made) {
        return Ok(Some(false));
    }
    fs::remove_file(path).with_context(|| format!("cannot remove {}", path.display()))?;
    Ok(Some(true))
}

/// Makes one file or link in one step, so that programs that run, and builds that use them, go on.
fn put(path: &Path, content: &Content) -> Result<()> {
    let folder = path.parent().context("it has no folder")?;
    fs::create_dir_all(folder)?;
    let mode = if matches!(content, Content::Program(_)) { 0o755 } else { 0o644 };
    let new = match content {
        Content::Program(bytes) | Content::Text(bytes) => {
            let mut file = tempfile::NamedTempFile::new_in(folder)?;
            file.write_all(bytes)?;
            file.as_file().set_permissions(Permissions::from_mode(mode))?;
            file.into_temp_path()
        }
        Content::Link(target) => {
            tempfile::Builder::new().make_in(folder, |at| symlink(target, at))?.into_temp_path()
        }
    };
    Ok(new.persist(path)?)
}
