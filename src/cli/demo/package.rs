//! The demo's package: libsodium, as the crate that wraps it carries it.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// What it is called: the element's name too.
pub(super) const NAME: &str = "libsodium";
/// Where it comes from.
pub(super) const ORIGIN: &str = "from the crate libsodium-sys 0.2.7";
const CRATE: &str = "libsodium-sys";
const VERSION: &str = "0.2.7";

/// The source that is edited.
pub(super) const SOURCE: &str = "src/libsodium/crypto_generichash/blake2b/ref/blake2b-ref.c";
/// The header that is edited; most sources include it.
pub(super) const HEADER: &str = "src/libsodium/include/sodium/private/common.h";

/// Configures and builds; `$CC`, `$JOBS`, `$CONFIGURED` and `$LOG` are set.
///
/// The minimal edition and little optimisation, so that the demo is short. Quiet and into a file: a terminal would get
/// messages that no result can hold.
pub(super) const SCRIPT: &str = r#"exec >"$LOG" 2>&1
sh ./configure -q --enable-minimal --disable-shared CFLAGS=-O1 && : >"$CONFIGURED" &&
    make -s -j "$JOBS" -C src/libsodium"#;

/// Code that no optimisation drops, so that the edit shows in every object that sees it.
const NEW_FUNCTION: &str = "static __attribute__((used)) int spec_cc_demo_ORIGIN(void) { return 42; }\n";

/// Has cargo fetch the crate; returns the folder of the untouched sources, in cargo's registry.
pub(super) fn fetch(scratch: &Path) -> Result<PathBuf> {
    let folder = scratch.join("manifest");
    fs::create_dir_all(&folder)?;
    let manifest = format!(
        "[package]\nname = \"demo\"\nedition = \"2021\"\n[lib]\npath = \"lib.rs\"\n\
         [dependencies]\n{CRATE} = \"={VERSION}\"\n[workspace]\n"
    );
    fs::write(folder.join("Cargo.toml"), manifest)?;
    fs::write(folder.join("lib.rs"), "")?;
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let output = Command::new(&cargo)
        .args(["metadata", "--format-version=1", "--quiet"])
        .current_dir(&folder)
        .output()
        .context("cargo, which fetches the sources, cannot be run")?;
    if !output.status.success() {
        let messages = String::from_utf8_lossy(&output.stderr);
        bail!("cargo cannot fetch {CRATE} {VERSION} (is there a network?):\n{}", messages.trim_end());
    }
    let metadata: Value = serde_json::from_slice(&output.stdout).context("cargo's metadata")?;
    let packages = metadata["packages"].as_array().into_iter().flatten();
    packages
        .filter(|package| package["name"] == CRATE)
        .find_map(|package| Path::new(package["manifest_path"].as_str()?).parent())
        .map(|folder| folder.join(NAME))
        .filter(|folder| folder.join("configure").exists())
        .with_context(|| format!("no sources in what cargo fetched as {CRATE} {VERSION}"))
}

/// Lays a fresh tree out, with or without the edits.
pub(super) fn lay_out(pristine: &Path, tree: &Path, edited: bool) -> Result<()> {
    if tree.exists() {
        fs::remove_dir_all(tree).with_context(|| format!("cannot remove {}", tree.display()))?;
    }
    copy(pristine, tree).with_context(|| format!("cannot copy the sources to {}", tree.display()))?;
    if edited {
        edit(&tree.join(SOURCE), "source", str::len)?;
        edit(&tree.join(HEADER), "header", |text| text.rfind("#endif").unwrap_or(text.len()))?;
    }
    Ok(())
}

/// Copies a folder. Modification times are kept: autotools' own files would be made anew in any other order of theirs.
fn copy(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), &target)?;
            let modified = entry.metadata()?.modified()?;
            fs::File::options().write(true).open(&target)?.set_modified(modified)?;
        }
    }
    Ok(())
}

/// Adds a function to a file where `place` says; the file has the time of this moment then.
fn edit(path: &Path, origin: &str, place: fn(&str) -> usize) -> Result<()> {
    let fault = || format!("cannot edit {}", path.display());
    let mut text = fs::read_to_string(path).with_context(fault)?;
    let place = place(&text);
    text.insert_str(place, &NEW_FUNCTION.replace("ORIGIN", origin));
    fs::write(path, text).with_context(fault)
}
