//! A private view of the build tree: mounts in a namespace, so that what runs in it writes nowhere else.
//!
//! A launched compile must give the very bytes the real command would have written, and file names end up in them
//! (depfile targets, `.dwo` names, coverage notes, debug paths). So it runs with the real arguments, in the real
//! working directory; only its writes are caught, in a folder of its own.

mod layer;
mod mirror;
pub mod paths;
mod sight;
mod stage;
pub(crate) mod temporary;

use std::os::unix::fs::FileTypeExt;
use std::path::{Path, PathBuf};
use std::{fs, io};

use super::confine::{Room, Users};
use super::scratch::JOB;
use crate::sandbox::confine::filter::Sockets;
use crate::sandbox::confine::mounts::c_string;
use crate::sandbox::confine::spawn::{Program, spawn};
use crate::sandbox::view::layer::{Layer, above};
use crate::sandbox::view::paths::{place, resolved};
use mirror::Mirror;
use stage::Staged;

/// How the tree gets into a view.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// By an overlay: all of it is seen.
    Overlay,
    /// By copies of what the job is known to read, in a folder that is bound over the tree: nothing else of it is seen.
    Staged,
}

/// The layers of one job, on disk below its scratch folder; removed with it.
#[derive(Debug)]
pub struct View {
    /// `None` where there are no namespaces.
    kind: Option<Kind>,
    layers: Vec<Layer>,
    staged: Staged,
    mirror: Mirror,
    scratch: tempfile::TempDir,
}

impl View {
    /// Prepares layers over `covered` (absolute folders) in a new folder below `scratch`, which must not lie in one of them.
    ///
    /// A folder inside another one needs no layer of its own. Links lead to the layers, wherever they are.
    pub fn new(kind: Option<Kind>, scratch: &Path, covered: &[&Path]) -> io::Result<Self> {
        let mut covered: Vec<PathBuf> = covered.iter().map(|folder| resolved(folder)).collect();
        let own = resolved(scratch);
        if covered.iter().any(|folder| own.starts_with(folder)) {
            return Err(io::Error::other("the scratch folder lies inside the build tree"));
        }
        let scratch = tempfile::Builder::new().prefix(JOB).tempdir_in(scratch)?;
        fs::create_dir(scratch.path().join("tmp"))?;
        let mut layers: Vec<Layer> = Vec::new();
        covered.sort_unstable();
        for folder in covered {
            if layers.iter().any(|layer| folder.starts_with(&layer.covered)) {
                continue;
            }
            let base = scratch.path().join(layers.len().to_string());
            fs::create_dir(&base)?;
            fs::create_dir(base.join("upper"))?;
            fs::create_dir(base.join("work"))?;
            layers.push(Layer { covered: folder, upper: base.join("upper"), shown: None });
        }
        Ok(Self { kind, layers, staged: Staged::default(), mirror: Mirror::default(), scratch })
    }

    /// Whether of the covered folders only that is seen which was [staged](View::stage) or [shown](View::show).
    pub fn is_staged(&self) -> bool {
        self.kind == Some(Kind::Staged) && !self.layers.is_empty()
    }

    /// Lets a staged view have what is at `path` (absolute): a file, a folder, or a link and what it leads to. Nothing is done
    /// where nothing is there, or where everything is seen.
    pub fn stage(&mut self, path: &Path) -> io::Result<()> {
        if self.is_staged() { self.staged.add(&self.layers, &self.within(path)) } else { Ok(()) }
    }

    /// Lets a staged view have all of the covered folders, as they are now, but for what it has itself: for a job that searches
    /// them, and writes nowhere. Is called last; nothing is done where everything is seen.
    pub fn mirror(&mut self) -> io::Result<()> {
        if self.is_staged() {
            for layer in &self.layers {
                self.mirror.add(&layer.covered, &layer.upper)?;
            }
        }
        Ok(())
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
        let path = &self.within(path);
        let layer = self.layers.iter_mut().find(|layer| path.starts_with(&layer.covered));
        let layer = layer.ok_or_else(|| io::Error::other("it lies outside of the build tree"))?;
        let below = path.strip_prefix(&layer.covered).map_err(io::Error::other)?;
        let inside = below.ancestors().skip(1).filter(|part| !part.as_os_str().is_empty());
        if inside.map(|part| layer.covered.join(part)).any(|folder| folder.is_symlink()) {
            return Err(io::Error::other("a symbolic link leads to it"));
        }
        if self.kind == Some(Kind::Staged) {
            return self.staged.show(&layer.upper.join(below), content);
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

    /// In what a job runs that has this view: all else is read-only, but for a temporary folder of its own that has the contents of
    /// `temporary`.
    pub(super) fn room(&self, temporary: Option<&Path>) -> io::Result<Room> {
        let Some(kind) = self.kind else {
            return Ok(Room::Shared(vec![c_string(self.scratch())?]));
        };
        let users = if kind == Kind::Staged { Users::Nobody } else { Users::Same };
        Ok(Room::Own(sight::of(kind, self, temporary)?, users))
    }

    /// The folder that lies over the temporary one, or is it where there are no namespaces.
    pub(super) fn private_temporary(&self) -> PathBuf {
        self.scratch().join("tmp")
    }

    /// Where a file written at `path` (absolute) is to be found afterwards; `None` when no layer covers it.
    pub fn written(&self, path: &Path) -> Option<PathBuf> {
        above(&self.layers, &place(path))
    }

    /// A path as it is, if it is one in a layer as text already, else behind all links.
    fn within(&self, path: &Path) -> PathBuf {
        match above(&self.layers, path) {
            Some(_) => path.to_owned(),
            None => resolved(path),
        }
    }

    /// Every file that was written, by its [place], and every place that was removed.
    pub fn changes(&self) -> io::Result<Vec<PathBuf>> {
        let mut found = Vec::new();
        for layer in &self.layers {
            let mut see = |path: &Path| {
                if let Ok(below) = path.strip_prefix(&layer.upper)
                    && !self.staged.is_untouched(path)
                {
                    found.push(layer.covered.join(below));
                }
            };
            walk(&layer.upper, &mut see)?;
            self.staged.removed(&layer.upper).for_each(see);
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

/// The kind of views that works here: tries them over a folder in `scratch`.
pub(super) fn working(scratch: &Path) -> Option<Kind> {
    [Kind::Overlay, Kind::Staged].into_iter().find(|&kind| {
        works(kind, scratch).unwrap_or_else(|error| {
            tracing::info!("no private view ({kind:?}) below {}: {error}", scratch.display());
            false
        })
    })
}

fn works(kind: Kind, scratch: &Path) -> io::Result<bool> {
    let covered = tempfile::Builder::new().prefix("probe-").tempdir_in(scratch)?;
    let (read, written) = (covered.path().join("read"), covered.path().join("written"));
    fs::write(&read, "")?;
    let mut view = View::new(Some(kind), scratch, &[covered.path()])?;
    view.stage(&read)?;
    let outside = covered.path().with_extension("outside");
    fs::write(&outside, "")?;
    let script =
        format!("! (: > {}) && : < read && : > written", shell_words::quote(&outside.to_string_lossy()));
    let succeeded =
        try_script(&view, &script, covered.path(), &fs::File::create(view.scratch().join("out"))?)?;
    fs::remove_file(outside)?;
    let caught = view.written(&written).is_some_and(|path| path.exists());
    Ok(succeeded && caught && !written.exists() && view.changes()? == [written])
}

/// Runs a shell script in a view, and says whether it succeeded.
fn try_script(view: &View, script: &str, directory: &Path, output: &fs::File) -> io::Result<bool> {
    let program = Program {
        path: Path::new("/bin/sh"),
        args: &["-c".into(), script.into()],
        environment: &[("PATH".into(), "/usr/bin:/bin".into())],
        directory,
        stdout: output,
        stderr: output,
        nice: 0,
        sockets: Sockets::Barred,
    };
    let process =
        spawn(&program, &view.room(spec_cc_tracer::temporary::of(|_| None::<PathBuf>).as_deref())?)?;
    let status = nix::sys::wait::waitpid(nix::unistd::Pid::from_raw(process), None)?;
    Ok(matches!(status, nix::sys::wait::WaitStatus::Exited(_, 0)))
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
