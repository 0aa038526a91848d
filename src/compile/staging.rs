//! What a command that runs ahead finds in its private view: the folders that it writes to, and the files that its build has yet to
//! make.

use std::io;
use std::path::{Path, PathBuf};

use super::engine::Engine;
use crate::base::digest::Digest;
use crate::base::lexical::plain;
use crate::cache::error::CacheError;
use crate::sandbox::view::View;
use crate::sandbox::view::paths::{place, resolved};

/// Why a view cannot have what a command needs.
#[derive(Debug, thiserror::Error)]
pub enum StagingError {
    /// Nothing can cover `/`.
    #[error("it works in the root of the file system")]
    Root,
    /// The cache has no longer what is predicted of a file.
    #[error("what {0} was has gone")]
    Gone(String),
    /// A predicted file lies behind a link, which a folder of the view would hide.
    #[error("a symbolic link leads to {0}")]
    Link(String),
    /// A predicted file cannot be shown.
    #[error("{path} cannot be predicted: {source}")]
    Predict {
        /// The file.
        path: String,
        /// As the view says.
        source: io::Error,
    },
    /// A file that is there cannot be shown.
    #[error("{path} cannot be staged: {source}")]
    Stage {
        /// The file.
        path: String,
        /// As the view says.
        source: io::Error,
    },
    /// A staged view has only some of a folder's files.
    #[error("it looks at all that is in {}", .0.display())]
    Listed(PathBuf),
    /// What is predicted of a file cannot be read.
    #[error(transparent)]
    Cache(#[from] CacheError),
    /// There is no view, or no folder can be made in it.
    #[error(transparent)]
    View(#[from] io::Error),
}

/// The folders below which a command writes: the project root, its working directory, and those of its outputs.
pub(crate) fn covered(
    root: &str,
    directory: &str,
    outputs: impl Iterator<Item = PathBuf>,
) -> Result<Vec<PathBuf>, StagingError> {
    let mut folders = vec![PathBuf::from(root), PathBuf::from(directory)];
    folders.extend(outputs.flat_map(|output| folders_of(&output)));
    match folders.iter().find(|folder| folder.parent().is_none()) {
        Some(_) => Err(StagingError::Root),
        None => Ok(folders),
    }
}

/// The folder that an output is in, and that of what it leads to if it is a link.
fn folders_of(output: &Path) -> impl Iterator<Item = PathBuf> + use<> {
    [place(output), resolved(output)].into_iter().filter_map(|path| Some(path.parent()?.to_owned()))
}

/// A private view of a command's folders, all of which are there in it; `prepare` is one of the executor's ways to make views.
pub(crate) fn view(
    folders: &[PathBuf],
    prepare: impl FnOnce(&[&Path]) -> io::Result<View>,
) -> Result<View, StagingError> {
    let view = prepare(&folders.iter().map(PathBuf::as_path).collect::<Vec<_>>())?;
    folders.iter().try_for_each(|folder| view.make_folder(folder))?;
    Ok(view)
}

/// Lets a view have a file that the build has yet to make.
pub(crate) fn predict(
    engine: &Engine,
    name: &str,
    content: &Digest,
    view: &mut View,
) -> Result<(), StagingError> {
    // Opening it compares it with its digest.
    engine.cache.blobs.open(content)?.ok_or_else(|| StagingError::Gone(name.to_owned()))?;
    let path = plain(Path::new(name)).ok_or_else(|| StagingError::Link(name.to_owned()))?;
    view.show(&path, &engine.cache.blobs.path(content))
        .map_err(|source| StagingError::Predict { path: name.to_owned(), source })
}

/// Lets a staged view have a file or folder that is there.
pub(crate) fn stage(path: &str, view: &mut View) -> Result<(), StagingError> {
    view.stage(Path::new(path)).map_err(|source| StagingError::Stage { path: path.to_owned(), source })
}
