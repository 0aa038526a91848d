//! The sight of a view: which mounts make a job see its layers, and a temporary folder of its own.

use std::ffi::CString;
use std::io;
use std::path::Path;

use super::mirror::Mirror;
use super::temporary::mounts_below;
use super::{Kind, View};
use crate::sandbox::confine::mounts::{Sight, Step, c_string};

/// What a job sees that has this view.
pub(super) fn of(kind: Kind, view: &View, temporary: Option<&Path>) -> io::Result<Sight> {
    let mut sight = Sight::default();
    for step in view.mirror.steps() {
        sight.add(step?);
    }
    // Whatever lies in the temporary folder is hidden until it is mounted anew, the layers among it.
    let scratch = sight.hold(view.scratch())?;
    let mut layers = Vec::with_capacity(view.layers.len());
    for layer in &view.layers {
        let mount = match kind {
            Kind::Staged => Mount::Bound(sight.hold(&layer.upper)?),
            Kind::Overlay => Mount::Overlay(overlay(
                [layer.shown.as_deref(), Some(&layer.covered)].into_iter().flatten(),
                &layer.upper,
                &mut |path| sight.hold(path),
            )?),
        };
        layers.push((mount, layer.covered.as_path()));
    }
    let covered = |path: &Path| view.layers.iter().any(|layer| path.starts_with(&layer.covered));
    let temporary = temporary.filter(|folder| !covered(folder));
    if let Some(folder) = temporary {
        let below = mounts_below(folder).into_iter().filter(|point| !covered(point));
        // Others mount there, and unmount, at any moment: buildbox-casd does so for each action.
        let below =
            below.map(|point| Ok((sight.hold_if_there(&point)?, point))).collect::<io::Result<Vec<_>>>()?;
        cover_temporary(&mut sight, kind, view, folder)?;
        for (source, point) in below {
            sight.add(Step::BindIfThere { source, target: c_string(&point)? });
        }
        sight.open(folder)?;
    }
    sight.add(Step::Bind { source: scratch, target: c_string(view.scratch())? });
    sight.open(view.scratch())?;
    for (mount, covered) in layers {
        let target = c_string(covered)?;
        sight.add(match mount {
            Mount::Bound(source) => Step::Bind { source, target },
            Mount::Overlay(options) => Step::Overlay { target, options },
        });
        sight.open(covered)?;
    }
    Ok(sight)
}

/// What lies over a covered folder.
enum Mount {
    Bound(CString),
    Overlay(CString),
}

/// An overlay that keeps in memory what is written; where none can be had, a folder in which everything is bound.
fn cover_temporary(sight: &mut Sight, kind: Kind, view: &View, folder: &Path) -> io::Result<()> {
    let private = view.private_temporary();
    let target = c_string(folder)?;
    match kind {
        Kind::Overlay => {
            let upper = private.join("upper");
            sight.add(Step::Memory(c_string(&private)?));
            sight.add(Step::Folder(c_string(&upper)?));
            sight.add(Step::Folder(c_string(&upper.with_file_name("work"))?));
            let options = overlay([folder].into_iter(), &upper, &mut c_string)?;
            sight.add(Step::Overlay { target, options });
        }
        Kind::Staged => {
            let mut mirror = Mirror::default();
            mirror.add(folder, &private)?;
            for step in mirror.steps() {
                sight.add(step?);
            }
            sight.add(Step::Bind { source: c_string(&private)?, target });
        }
    }
    Ok(())
}

/// The options of an overlay; `reached` says by which path each folder is reached when it is mounted.
fn overlay<'a>(
    lower: impl Iterator<Item = &'a Path>,
    upper: &Path,
    reached: &mut dyn FnMut(&Path) -> io::Result<CString>,
) -> io::Result<CString> {
    let mut options = Vec::new();
    let mut name = "lowerdir=";
    for folder in lower {
        add(&mut options, name, &reached(folder)?);
        name = ":";
    }
    add(&mut options, ",upperdir=", &reached(upper)?);
    add(&mut options, ",workdir=", &reached(&upper.with_file_name("work"))?);
    if !nix::unistd::geteuid().is_root() {
        options.extend_from_slice(b",userxattr");
    }
    CString::new(options).map_err(io::Error::from)
}

fn add(options: &mut Vec<u8>, name: &str, path: &CString) {
    options.extend_from_slice(name.as_bytes());
    for &byte in path.as_bytes() {
        // Documentation/filesystems/overlayfs.rst: colons and commas separate, a backslash escapes.
        if matches!(byte, b'\\' | b':' | b',') {
            options.push(b'\\');
        }
        options.push(byte);
    }
}
