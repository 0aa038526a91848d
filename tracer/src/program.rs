//! What the kernel reads by itself to execute a program: a script's interpreter, a dynamic program's loader.

use std::ffi::OsStr;
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use crate::elf::{Program, program};

/// How much of a program says what it needs.
const HEAD: u64 = 4096;
/// How many interpreters the kernel follows (`search_binary_handler`).
const DEEPEST: usize = 5;

/// The interpreters and the loader of a program, in the order in which the kernel reads them.
pub(super) fn read_for(path: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut next = behind(path);
    while let Some(path) = next
        && found.len() < DEEPEST
    {
        next = behind(&path);
        found.push(path);
    }
    found
}

fn behind(path: &Path) -> Option<PathBuf> {
    // With the room for all of it, it is read at once.
    let mut head = Vec::with_capacity(HEAD as usize);
    // What cannot be read is executed by the kernel alone, and needs what it needs all the same: see `Tracee::program`. A FIFO is never
    // executed, and whoever opens one waits.
    let file = File::options().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path).ok()?;
    if !file.metadata().ok()?.is_file() {
        return None;
    }
    file.take(HEAD).read_to_end(&mut head).ok()?;
    match program(&head) {
        Program::Dynamic { loader } => Some(loader.into()),
        Program::Script => interpreter(&head),
        Program::Static | Program::Unknown => None,
    }
}

/// What the `#!` line names (execve(2), "Interpreter scripts").
fn interpreter(head: &[u8]) -> Option<PathBuf> {
    let line = head.strip_prefix(b"#!")?.split(|byte| *byte == b'\n').next()?;
    let word = line.trim_ascii_start().split(|byte| matches!(byte, b' ' | b'\t' | 0)).next()?;
    (!word.is_empty()).then(|| PathBuf::from(OsStr::from_bytes(word)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn interpreters_are_found() {
        let named = |line: &str| interpreter(line.as_bytes()).map(|path| path.display().to_string());
        assert_eq!(named("#!/bin/sh\nexit"), Some("/bin/sh".into()));
        assert_eq!(named("#! /usr/bin/env -S x"), Some("/usr/bin/env".into()));
        assert_eq!(named("#!\n"), None);
        assert_eq!(read_for(Path::new("/proc/self/exe")), Vec::<PathBuf>::new(), "this test is static");
        assert_eq!(read_for(Path::new("/usr/bin/env")).len(), 1);
    }
}
