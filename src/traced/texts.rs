//! The texts among the files that a traced command reads.

use std::fs;
use std::io::{self, Read as _};
use std::path::Path;
use std::sync::Arc;

use crate::base::digest::Digest;
use crate::compile::engine::Engine;
use crate::directives::Scan;

/// What a text has in it; nothing of a program.
pub(super) fn scan(engine: &Engine, content: &Digest, path: &Path) -> io::Result<Option<Arc<Scan>>> {
    Ok(match engine.files.scan_of(content) {
        Some(scan) => Some(scan),
        None if is_text(path) => Some(engine.files.learn(&fs::read(path)?).1),
        None => None,
    })
}

/// Whether a file is no program, object or archive.
fn is_text(path: &Path) -> bool {
    let mut head = Vec::new();
    let read = fs::File::open(path).and_then(|file| file.take(8).read_to_end(&mut head));
    read.is_ok() && !head.starts_with(b"\x7fELF") && !head.starts_with(b"!<") && !head.contains(&0)
}
