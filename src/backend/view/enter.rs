//! Entering a view: a mount namespace of the job's own, in which the layers lie over the folders they cover.

use std::ffi::{CStr, CString};
use std::fs;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::Command;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};

use super::mirror::Mirror;
use super::{Kind, Layer};

/// One mount, prepared before the fork.
struct Mount {
    source: CString,
    target: CString,
    /// For an overlay; a staged folder is bound.
    overlay: Option<CString>,
}

/// Makes `command` enter a namespace with `layers` mounted before it starts, in `directory`.
pub(super) fn enter(
    command: &mut Command,
    kind: Kind,
    layers: &[Layer],
    mirror: &Mirror,
    directory: &Path,
) -> io::Result<()> {
    let bound = mirror.0.iter().map(|(source, target)| {
        Ok(Mount { source: c_string(source)?, target: c_string(target)?, overlay: None })
    });
    let layers = layers.iter().map(|layer| {
        let overlay = (kind == Kind::Overlay).then(|| overlay_options(layer)).transpose()?;
        Ok(Mount { source: c_string(&layer.upper)?, target: c_string(&layer.covered)?, overlay })
    });
    let mounts: Vec<Mount> = bound.chain(layers).collect::<io::Result<_>>()?;
    let directory = c_string(directory)?;
    let identity = Identity::current();
    // SAFETY: between fork and exec only system calls are made, on memory prepared before the fork.
    unsafe {
        command.pre_exec(move || {
            if !(identity.is_root && unshare(CloneFlags::CLONE_NEWNS).is_ok()) {
                unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUSER)?;
                // Root without capabilities, as in BuildStream's sandbox, may not map itself (user_namespaces(7)). Nobody
                // can then make a file on an overlay; in a bound folder its owner still can.
                identity.map().or_else(|error| if kind == Kind::Staged { Ok(()) } else { Err(error) })?;
            }
            let none: Option<&CStr> = None;
            mount(none, c"/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none)?;
            for Mount { source, target, overlay } in &mounts {
                let (source, target) = (source.as_c_str(), target.as_c_str());
                match overlay.as_deref() {
                    Some(options) => {
                        mount(Some(c"overlay"), target, Some(c"overlay"), MsFlags::empty(), Some(options))?;
                    }
                    // With what is bound in it. The kernel parts no mount of another namespace from those below it.
                    None => mount(Some(source), target, none, MsFlags::MS_BIND | MsFlags::MS_REC, none)?,
                }
            }
            nix::unistd::chdir(directory.as_c_str())?;
            Ok(())
        });
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
    is_root: bool,
    uid_map: String,
    gid_map: String,
}

impl Identity {
    fn current() -> Self {
        let (uid, gid) = (nix::unistd::geteuid(), nix::unistd::getegid());
        Self { is_root: uid.is_root(), uid_map: format!("{uid} {uid} 1"), gid_map: format!("{gid} {gid} 1") }
    }

    /// Writes the maps of the namespace just entered (`user_namespaces(7)`).
    fn map(&self) -> io::Result<()> {
        fs::write("/proc/self/setgroups", "deny")?;
        fs::write("/proc/self/uid_map", &self.uid_map)?;
        fs::write("/proc/self/gid_map", &self.gid_map)
    }
}
