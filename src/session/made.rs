//! What a session's build makes for itself, and what earlier builds made: the contents that launches are shown before they are there.

use std::collections::BTreeMap;

use super::Session;
use crate::base::digest::Digest;
use crate::base::lexical::plain;
use crate::base::paths::PathId;
use crate::command::normalise;
use crate::compile::engine::Engine;
use crate::compile::recorded::templated;
use crate::inputs::snapshot::Snapshot;
use crate::store::Generated;
use crate::traced::work::Work;

/// Largest file whose content is kept to predict it, bytes.
const LARGEST_PREDICTED: u64 = 8 << 20;

/// A file that so many builds in a row have made otherwise than the one before is waited for.
const FICKLE: u32 = 2;

impl Session {
    /// Takes note of what the build has made itself of what a command reads or finds, so that the next build's launches need not
    /// wait for it. `changed_ns` is the latest change to any of it.
    pub fn note(&self, engine: &Engine, files: &[PathId], changed_ns: i64, snapshot: &mut Snapshot<'_>) {
        if changed_ns <= self.opened_ns {
            return;
        }
        let below = format!("{}/", self.context.site.root);
        for &path in files.iter().filter(|&&path| engine.paths().get(path).as_str().starts_with(&below)) {
            let Ok(seen) = snapshot.look(path) else { continue };
            // What a command makes is predicted by launching that command.
            let made = seen.stamp.changed_ns() > self.opened_ns
                && seen.digest.size <= LARGEST_PREDICTED
                && self.context.producer(engine, &engine.name(path), u32::MAX).is_none();
            if made && self.inner().generated.insert(path, seen.digest) != Some(seen.digest) {
                store_content(engine, path, seen.digest);
            }
        }
    }

    /// What it has noted, by templated path.
    pub fn generated(&self, engine: &Engine) -> Vec<(String, Digest)> {
        let inner = self.inner();
        let noted = inner.generated.iter();
        noted
            .map(|(&path, &content)| (templated(&engine.name(path), &self.context.site.root), content))
            .collect()
    }

    /// What was expected of it and is there, whether a command has asked for it or not, by templated path.
    pub(super) fn came_true(&self, engine: &Engine) -> Vec<(String, Digest)> {
        let mut snapshot = Snapshot::new(&engine.files);
        let mut expected = self.context.predictions.paths();
        expected.retain(|path| !self.inner().generated.contains_key(path));
        let made = expected.into_iter().filter_map(|path| Some((path, snapshot.look(path).ok()?.digest)));
        made.map(|(path, content)| (templated(&engine.name(path), &self.context.site.root), content))
            .collect()
    }

    /// Contents that launches of the next build will be shown: of the files that builds make, and of those that are made for
    /// one test.
    pub fn contents(&self, engine: &Engine) -> Vec<Digest> {
        let mut contents: Vec<_> = self.generated(engine).into_iter().map(|(_, content)| content).collect();
        contents.extend(self.context.predictions.contents());
        let candidates: Vec<_> = self.inner().candidates.values().cloned().collect();
        for candidate in candidates
            .iter()
            .filter(|candidate| matches!(&candidate.work, Work::Traced(traced) if traced.probe))
        {
            contents.extend(candidate.given().iter().map(|given| given.content));
        }
        contents
    }

    /// Loads what earlier builds have made, as far as it can be predicted.
    pub fn predict(&self, engine: &Engine, generated: &BTreeMap<String, Generated>) {
        let steady = generated.iter().filter(|(_, made)| made.changes < FICKLE);
        let expected = steady.filter_map(|(path, made)| {
            let path = normalise::from_template(path, &self.context.site.root);
            let file = plain(path.as_ref())?;
            // One that leads out of the tree could not be shown to a launch.
            file.starts_with(&self.context.site.root).then_some(())?;
            let content = engine.cache.blobs.read(&made.content).ok()??;
            // So that its directives are known.
            engine.files.learn(&content);
            Some((engine.paths().intern(&path), (engine.paths().intern(file.to_str()?), made.content)))
        });
        self.context.predictions.set(expected.collect());
    }
}

/// Keeps a file's content, if it is still that.
fn store_content(engine: &Engine, path: PathId, content: Digest) {
    let blobs = &engine.cache.blobs;
    if !blobs.contains(&content).unwrap_or(false) {
        let name = engine.name(path);
        if let Err(error) = blobs.put_path(name.as_ref()) {
            tracing::debug!("{name} is not kept to foretell it: {error}");
        }
    }
}
