//! A file that a traced command has left: why it cannot be kept.

use std::fs::File;
use std::io::{self, Seek as _};
use std::path::Path;

use super::archive;
use crate::command::Scratch;
use crate::compile::pieces;

/// What is wrong with the file at `path`, in words that follow its name; nothing of one that may be kept.
pub(super) fn fault(path: &Path, scratch: &Scratch) -> io::Result<Option<&'static str>> {
    let mut file = File::open(path)?;
    if archive::has_times(&mut file)? {
        return Ok(Some("says when its members were made"));
    }
    if scratch.is_empty() {
        return Ok(None);
    }
    file.rewind()?;
    let named = pieces::any(file, scratch.longest(), |piece| scratch.is_in(piece))?;
    Ok(named.then_some("has a random name in it"))
}
