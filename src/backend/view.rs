//! A private view of the build tree: an overlay in a mount namespace, so that what runs in it writes nowhere else.
//!
//! A launched compile must give the very bytes the real command would have written, and file names end up in them
//! (depfile targets, `.dwo` names, coverage notes, debug paths). So it runs with the real arguments, in the real
//! working directory, on the real files; only its writes are caught, in an upper layer of its own.

use std::ffi::CString;
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::FileTypeExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

/// A folder covered by an overlay, and where what is written below it goes.
#[derive(Debug)]
struct Layer {
    covered: PathBuf,
    upper: PathBuf,
    /// Files that are seen in the view alone, once there are any.
    shown: Option<PathBuf>,
}

/// The layers of one job, on disk below its scratch folder; removed with it.
#[derive(Debug)]
pub struct View {
    layers: Vec<Layer>,
    scratch: tempfile::TempDir,
}

impl View {
    /// Prepares layers over `covered` (absolute folders) in a new folder below `scratch`.
    ///
    /// A folder inside another one needs no layer of its own.
    pub fn new(scratch: &Path, covered: &[&Path]) -> io::Result<Self> {
        let scratch = tempfile::Builder::new().prefix("job-").tempdir_in(scratch)?;
        let mut layers: Vec<Layer> = Vec::new();
        let mut covered = covered.to_vec();
        covered.sort_unstable();
        for folder in covered {
            if layers.iter().any(|layer| folder.starts_with(&layer.covered)) {
                continue;
            }
            let base = scratch.path().join(layers.len().to_string());
            fs::create_dir(&base)?;
            fs::create_dir(base.join("upper"))?;
            fs::create_dir(base.join("work"))?;
            layers.push(Layer { covered: folder.to_owned(), upper: base.join("upper"), shown: None });
        }
        Ok(Self { layers, scratch })
    }

    /// A folder of the job's own that is the same inside and outside of the view.
    pub fn scratch(&self) -> &Path {
        self.scratch.path()
    }

    /// Makes sure that a folder exists in the view, though it may not outside yet, or not for long.
    pub fn make_folder(&self, folder: &Path) -> io::Result<()> {
        let plain = fs::symlink_metadata(folder).map_or(true, |meta| meta.is_dir());
        match self.written(folder) {
            // In the upper layer a folder joins one of the lower; it would hide a link there.
            Some(upper) if plain => fs::create_dir_all(upper),
            _ => Ok(()),
        }
    }

    /// Shows `content` at `path` (absolute, plain), whether a file is there outside or not. It does not count as written.
    ///
    /// Fails where no layer covers the path, or where a link leads to it: a folder of the view would hide the link.
    pub fn show(&mut self, path: &Path, content: &Path) -> io::Result<()> {
        let layer = self.layers.iter_mut().find(|layer| path.starts_with(&layer.covered));
        let layer = layer.ok_or_else(|| io::Error::other("it lies outside of the build tree"))?;
        let below = path.strip_prefix(&layer.covered).map_err(io::Error::other)?;
        let inside = below.ancestors().skip(1).filter(|part| !part.as_os_str().is_empty());
        if inside.map(|part| layer.covered.join(part)).any(|folder| folder.is_symlink()) {
            return Err(io::Error::other("a symbolic link leads to it"));
        }
        let shown = layer.shown.get_or_insert_with(|| layer.upper.with_file_name("shown"));
        let place = shown.join(below);
        fs::create_dir_all(place.parent().unwrap_or(shown))?;
        // A link where that can be had: a view's lower layers are never written to.
        match fs::hard_link(content, &place) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => Ok(()),
            Err(_) => fs::copy(content, &place).map(drop),
            Ok(()) => Ok(()),
        }
    }

    /// Makes `command` enter the view before it starts, in `directory`.
    pub fn enter(&self, command: &mut Command, directory: &Path) -> io::Result<()> {
        if self.layers.is_empty() {
            command.current_dir(directory);
            return Ok(());
        }
        let mut mounts = Vec::new();
        for layer in &self.layers {
            let options = overlay_options(layer)?;
            mounts.push((c_string(&layer.covered)?, options));
        }
        let directory = c_string(directory)?;
        let identity = (!nix::unistd::geteuid().is_root()).then(Identity::current);
        // SAFETY: between fork and exec only system calls are made, on memory prepared before the fork.
        unsafe {
            command.pre_exec(move || {
                let mut flags = CloneFlags::CLONE_NEWNS;
                if identity.is_some() {
                    flags |= CloneFlags::CLONE_NEWUSER;
                }
                unshare(flags)?;
                if let Some(identity) = &identity {
                    identity.map()?;
                }
                let none: Option<&str> = None;
                mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
                for (target, options) in &mounts {
                    mount(
                        Some(c"overlay"),
                        target.as_c_str(),
                        Some(c"overlay"),
                        MsFlags::empty(),
                        Some(options.as_c_str()),
                    )?;
                }
                nix::unistd::chdir(directory.as_c_str())?;
                Ok(())
            });
        }
        Ok(())
    }

    /// Where a file written at `path` (absolute) is to be found afterwards; `None` when no layer covers it.
    pub fn written(&self, path: &Path) -> Option<PathBuf> {
        self.layers
            .iter()
            .find_map(|layer| path.strip_prefix(&layer.covered).ok().map(|below| layer.upper.join(below)))
    }

    /// Every file that was written, by the path it was written at, and every path that was removed.
    pub fn changes(&self) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for layer in &self.layers {
            walk(&layer.upper, &mut |path| {
                if let Ok(below) = path.strip_prefix(&layer.upper) {
                    found.push(layer.covered.join(below));
                }
            })?;
        }
        Ok(found)
    }
}

impl Drop for View {
    fn drop(&mut self) {
        // The kernel leaves `work/work` without permissions: nobody but root could list it to remove it.
        for layer in &self.layers {
            if let Some(base) = layer.upper.parent() {
                let _ = fs::remove_dir(base.join("work/work"));
            }
        }
    }
}

/// Whether views work here: tries one over a folder in `scratch`.
pub(super) fn works(scratch: &Path) -> bool {
    let attempt = || -> io::Result<bool> {
        let covered = tempfile::Builder::new().prefix("probe-").tempdir_in(scratch)?;
        let view = View::new(scratch, &[covered.path()])?;
        let mut command = Command::new("/bin/sh");
        command.args(["-c", ": > written"]);
        view.enter(&mut command, covered.path())?;
        let status = command.status()?;
        let escaped = covered.path().join("written").exists();
        let caught = view.written(&covered.path().join("written")).is_some_and(|path| path.exists());
        Ok(status.success() && caught && !escaped)
    };
    attempt().unwrap_or_else(|error| {
        tracing::info!("no private view below {}: {error}", scratch.display());
        false
    })
}

fn walk(folder: &Path, visit: &mut dyn FnMut(&Path)) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            walk(&entry.path(), visit)?;
        } else if !kind.is_socket() {
            visit(&entry.path());
        }
    }
    Ok(())
}

fn overlay_options(layer: &Layer) -> io::Result<CString> {
    let work = layer.upper.with_file_name("work");
    let mut options = Vec::new();
    let shown = layer.shown.as_deref().map(|shown| ("lowerdir=", shown));
    let covered = (if shown.is_some() { ":" } else { "lowerdir=" }, layer.covered.as_path());
    let written = [(",upperdir=", layer.upper.as_path()), (",workdir=", &work)];
    for (name, path) in shown.into_iter().chain([covered]).chain(written) {
        options.extend_from_slice(name.as_bytes());
        for &byte in path.as_os_str().as_bytes() {
            // Documentation/filesystems/overlayfs.rst: colons and commas separate, a backslash escapes.
            if matches!(byte, b'\\' | b':' | b',') {
                options.push(b'\\');
            }
            options.push(byte);
        }
    }
    if !nix::unistd::geteuid().is_root() {
        options.extend_from_slice(b",userxattr");
    }
    CString::new(options).map_err(io::Error::from)
}

fn c_string(path: &Path) -> io::Result<CString> {
    CString::new(path.as_os_str().as_bytes()).map_err(io::Error::from)
}

/// Who we are outside, to be the same inside a user namespace.
#[derive(Debug, Clone)]
struct Identity {
    uid_map: String,
    gid_map: String,
}

impl Identity {
    fn current() -> Self {
        let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
        Self { uid_map: format!("{uid} {uid} 1"), gid_map: format!("{gid} {gid} 1") }
    }

    /// Writes the maps of the namespace just entered (`user_namespaces(7)`).
    fn map(&self) -> io::Result<()> {
        fs::write("/proc/self/setgroups", "deny")?;
        fs::write("/proc/self/uid_map", &self.uid_map)?;
        fs::write("/proc/self/gid_map", &self.gid_map)
    }
}
