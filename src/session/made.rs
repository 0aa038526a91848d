//! What a session's build makes for itself, and what earlier builds made: the contents that launches are shown before they are there.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::Session;
use super::noted::Noted;
use crate::base::digest::Digest;
use crate::base::lexical::plain;
use crate::base::paths::PathId;
use crate::command::normalise;
use crate::compile::engine::Engine;
use crate::compile::predict::Expected;
use crate::compile::recorded::templated;
use crate::inputs::files::Seen;
use crate::inputs::snapshot::Snapshot;
use crate::store::{Generated, Made};
use crate::traced::work::Work;

/// Largest file whose content is kept to predict it, bytes.
const LARGEST_PREDICTED: u64 = 8 << 20;

/// A file that so many builds in a row have made otherwise than the one before is waited for.
const FICKLE: u32 = 2;

/// Contents that are kept of what was in a file before it was made.
const MOST_BEFORE: usize = 4;

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
            let made_ns = seen.stamp.changed_ns();
            let made = made_ns > self.opened_ns
                && seen.digest.size <= LARGEST_PREDICTED
                && self.context.producer(engine, &engine.name(path), u32::MAX).is_none();
            let noted = Noted { content: seen.digest, made_ns };
            if made && self.inner().generated.insert(path, noted) != Some(noted) {
                store_content(engine, path, seen.digest);
            }
        }
    }

    /// Takes note of what is in files that builds make, just now.
    pub(super) fn saw(&self, engine: &Engine, files: &[PathId]) {
        let mut snapshot = Snapshot::new(&engine.files);
        let expected = self.context.predictions.all();
        for &path in files {
            let Some((expected, seen)) = expected.get(&path).zip(snapshot.look(path).ok()) else { continue };
            if seen.digest != expected.content {
                self.was(path, seen.digest);
            }
        }
    }

    /// Takes note of what was in a file before it was made.
    fn was(&self, path: PathId, content: Digest) {
        let mut inner = self.inner();
        let before = inner.before.entry(path).or_default();
        if before.len() < MOST_BEFORE && !before.contains(&content) {
            before.push(content);
        }
    }

    /// The files that it has made: what its commands have read, and what was expected of it and is there, whether a command has
    /// asked for it or not.
    pub(super) fn made(&self, engine: &Engine) -> Vec<Made> {
        let (noted, before) = {
            let inner = self.inner();
            (inner.generated.clone(), inner.before.clone())
        };
        let refuted = self.context.predictions.refuted();
        let made = |path: PathId, Noted { content, made_ns }: Noted, opened: Option<Digest>| Made {
            path: templated(&engine.name(path), &self.context.site.root),
            content,
            from: before
                .get(&path)
                .into_iter()
                .flatten()
                .copied()
                .filter(|one| *one != content || opened == Some(*one))
                .collect(),
            made_ns,
            late: refuted.contains(&path),
        };
        let first = |path: &PathId| before.get(path).and_then(|all| all.first()).copied();
        let mut all: Vec<Made> =
            noted.iter().map(|(&path, &noted)| made(path, noted, first(&path))).collect();
        let mut snapshot = Snapshot::new(&engine.files);
        for (&path, expected) in
            self.context.predictions.all().iter().filter(|(path, _)| !noted.contains_key(path))
        {
            let Ok(seen) = snapshot.look(path) else { continue };
            // Nobody has come to make it anew.
            if seen.digest != expected.content && expected.from.contains(&seen.digest) {
                continue;
            }
            let changed_ns = seen.stamp.changed_ns();
            let made_ns = if changed_ns > self.opened_ns { changed_ns } else { 0 };
            all.push(made(path, Noted { content: seen.digest, made_ns }, None));
        }
        all
    }

    /// Contents that launches of the next build will be shown: of the files that builds make, and of those that are made for
    /// one test.
    pub fn contents(&self) -> Vec<Digest> {
        let mut contents: Vec<_> = self.inner().generated.values().map(|noted| noted.content).collect();
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
        let mut snapshot = Snapshot::new(&engine.files);
        let expected = generated.iter().filter_map(|(path, made)| {
            let path = normalise::from_template(path, &self.context.site.root);
            let id = engine.paths().intern(&path);
            let there = snapshot.look(id).ok();
            if let Some(seen) = there.filter(|seen| seen.stamp.changed_ns() <= self.opened_ns) {
                self.was(id, seen.digest);
            }
            if made.changes >= FICKLE {
                return None;
            }
            let file = plain(path.as_ref())?;
            // One that leads out of the tree could not be shown to a launch.
            file.starts_with(&self.context.site.root).then_some(())?;
            let content = engine.cache.blobs.read(&made.content).ok()??;
            // So that its directives are known.
            engine.files.learn(&content);
            let from = from(made, there, &file);
            let file = engine.paths().intern(file.to_str()?);
            Some((id, Expected { file, content: made.content, from }))
        });
        self.context.predictions.set(expected.collect());
    }
}

/// With what in it a file that is there has yet to be made anew.
fn from(made: &Generated, there: Option<Seen>, file: &Path) -> Vec<Digest> {
    let Some(there) = there else { return made.from.clone() };
    // Another name for it would show what is there, while a launch is shown what is to come.
    if !fs::canonicalize(file).is_ok_and(|real| real == file) {
        return Vec::new();
    }
    // The last build made it anew, and now it is older than that: somebody has put it back, as a sandbox does.
    let is_back = there.digest != made.content && there.stamp.mtime_ns < made.made_ns;
    if made.from.is_empty() && is_back { vec![there.digest] } else { made.from.clone() }
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
