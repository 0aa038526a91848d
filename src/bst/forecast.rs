//! What sandboxes will be staged, before everything in them is built: each element as it was built last, with the files that its
//! edited sources will give it.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs;
use std::path::Path;

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use prost::Message;
use reapi::{Directory, FileNode};

use super::built_from::BuiltFrom;
use super::plan::{Element, Plan, Sandbox};
use super::trees::{Found, TreeError, Trees};
use crate::action::from_reapi;
use crate::base::digest::Digest;

/// So many changed files of an element are carried over to what is built on it; more is another element.
const MOST_EDITS: usize = 10_000;

/// A plan, and what will be staged in the sandboxes of its elements as far as it is known.
#[derive(Debug)]
pub(super) struct Forecast {
    /// The plan.
    pub(super) plan: Plan,
    /// The trees that all this is about.
    pub(super) trees: Trees,
    states: Vec<State>,
    /// What its elements will change in the artifacts that hold their files.
    edits: Option<Vec<Edit>>,
}

/// What is known of an element.
#[derive(Debug, Default)]
struct State {
    /// Its current sources.
    sources: Option<Digest>,
    /// Whether they are on their way.
    fetching: bool,
    /// Its artifact.
    files: Option<Digest>,
    /// The artifact of an earlier build, and the sources that it was built from.
    before: Option<(Digest, Option<Digest>)>,
    /// The artifact that it is expected to have.
    expected: Option<Digest>,
}

/// A file that will have another content wherever it is staged.
#[derive(Debug, Clone)]
struct Edit {
    path: String,
    from: Digest,
    to: FileNode,
}

/// Why nobody knows what a sandbox will be staged.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unknown {
    /// Its own sources are to come.
    #[error("its sources are not fetched")]
    Unfetched,
    /// Those of an element below are to come: nobody knows yet what was edited in them.
    #[error("the sources of {0} are not fetched")]
    UnfetchedBelow(String),
    /// An element that it is built on has to be built, and never was.
    #[error("{0} was never built here")]
    Unbuilt(String),
    /// A tree cannot be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
}

/// What a sandbox will be staged.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Root {
    /// The tree.
    pub(super) tree: Digest,
    /// Digests of trees that the build is told by variables, by variable.
    pub(super) digests: BTreeMap<String, Digest>,
}

impl Forecast {
    /// The forecast at the beginning of a plan.
    pub(super) fn new(plan: Plan, built_from: &BuiltFrom) -> Self {
        let mut forecast = Self { trees: Trees::new(&plan.cache), states: Vec::new(), edits: None, plan };
        for element in &forecast.plan.elements {
            let before = (element.needed && element.files.is_none())
                .then(|| last_artifact(&forecast.plan.cache, &element.project, &element.normal_name))
                .flatten();
            let before = before.map(|(files, sources)| (files, sources.or_else(|| built_from.get(&files))));
            forecast.states.push(State {
                sources: element.sources,
                fetching: element.fetching,
                files: element.files,
                before,
                expected: None,
            });
        }
        forecast
    }

    /// Notes an element's sources; `None` if they could not be had.
    pub(super) fn fetched(&mut self, element: usize, sources: Option<Digest>) {
        let state = &mut self.states[element];
        state.fetching = false;
        state.sources = sources.or(state.sources);
        self.forget();
    }

    /// Notes an element's artifact.
    pub(super) fn built(&mut self, element: usize, files: Digest) {
        let state = &mut self.states[element];
        (state.files, state.fetching) = (Some(files), false);
        self.forget();
    }

    /// The sources of an element, if they are here.
    pub(super) fn sources(&self, element: usize) -> Option<Digest> {
        self.states[element].sources
    }

    fn forget(&mut self) {
        self.edits = None;
        for state in &mut self.states {
            state.expected = None;
        }
    }

    /// What an element's sandbox will be staged.
    pub(super) fn root(&mut self, element: usize, sandbox: &Sandbox) -> Result<Root, Unknown> {
        let sources = self.states[element].sources.ok_or(Unknown::Unfetched)?;
        if let Some(below) = self.fetching_below(sandbox) {
            return Err(Unknown::UnfetchedBelow(self.plan.elements[below].name.clone()));
        }
        let mut parts = Vec::new();
        for (location, elements) in &sandbox.layout {
            let tree = self.staged(elements)?;
            parts.push(self.trees.below(location, tree));
        }
        let empty = self.trees.make(Directory::default());
        for folder in ["dev", "proc", "tmp", &sandbox.install_root, &sandbox.directory] {
            parts.push(self.trees.below(folder, empty));
        }
        parts.push(self.trees.below(&sandbox.build_root, sources));
        let digests = sandbox.digest_environment.iter();
        let digests = digests
            .map(|(name, elements)| Ok((name.clone(), self.staged(elements)?)))
            .collect::<Result<_, Unknown>>();
        Ok(Root { tree: self.trees.union(&parts)?, digests: digests? })
    }

    /// The tree of elements and all that they need to run.
    fn staged(&mut self, elements: &[usize]) -> Result<Digest, Unknown> {
        let mut parts = vec![self.trees.make(Directory::default())];
        for element in self.plan.run_closure(elements) {
            parts.push(self.expected(element)?);
        }
        Ok(self.trees.union(&parts)?)
    }

    /// The artifact that an element has, or will have.
    fn expected(&mut self, element: usize) -> Result<Digest, Unknown> {
        let state = &self.states[element];
        if let Some(known) = state.files.or(state.expected) {
            return Ok(known);
        }
        let name = || self.plan.elements[element].name.clone();
        let (before, _) = state.before.ok_or_else(|| Unknown::Unbuilt(name()))?;
        let mut edited = Vec::new();
        for edit in self.edits()? {
            if let Some(Found::File(file)) = self.trees.find(&before, &edit.path)?
                && file.digest.as_ref().and_then(from_reapi) == Some(edit.from)
            {
                let digest = edit.to.digest.clone();
                edited.push((edit.path, FileNode { digest, ..file }));
            }
        }
        let edited = edited.iter().map(|(path, file)| (path.as_str(), file.clone()));
        let edited = self.trees.of_files(edited)?;
        let expected = self.trees.union(&[before, edited])?;
        self.states[element].expected = Some(expected);
        Ok(expected)
    }

    /// All files that will have another content in artifacts.
    fn edits(&mut self) -> Result<Vec<Edit>, Unknown> {
        if let Some(edits) = &self.edits {
            return Ok(edits.clone());
        }
        let mut edits = Vec::new();
        for element in 0..self.states.len() {
            edits.extend(self.edits_of(element)?);
        }
        self.edits = Some(edits.clone());
        Ok(edits)
    }

    /// The files of an element's artifact that have, or will have, another content than in its last one.
    fn edits_of(&mut self, element: usize) -> Result<Vec<Edit>, Unknown> {
        let State { sources, files, before, .. } = self.states[element];
        let Some((before, built_from)) = before else { return Ok(Vec::new()) };
        if let Some(files) = files {
            let changed = self.trees.changed_files(&before, &files)?;
            return Ok(changed
                .into_iter()
                .map(|(path, from, to)| Edit { path, from, to })
                .take(MOST_EDITS)
                .collect());
        }
        let (Some(built_from), Some(sources)) = (built_from, sources) else { return Ok(Vec::new()) };
        // Its old sources may have left the cache: then nothing is known of what changed.
        let Ok(changed) = self.trees.changed_files(&built_from, &sources) else { return Ok(Vec::new()) };
        let mut by_content: HashMap<Digest, Vec<(String, FileNode)>> = HashMap::new();
        for (path, from, to) in changed.into_iter().take(MOST_EDITS) {
            by_content.entry(from).or_default().push((path, to));
        }
        let mut edits = Vec::new();
        self.trees.each_file(&before, &mut |path, file| {
            let from = file.digest.as_ref().and_then(from_reapi);
            let Some(from) = from.filter(|from| from.size > 0) else { return };
            let Some(to) = by_content.get(&from).and_then(|sources| source_of(path, sources)) else { return };
            edits.push(Edit { path: path.to_owned(), from, to: to.clone() });
        })?;
        Ok(edits)
    }

    /// An element whose sources are on their way, of those that a sandbox and all that has to be built for it rest on.
    fn fetching_below(&self, sandbox: &Sandbox) -> Option<usize> {
        if !self.states.iter().any(|state| state.fetching) {
            return None;
        }
        let mut seen = BTreeSet::new();
        let mut waiting = vec![sandbox];
        while let Some(sandbox) = waiting.pop() {
            for element in self.staged_for(sandbox) {
                if self.states[element].fetching {
                    return Some(element);
                }
                let Element { needed, sandbox, .. } = &self.plan.elements[element];
                if seen.insert(element) && *needed {
                    waiting.extend(sandbox);
                }
            }
        }
        None
    }

    /// The elements that are staged for `sandbox`, and those that these need.
    pub(super) fn staged_for(&self, sandbox: &Sandbox) -> BTreeSet<usize> {
        let named = sandbox.layout.values().chain(sandbox.digest_environment.values());
        let named: Vec<usize> = named.flatten().copied().collect();
        self.plan.run_closure(&named).into_iter().collect()
    }
}

/// Which of several changed sources an installed file is a copy of: one of the same base name, of these the one whose path ends most
/// alike; `None` when that does not tell.
fn source_of<'a>(installed: &str, sources: &'a [(String, FileNode)]) -> Option<&'a FileNode> {
    let alike = |path: &str| {
        installed.rsplit('/').zip(path.rsplit('/')).take_while(|(one, other)| one == other).count()
    };
    let best = sources.iter().map(|(path, _)| alike(path)).max().filter(|&best| best > 0)?;
    let mut best = sources.iter().filter(|(path, _)| alike(path) == best).map(|(_, file)| file);
    let first = best.next()?;
    best.all(|other| other.digest == first.digest).then_some(first)
}

/// BuildStream's `Artifact` (`buildstream/v2/artifact.proto`), as far as it is read here.
#[derive(Clone, PartialEq, Message)]
struct Artifact {
    #[prost(bool, tag = "2")]
    build_success: bool,
    #[prost(message, optional, tag = "8")]
    files: Option<reapi::Digest>,
    #[prost(message, optional, tag = "13")]
    sources: Option<reapi::Digest>,
}

/// The tree of an element's artifact that was used last, and that of its sources where build trees are cached.
fn last_artifact(cache: &Path, project: &str, normal_name: &str) -> Option<(Digest, Option<Digest>)> {
    let references = fs::read_dir(cache.join("artifacts/refs").join(project).join(normal_name)).ok()?;
    let mut references: Vec<_> = references
        .filter_map(|entry| {
            let entry = entry.ok()?;
            Some((entry.metadata().ok()?.modified().ok()?, entry.path()))
        })
        .collect();
    references.sort();
    references.iter().rev().find_map(|(_, path)| {
        let artifact = Artifact::decode(fs::read(path).ok()?.as_slice()).ok()?;
        let files = artifact.files.as_ref().and_then(from_reapi).filter(|_| artifact.build_success)?;
        Some((files, artifact.sources.as_ref().and_then(from_reapi)))
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn element(name: &str, on: &[usize], sources: &Value, fetching: bool) -> Value {
        json!({
            "name": name, "project": "p", "normal_name": name, "files": null, "run": [], "needed": true,
            "sources": sources, "fetching": fetching, "integration": null,
            "sandbox": {
                "layout": {"/": on}, "digest_environment": {}, "environment": {}, "build_root": "/b",
                "install_root": "/i", "directory": "/b", "platform": {}, "updates": true, "workspace": false,
            },
        })
    }

    #[test]
    fn nothing_is_forecast_before_all_sources_below_are_fetched() {
        let cache = tempfile::tempdir().unwrap();
        let here = json!(Digest::of(b"").to_string());
        let plan = json!({
            "casd": "unix:/s", "instance": "", "cache": cache.path(), "buildbox_run": "/r", "builders": 1, "max_jobs": 1,
            "elements": [
                element("low", &[], &Value::Null, true),
                element("middle", &[0], &here, false),
                element("top", &[1], &here, false),
                element("beside", &[], &here, false),
            ],
        });
        let plan: Plan = serde_json::from_value(plan).unwrap();
        let sandboxes: Vec<_> = plan.elements.iter().map(|one| one.sandbox.clone().unwrap()).collect();
        let mut forecast = Forecast::new(plan, &BuiltFrom::read(cache.path()));
        let why = |forecast: &mut Forecast, number: usize| {
            forecast.root(number, &sandboxes[number]).unwrap_err().to_string()
        };
        for above in [1, 2] {
            assert_eq!(why(&mut forecast, above), "the sources of low are not fetched");
        }
        assert!(forecast.root(3, &sandboxes[3]).is_ok(), "it does not rest on it");
        forecast.fetched(0, None);
        for (above, below) in [(1, "low"), (2, "middle")] {
            assert_eq!(why(&mut forecast, above), format!("{below} was never built here"));
        }
    }
}
