//! A compile with everything that was looked at to instantiate it, from which its job for a grid is made.

use std::collections::HashMap;
use std::fs;
use std::sync::Arc;

use super::Job;
use crate::action::remote::File;
use crate::inputs::digest::Digest;
use crate::inputs::files::Seen;
use crate::inputs::paths::{PathId, PathName};
use crate::inputs::snapshot::Snapshot;
use crate::inputs::toolchain::Toolchain;
use crate::launch::{Call, Context, Engine};

struct Input {
    name: PathName,
    seen: Seen,
    real: Option<String>,
}

/// A call's inputs and compiler as one snapshot has them.
pub struct Moment {
    inputs: Vec<Input>,
    toolchain: Arc<Toolchain>,
    key: Digest,
}

impl Moment {
    /// What `snapshot` sees of a call whose instance has the key `key`; an error when it sees less than then.
    pub fn new(
        engine: &Engine,
        snapshot: &mut Snapshot<'_>,
        call: &Call,
        set: &[PathId],
        key: Digest,
        context: Context<'_>,
    ) -> Result<Self, String> {
        let toolchain = engine.toolchain(call, context.path, snapshot).map_err(|error| error.to_string())?;
        let mut inputs = Vec::with_capacity(set.len());
        let mut folders = Folders::default();
        for &id in set {
            let name = engine.paths().get(id);
            let seen = snapshot.look(id).map_err(|error| format!("{}: {error}", name.as_str()))?;
            let relative =
                name.as_str().strip_prefix(&call.directory).is_some_and(|rest| rest.starts_with('/'));
            let real = if relative { None } else { folders.real(&name) };
            inputs.push(Input { name, seen, real });
        }
        Ok(Self { inputs, toolchain, key })
    }

    /// The call as a grid has to know it, with the environment that it runs in.
    pub fn job<'a>(&'a self, call: &'a Call, environment: &'a [(String, String)]) -> Job<'a> {
        let files = self.inputs.iter().map(|Input { name, seen, real }| File {
            path: name.as_str(),
            real: real.as_deref(),
            digest: seen.digest,
            executable: seen.stamp.mode & 0o100 != 0,
        });
        Job {
            arguments: call.arguments(),
            environment,
            directory: &call.directory,
            outputs: &call.compile.outputs,
            files: files.collect(),
            key: self.key,
            toolchain: &self.toolchain,
            compile: Some(&call.compile),
            link: false,
        }
    }
}

/// Where folders really are, each looked at once: the files of a dependency set share a few dozen.
#[derive(Default)]
struct Folders(HashMap<String, Option<String>>);

impl Folders {
    /// The path of a file with all links resolved.
    fn real(&mut self, file: &PathName) -> Option<String> {
        let text = file.as_str();
        if fs::symlink_metadata(text).ok()?.is_symlink() {
            return real(text);
        }
        let (folder, name) = text.rsplit_once('/')?;
        let folder = self.0.entry(folder.to_owned()).or_insert_with(|| real(folder)).as_deref()?;
        Some(format!("{}/{name}", folder.trim_end_matches('/')))
    }
}

fn real(path: &str) -> Option<String> {
    fs::canonicalize(if path.is_empty() { "/" } else { path }).ok()?.into_os_string().into_string().ok()
}
