//! Traced commands on a worker: with all that they touch as their input root, and the tracer to tell what they have touched there.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;

use super::Grid;
use super::remote_actions::{ActionIds, Sent};
use super::unobtainable::Unobtainable;
use super::unusable::Unusable;
use crate::action::from_reapi;
use crate::action::remote::{Built, Node, mirrored};
use crate::base::digest::Digest;
use crate::cache::outcome::Outcome;
use crate::compile::engine::Engine;
use crate::settings::Policy;
use crate::traced::Traced;
use crate::traced::elsewhere::Returned;
use crate::traced::mirror::Mirror;

/// Where the tracer is in an input root, and where it leaves its report.
const TRACER: &str = ".spec-cc-trace";
const REPORT: &str = ".spec-cc-report";

/// An action that a worker can run.
#[derive(Debug)]
pub(crate) struct TracedAction {
    /// What is left of it when its messages have been sent.
    pub(crate) ids: ActionIds,
    /// Its messages.
    pub(crate) built: Built,
    /// Where the contents of its files are to be found.
    pub(crate) contents: Vec<(Digest, PathBuf)>,
}

impl Grid {
    /// Whether traced commands are executed there ahead of the build.
    pub fn runs_traced(&self) -> bool {
        self.why_untraced().is_none()
    }

    /// Why traced commands are not executed there; `None` when they are.
    pub fn why_untraced(&self) -> Option<&'static str> {
        if !self.settings.traced {
            Some("remote_traced is off")
        } else if self.settings.policy(false) == Policy::CacheOnly {
            Some("the grid is asked for results alone")
        } else if self.fitness.is_lost() {
            Some("what the grid made of the last ones could not be used")
        } else if self.client.offer().is_ok_and(|offer| offer.execute) {
            None
        } else {
            Some("the grid executes nothing")
        }
    }

    /// Takes note of whether a worker's result could be used.
    pub(crate) fn has_traced(&self, usable: bool) {
        if self.fitness.judge(usable) {
            tracing::info!(
                "configure tests, links and archives run here: what the grid made of them could not be used"
            );
        }
    }

    /// The action of a traced command on the files of a mirror; `program` is the tracer.
    pub(crate) fn traced_action(
        &self,
        traced: &Traced,
        mut mirror: Mirror,
        program: (PathBuf, Digest),
    ) -> TracedAction {
        mirror.nodes.insert(format!("/{TRACER}"), Node::File(program.1, true));
        mirror.contents.push((program.1, program.0));
        mirror.outputs.push(REPORT.to_owned());
        mirror.outputs.sort_unstable();
        let Mirror { nodes, contents, outputs, .. } = mirror;
        let built = mirrored(arguments(traced), outputs, &nodes, &self.settings.layout, &self.folders);
        let sent = Sent { action: built.action, outputs: built.command.output_paths.clone() };
        let ids = ActionIds { asked: sent.clone(), executable: sent, faithful: true, pinned: true };
        TracedAction { ids, built, contents }
    }

    /// What a worker has brought back, with all contents in the local cache.
    pub(crate) fn returned(
        &self,
        engine: &Engine,
        ids: &ActionIds,
        result: &reapi::ActionResult,
    ) -> Result<Returned, Unobtainable> {
        if result.output_directories.len() + result.output_symlinks.len() > 0 {
            return Err(Unusable::NotFiles.into());
        }
        let said = |raw: &Vec<u8>, digest: Option<&reapi::Digest>| match digest.and_then(from_reapi) {
            Some(digest) if raw.is_empty() && digest.size > 0 => self.client.read(&digest),
            _ => Ok(raw.clone()),
        };
        let stdout = said(&result.stdout_raw, result.stdout_digest.as_ref())?;
        let stderr = said(&result.stderr_raw, result.stderr_digest.as_ref())?;
        let failed = |status| {
            let said =
                String::from_utf8_lossy(&stderr).lines().next().unwrap_or("it said nothing").to_owned();
            Unusable::Failed { status, said }
        };
        let status = u8::try_from(result.exit_code).map_err(|_| failed(result.exit_code))?;
        let (mut files, mut wanted) = (HashMap::new(), Vec::new());
        for file in &result.output_files {
            if !ids.executable.outputs.contains(&file.path) {
                return Err(Unusable::Undeclared(file.path.clone()).into());
            }
            let digest = file.digest.as_ref().ok_or(Unusable::NoDigest)?;
            let digest = from_reapi(digest).ok_or_else(|| Unusable::Digest(digest.hash.clone()))?;
            if digest.size == 0 || !file.contents.is_empty() {
                engine.cache.blobs.put_bytes(&file.contents).map_err(Unusable::from)?;
            }
            if digest.size > 0 {
                wanted.push(digest);
            }
            files.insert(Path::new("/").join(&file.path), digest);
        }
        let Some(report) = files.remove(&Path::new("/").join(REPORT)) else {
            return Err(failed(result.exit_code).into());
        };
        self.client.download(&wanted, &engine.cache.blobs)?;
        let report = engine.cache.blobs.path(&report);
        Ok(Returned { report, said: Outcome { status, stdout, stderr, files: Vec::new() }, files })
    }
}

/// The tracer's arguments, the command's own behind them.
fn arguments(traced: &Traced) -> Vec<String> {
    let others = traced.environment.iter().filter(|(name, _)| name != "PWD");
    // As a launch here has it.
    let own = ("PWD".to_owned(), traced.directory.clone());
    let variables: Vec<String> =
        others.chain([&own]).map(|(name, value)| format!("{name}={value}")).collect();
    let first = [format!("./{TRACER}"), "within".to_owned(), format!("/{REPORT}"), traced.directory.clone()];
    first
        .into_iter()
        .chain([variables.len().to_string()])
        .chain(variables)
        .chain([traced.program.clone()])
        .chain(traced.argv.iter().cloned())
        .collect()
}
