//! The compilers that recc knows, by name.

use super::Disk;

/// What recc takes a compiler for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    Gcc,
    Clang,
}

/// What recc takes the compiler at `path` for; `None` when it does not know it.
pub(super) fn program(path: &str, disk: &Disk<'_>) -> Option<Program> {
    match file_name(path) {
        // Only these are followed to what they link to.
        "cc" | "c89" | "c99" => followed(&disk.resolved(path)),
        name => named(unversioned(name)),
    }
}

fn followed(real: &str) -> Option<Program> {
    match unversioned(file_name(real)) {
        name if name.starts_with("clang") => Some(Program::Clang),
        // Debian's gcc is itself a link, to x86_64-linux-gnu-gcc-12.
        name if name.ends_with("gcc") || matches!(file_name(real), "cc" | "c89" | "c99") => {
            Some(Program::Gcc)
        }
        _ => None,
    }
}

fn named(name: &str) -> Option<Program> {
    match name {
        "gcc" | "g++" | "c++" | "c99-gcc" => Some(Program::Gcc),
        "clang" | "clang++" => Some(Program::Clang),
        _ => None,
    }
}

fn file_name(path: &str) -> &str {
    path.rsplit_once('/').map_or(path, |(_, name)| name)
}

fn unversioned(name: &str) -> &str {
    name.trim_end_matches(|c: char| c.is_ascii_digit() || c == '.' || c == '-')
}
