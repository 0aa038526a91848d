//! Programs by name, as a shell finds them.

use std::ffi::OsString;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// The programs of this name on PATH, first come first; a name with a slash is that of one file.
pub(super) fn programs(name: &str) -> Vec<PathBuf> {
    let candidates = if name.contains('/') {
        std::path::absolute(name).into_iter().collect()
    } else {
        let path = std::env::var_os("PATH").unwrap_or_else(|| OsString::from("/bin:/usr/bin"));
        std::env::split_paths(&path).map(|folder| folder.join(name)).collect::<Vec<_>>()
    };
    candidates.into_iter().filter(|path| is_program(path)).collect()
}

/// The compiler that the shim runs by this name: never the shim itself, whose links may come first, nor a cache that would run
/// the shim.
pub(super) fn compiler(name: &str) -> Option<PathBuf> {
    let programs = programs(name);
    let ours = programs.iter().any(|path| is_spec_cc(path));
    programs.into_iter().find(|path| !(is_spec_cc(path) || ours && cache(path).is_some()))
}

/// The name of the cache of compiles that this program is, if it has a compiler's name: the same as in the shim.
pub(super) fn cache(path: &Path) -> Option<&'static str> {
    let to = path.read_link().ok()?;
    ["ccache", "sccache", "buildcache"]
        .into_iter()
        .find(|cache| to.file_name().is_some_and(|name| name == *cache))
}

/// Whether a program is the shim, under whatever name.
pub(super) fn is_spec_cc(path: &Path) -> bool {
    let real = path.canonicalize().unwrap_or_default();
    real.file_name().is_some_and(|name| name == "spec-cc")
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}
