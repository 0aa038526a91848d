//! Sources of real packages, fetched once from a package registry and kept beside cargo's own output.
use super::shell::succeed;
use super::{debian, tree};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where a package's sources come from.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Source {
    /// A source package of the machine's own Debian suite.
    Debian(&'static str),
    /// A folder of a published crate, at one exact version.
    Crate { name: &'static str, version: &'static str, folder: &'static str },
}

/// An autotools package with a real configure and libtool.
pub(crate) const LIBSODIUM: Source =
    Source::Crate { name: "libsodium-sys", version: "0.2.7", folder: "libsodium" };

impl Source {
    /// The folder with the untouched sources; panics when the registry does not give them.
    pub(crate) fn fetch(self) -> PathBuf {
        let _one_at_a_time = lock();
        match self {
            Self::Debian(name) => kept(name, |at| debian::unpack(name, &shelf(), at)),
            Self::Crate { name, version, folder } => kept(&format!("{name}-{version}"), |at| {
                tree::copy(&published(name, version).join(folder), at);
            }),
        }
    }
}

/// `target/packages`, or the same below `CARGO_TARGET_DIR`.
pub(crate) fn shelf() -> PathBuf {
    let shelf = Path::new(env!("CARGO_TARGET_TMPDIR")).with_file_name("packages");
    fs::create_dir_all(&shelf).expect("make the folder for fetched packages");
    shelf
}

/// Held while fetching: several test programs may want the same package.
pub(crate) fn lock() -> File {
    let file = File::create(shelf().join("lock")).expect("make the lock file");
    file.lock().expect("lock the folder of fetched packages");
    file
}

/// The folder `name` on the shelf, made by `make` unless an earlier run finished it.
fn kept(name: &str, make: impl FnOnce(&Path)) -> PathBuf {
    let whole = shelf().join(name);
    if !whole.exists() {
        let part = shelf().join(format!("{name}.part"));
        let _ = fs::remove_dir_all(&part);
        make(&part);
        fs::rename(&part, &whole).expect("keep the fetched package");
    }
    whole
}

/// The folder in which cargo unpacked crate `name`.
fn published(name: &str, version: &str) -> PathBuf {
    let folder = tempfile::tempdir().expect("make a temporary folder");
    let manifest = format!(
        "[package]\nname = \"wanted\"\nedition = \"2021\"\n[lib]\npath = \"lib.rs\"\n\
         [dependencies]\n{name} = \"={version}\"\n[workspace]\n"
    );
    fs::write(folder.path().join("Cargo.toml"), manifest).expect("write a manifest");
    fs::write(folder.path().join("lib.rs"), "").expect("write an empty crate");
    let output = succeed(
        Command::new(env!("CARGO"))
            .args(["metadata", "--format-version=1", "--quiet"])
            .current_dir(folder.path()),
    );
    let metadata: serde_json::Value = serde_json::from_slice(&output.stdout).expect("read cargo's metadata");
    let manifest = metadata["packages"]
        .as_array()
        .and_then(|all| all.iter().find(|package| package["name"] == name))
        .and_then(|package| package["manifest_path"].as_str())
        .unwrap_or_else(|| panic!("cargo knows no crate {name} {version}"));
    Path::new(manifest).parent().expect("a manifest lies in a folder").to_owned()
}
