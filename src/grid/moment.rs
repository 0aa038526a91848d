//! A compile with everything that was looked at to instantiate it, from which its job for a grid is made.

use crate::action::remote::{File, Input};
use crate::base::digest::Digest;
use crate::base::paths::PathName;
use crate::base::variable::Variable;
use crate::compile::call::Call;
use crate::compile::engine::Engine;
use crate::compile::instance::Instance;
use crate::compile::job::Job;
use crate::compile::predict::Predicted;

/// An instance with the names of what is not in its set.
pub struct Moment<'i> {
    instance: &'i Instance,
    crtbegin: Option<PathName>,
    predicted: Vec<(PathName, Digest)>,
}

impl<'i> Moment<'i> {
    /// The instance of a call; the files in `predicted` are not there yet.
    pub fn new(engine: &Engine, instance: &'i Instance, predicted: &[Predicted]) -> Self {
        let crtbegin = instance.crtbegin.as_ref().map(|(id, _)| engine.paths().get(*id));
        let predicted = predicted.iter().map(|one| (engine.paths().get(one.path), one.content)).collect();
        Self { instance, crtbegin, predicted }
    }

    /// The call as a grid has to know it, with the environment that it runs in.
    pub fn job<'a>(&'a self, call: &'a Call, environment: &'a [Variable]) -> Job<'a> {
        let search = &call.compile.search;
        let folders = [&search.quote, &search.include, &search.system, &search.after, &search.forced];
        let mut named = folders.into_iter().flatten().chain([&call.compile.source]);
        let absolute = named.all(|path| path.starts_with('/'));
        // Which of the two it was is not recorded; below the working directory it is the usual one, where both can be.
        let is_outside =
            |path: &str| !path.strip_prefix(&call.directory).is_some_and(|rest| rest.starts_with('/'));
        let mut inputs = Vec::with_capacity(self.instance.files.len() + 1);
        for siblings in &self.instance.files {
            let absolute = absolute || is_outside(siblings.folder());
            let all = Input::Siblings { siblings, absolute };
            if siblings.files().iter().any(|file| file.path.as_str() == call.compile.source) {
                let as_named = |file: File<'a>| File {
                    absolute: file.absolute || file.path == call.compile.source,
                    ..file
                };
                inputs.extend(all.files().map(as_named).map(Input::File));
            } else {
                inputs.push(all);
            }
        }
        inputs.extend(self.crtbegin.zip(self.instance.crtbegin.as_ref()).map(|(path, (_, seen))| {
            let executable = seen.stamp.mode & 0o100 != 0;
            Input::File(File { path: path.as_str(), absolute: true, digest: seen.digest, executable })
        }));
        Job {
            arguments: call.arguments(),
            environment,
            directory: &call.directory,
            outputs: &call.compile.outputs,
            inputs,
            predicted: &self.predicted,
            keys: self.instance.keys.clone(),
            toolchain: &self.instance.toolchain,
            compile: Some(&call.compile),
            ends_with_crtbegin: self.crtbegin.is_some(),
            link: false,
        }
    }
}
