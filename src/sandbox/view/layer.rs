//! One layer of a view: a folder that is covered.

use std::path::{Path, PathBuf};

/// A covered folder, and where what is written below it goes.
#[derive(Debug)]
pub(crate) struct Layer {
    pub(crate) covered: PathBuf,
    pub(crate) upper: PathBuf,
    /// Files that are seen in an overlay alone, once there are any.
    pub(crate) shown: Option<PathBuf>,
}

/// Where in the layers a path is written to; `None` when no layer covers it.
pub(crate) fn above(layers: &[Layer], path: &Path) -> Option<PathBuf> {
    layers
        .iter()
        .find_map(|layer| path.strip_prefix(&layer.covered).ok().map(|below| layer.upper.join(below)))
}
