//! A compile with everything that was looked at to instantiate it, from which its job for a grid is made.

use super::Job;
use crate::action::remote::File;
use crate::inputs::digest::Digest;
use crate::inputs::paths::PathName;
use crate::launch::{Assumed, Call, Engine, Instance};

/// An instance with its files by their names.
pub struct Moment<'i> {
    instance: &'i Instance,
    names: Vec<PathName>,
    assumed: Vec<(PathName, Digest)>,
}

impl<'i> Moment<'i> {
    /// The instance of a call; the files in `assumed` are not there yet.
    pub fn new(engine: &Engine, instance: &'i Instance, assumed: &[Assumed]) -> Self {
        let mut names = engine.paths().all(&instance.set);
        names.extend(instance.crtbegin.as_ref().map(|(id, _)| engine.paths().get(*id)));
        let assumed = assumed.iter().map(|one| (engine.paths().get(one.path), one.content)).collect();
        Self { instance, names, assumed }
    }

    /// The call as a grid has to know it, with the environment that it runs in.
    pub fn job<'a>(&'a self, call: &'a Call, environment: &'a [(String, String)]) -> Job<'a> {
        let inside =
            |path: &str| path.strip_prefix(&call.directory).is_some_and(|rest| rest.starts_with('/'));
        let seen = self.instance.seen.iter().chain(self.instance.crtbegin.as_ref().map(|(_, seen)| seen));
        let search = &call.compile.search;
        let folders = [&search.quote, &search.include, &search.system, &search.after, &search.forced];
        let mut named = folders.into_iter().flatten().chain([&call.compile.source]);
        let absolute = named.all(|path| path.starts_with('/'));
        let files = self.names.iter().zip(seen).map(|(name, seen)| File {
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
            keys: self.instance.keys.clone(),
            toolchain: &self.instance.toolchain,
            compile: Some(&call.compile),
            ends_with_crtbegin: self.instance.crtbegin.is_some(),
            link: false,
        }
    }
}
