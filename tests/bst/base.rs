//! The root file system of the tests' sandboxes: copies of this machine's own compilers and build tools.
use crate::support::shell::{ended_well, succeed};
use crate::support::sources;
use sha2::{Digest, Sha256};
use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The Debian packages that the tests' builds call; what these need comes with them.
const WANTED: &[&str] = &[
    "dash",
    "coreutils",
    "sed",
    "grep",
    "mawk",
    "make",
    "gcc",
    "g++",
    "diffutils",
    "findutils",
    "cmake",
    "ninja-build",
    "meson",
];

/// Packages that others name and no program here needs.
const NEEDLESS: &[&str] =
    &["debconf", "perl-base", "perl", "ca-certificates", "openssl", "dpkg", "dpkg-dev", "libdpkg-perl"];

/// Parts of paths of what only costs time to import.
const LEFT_OUT: &[&str] = &[
    "/usr/share/doc",
    "/usr/share/man",
    "/usr/share/locale",
    "/usr/share/info",
    "/usr/share/lintian",
    "/usr/share/bash-completion",
    "/usr/share/bug",
    "/usr/share/icons",
    "/lto1",
    "lto-dump",
    "/bin/ctest",
    "/bin/cpack",
    "libasan",
    "libtsan",
    "liblsan",
    "libubsan",
    "gprofng",
    "/lib2to3/",
    "/idlelib/",
    "/var/",
];

/// Links that packages make when they are configured, and so no package has.
const LINKS: &[(&str, &str)] = &[
    ("bin", "usr/bin"),
    ("sbin", "usr/sbin"),
    ("lib", "usr/lib"),
    ("lib64", "usr/lib64"),
    ("usr/bin/awk", "mawk"),
    ("usr/bin/cc", "gcc"),
    ("usr/bin/c++", "g++"),
];

/// Returns the folder with the root file system, made unless an earlier run has; the error says why it cannot be had.
pub(crate) fn provide() -> Result<PathBuf, String> {
    provide_with(&[])
}

/// The same with the Debian packages `more` in it.
pub(crate) fn provide_with(more: &[&str]) -> Result<PathBuf, String> {
    let wanted = [WANTED, more].concat();
    let packages = packages(&wanted)?;
    let _one_at_a_time = sources::lock();
    let name: String =
        Sha256::digest(packages.join("\n")).iter().take(6).map(|byte| format!("{byte:02x}")).collect();
    let whole = sources::shelf().join(format!("bst-root-{name}"));
    if !whole.exists() {
        let part = whole.with_extension("part");
        let _ = fs::remove_dir_all(&part);
        lay_out(&packages, &part)?;
        compile_python(&part)?;
        fs::rename(&part, &whole).map_err(|error| format!("{}: {error}", whole.display()))?;
    }
    Ok(whole)
}

/// The wanted packages and what they depend on, each as `NAME=VERSION`.
fn packages(wanted: &[&str]) -> Result<Vec<String>, String> {
    let format = "${Package}\t${Version}\t${Provides}\t${Pre-Depends}, ${Depends}\n";
    let list = ended_well(Command::new("dpkg-query").args(["--show", "--showformat", format]))?;
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    let mut installed = BTreeMap::new();
    let mut providers = BTreeMap::new();
    for line in list.lines() {
        let mut fields = line.split('\t');
        let mut field = || fields.next().unwrap_or_default();
        let (name, version, virtual_names, depends) = (field(), field(), field(), field());
        installed.insert(name, (version, depends));
        providers.extend(names(virtual_names).map(|virtual_name| (virtual_name, name)));
    }
    let mut found = BTreeMap::new();
    let mut asked = wanted.to_vec();
    while let Some(asked_for) = asked.pop() {
        let name = providers
            .get(asked_for)
            .copied()
            .filter(|_| !installed.contains_key(asked_for))
            .unwrap_or(asked_for);
        let Some((version, depends)) = installed.get(name) else {
            if wanted.contains(&name) {
                return Err(format!("the Debian package {name} is not installed"));
            }
            continue;
        };
        if !NEEDLESS.contains(&name) && found.insert(name, version).is_none() {
            asked.extend(names(depends));
        }
    }
    Ok(found.into_iter().map(|(name, version)| format!("{name}={version}")).collect())
}

/// The names in a dependency field, alternatives and all (Debian Policy, 7.1).
fn names(field: &str) -> impl Iterator<Item = &str> {
    field
        .split([',', '|'])
        .filter_map(|entry| entry.trim().split([' ', ':', '(']).next())
        .filter(|name| !name.is_empty())
}

/// Copies the packages' files below `root`.
fn lay_out(packages: &[String], root: &Path) -> Result<(), String> {
    fs::create_dir_all(root.join("usr")).map_err(|error| error.to_string())?;
    for folder in ["bin", "sbin", "lib", "lib64"] {
        fs::create_dir_all(root.join("usr").join(folder)).map_err(|error| error.to_string())?;
    }
    for (name, to) in LINKS {
        symlink(to, root.join(name)).map_err(|error| format!("{name}: {error}"))?;
    }
    for folder in ["dev", "proc", "run", "sys", "tmp", "etc"] {
        fs::create_dir_all(root.join(folder)).map_err(|error| error.to_string())?;
    }
    let names = packages.iter().filter_map(|package| package.split('=').next());
    let list = ended_well(Command::new("dpkg").arg("--listfiles").args(names))?;
    let list = String::from_utf8_lossy(&list.stdout).into_owned();
    let paths: BTreeSet<&str> = list.lines().filter(|path| path.starts_with('/')).collect();
    for path in paths.into_iter().filter(|path| !LEFT_OUT.iter().any(|part| path.contains(part))) {
        // The packages' `/lib/…` goes through the link, as on the machine.
        let to = root.join(&path[1..]);
        place(Path::new(path), &to).map_err(|error| format!("{path}: {error}"))?;
    }
    Ok(())
}

fn place(from: &Path, to: &Path) -> std::io::Result<()> {
    let Ok(meta) = from.symlink_metadata() else { return Ok(()) };
    if to.symlink_metadata().is_ok() {
        return Ok(());
    }
    if meta.is_dir() {
        return fs::create_dir_all(to);
    }
    if let Some(folder) = to.parent() {
        fs::create_dir_all(folder)?;
    }
    if meta.is_symlink() {
        return symlink(fs::read_link(from)?, to);
    }
    // A link would change the times of the machine's own files, under the eyes of whoever traces commands here.
    fs::copy(from, to).map(|_| ())
}

/// Compiles meson, and what of Python's library it uses, once: the times of staged files would make each start compile them anew.
fn compile_python(root: &Path) -> Result<(), String> {
    let script = "import compileall, sys; from py_compile import PycInvalidationMode as M\n\
                  for folder in sys.argv[2:]: compileall.compile_dir(folder, quiet=2, stripdir=sys.argv[1], invalidation_mode=M.UNCHECKED_HASH)";
    let folders = fs::read_dir(root.join("usr/lib")).map_err(|error| error.to_string())?;
    let folders = folders.filter_map(|entry| Some(entry.ok()?.path()));
    let folders = folders
        .filter(|path| path.file_name().is_some_and(|name| name.to_string_lossy().starts_with("python3")));
    ended_well(Command::new("python3").args(["-c", script]).arg(root).args(folders)).map(|_| ())
}

/// Puts the root file system into a project, as the folder `to`.
pub(crate) fn link_into(base: &Path, to: &Path) {
    succeed(Command::new("cp").arg("--archive").arg("--link").arg(base).arg(to));
}
