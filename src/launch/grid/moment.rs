//! A compile with everything that was looked at to instantiate it, from which its job for a grid is made.

use std::sync::Arc;

use super::Job;
use crate::action::remote::File;
use crate::inputs::digest::Digest;
use crate::inputs::files::Seen;
use crate::inputs::paths::{PathId, PathName};
use crate::inputs::snapshot::Snapshot;
use crate::inputs::toolchain::Toolchain;
use crate::launch::{Call, Context, Engine, Keys};

/// A call's inputs and compiler as one snapshot has them.
pub struct Moment {
    inputs: Vec<(PathName, Seen)>,
    /// Where Clang takes GCC to be: it is not read, but recc counts it as an input.
    crtbegin: Option<(PathName, Seen)>,
    toolchain: Arc<Toolchain>,
    assumed: Vec<(PathName, Digest)>,
    keys: Keys,
}

impl Moment {
    /// What `snapshot` sees of a call whose instance has the keys `keys`; an error when it sees less than then.
    pub fn new(
        engine: &Engine,
        snapshot: &mut Snapshot<'_>,
        call: &Call,
        set: &[PathId],
        keys: Keys,
        context: Context<'_>,
    ) -> Result<Self, String> {
        context.assume(snapshot);
        let toolchain = engine.toolchain(call, context.path, snapshot).map_err(|error| error.to_string())?;
        let mut inputs = Vec::with_capacity(set.len());
        for &id in set {
            let name = engine.paths().get(id);
            let seen = snapshot.look(id).map_err(|error| format!("{}: {error}", name.as_str()))?;
            inputs.push((name, seen));
        }
        let crtbegin = engine.crtbegin(call, context.path, snapshot);
        let crtbegin = crtbegin.and_then(|id| Some((engine.paths().get(id), snapshot.look(id).ok()?)));
        let assumed = context.assumed.iter().map(|one| (engine.paths().get(one.path), one.content)).collect();
        Ok(Self { inputs, crtbegin, toolchain, assumed, keys })
    }

    /// The compiler.
    pub fn toolchain(&self) -> Arc<Toolchain> {
        Arc::clone(&self.toolchain)
    }

    /// The call as a grid has to know it, with the environment that it runs in.
    pub fn job<'a>(&'a self, call: &'a Call, environment: &'a [(String, String)]) -> Job<'a> {
        let inside =
            |path: &str| path.strip_prefix(&call.directory).is_some_and(|rest| rest.starts_with('/'));
        let search = &call.compile.search;
        let folders = [&search.quote, &search.include, &search.system, &search.after, &search.forced];
        let mut named = folders.into_iter().flatten().chain([&call.compile.source]);
        let absolute = named.all(|path| path.starts_with('/'));
        let files = self.inputs.iter().chain(&self.crtbegin).map(|(name, seen)| File {
            path: name.as_str(),
            // Which of the two it was is not recorded; below the working directory it is the usual one, where both can be.
            absolute: absolute || !inside(name.as_str()) || name.as_str() == call.compile.source,
            digest: seen.digest,
            executable: seen.stamp.mode & 0o100 != 0,
        });
        Job {
            arguments: call.arguments(),
            environment,
            directory: &call.directory,
            outputs: &call.compile.outputs,
            files: files.collect(),
            assumed: &self.assumed,
            keys: self.keys.clone(),
            toolchain: &self.toolchain,
            compile: Some(&call.compile),
            ends_with_crtbegin: self.crtbegin.is_some(),
            link: false,
        }
    }
}
