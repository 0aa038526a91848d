//! The outcome of an action: its files and messages, as the rest of spec-cc sees an `ActionResult`.

use std::path::Path;

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use prost::Message as _;

use super::Cache;
use super::cas::Blob;
use super::error::CacheError;
use crate::action::{from_reapi, to_reapi};
use crate::base::digest::Digest;

/// What an action left. Its files' contents are blobs.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Outcome {
    /// The files.
    pub files: Vec<OutputFile>,
    /// What went to standard output.
    pub stdout: Vec<u8>,
    /// What went to standard error.
    pub stderr: Vec<u8>,
    /// The exit status. Failures are kept of traced commands alone.
    pub status: u8,
}

/// One file of an outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutputFile {
    /// As the command names it.
    pub path: String,
    /// Of the content.
    pub digest: Digest,
    /// Whether it may be executed.
    pub executable: bool,
}

impl Outcome {
    /// Stores the file at `file` and adds it as the output that the command names `path`.
    pub fn add(&mut self, cache: &Cache, path: &str, file: &Path) -> Result<(), CacheError> {
        use std::os::unix::fs::PermissionsExt;
        let digest = cache.blobs.put_path(file)?;
        let mode = std::fs::metadata(file).map_err(CacheError::new(file, "look at"))?.permissions().mode();
        self.files.push(OutputFile { path: path.to_owned(), digest, executable: mode & 0o100 != 0 });
        Ok(())
    }

    /// Whether it has no messages.
    pub fn is_silent(&self) -> bool {
        self.stdout.is_empty() && self.stderr.is_empty()
    }

    /// The outcome less its files' contents as bytes.
    pub fn encode(&self) -> Vec<u8> {
        result(self).encode_to_vec()
    }

    /// What [`Outcome::encode`] gave; `None` when the bytes make no sense.
    pub fn decode(bytes: &[u8]) -> Option<Self> {
        outcome(reapi::ActionResult::decode(bytes).ok()?)
    }

    /// The outcome with its files under the names that `name` gives them; `None` when it gives one none.
    pub fn renamed(mut self, name: impl Fn(&str) -> Option<String>) -> Option<Self> {
        for file in &mut self.files {
            file.path = name(&file.path)?;
        }
        Some(self)
    }
}

impl Cache {
    /// The outcome of a compile that succeeded and printed nothing on its standard output, if it is here with everything it
    /// names. A cache that cannot be read has none.
    pub fn find(&self, action: &Digest) -> Option<Outcome> {
        self.find_any(action).filter(|outcome| outcome.status == 0 && outcome.stdout.is_empty())
    }

    /// The outcome of an action, however it ended; none if it is barred.
    pub fn find_any(&self, action: &Digest) -> Option<Outcome> {
        if self.bars.has(action) {
            return None;
        }
        match self.results.get(action, &self.blobs) {
            Ok(result) => outcome(result?),
            Err(error) => {
                tracing::warn!("{error}");
                None
            }
        }
    }

    /// Keeps the outcome of an action.
    pub fn store(&self, action: &Digest, outcome: &Outcome) -> Result<(), CacheError> {
        self.results.put(action, &result(outcome))
    }

    /// The outcome's files, open for reading, in order; `None` when one has gone.
    pub fn open(&self, outcome: &Outcome) -> Option<Vec<Blob>> {
        outcome.files.iter().map(|file| self.blobs.open(&file.digest).ok().flatten()).collect()
    }
}

fn result(outcome: &Outcome) -> reapi::ActionResult {
    let output_files = outcome
        .files
        .iter()
        .map(|file| reapi::OutputFile {
            path: file.path.clone(),
            digest: Some(to_reapi(&file.digest)),
            is_executable: file.executable,
            ..Default::default()
        })
        .collect();
    reapi::ActionResult {
        output_files,
        stdout_raw: outcome.stdout.clone(),
        stderr_raw: outcome.stderr.clone(),
        exit_code: outcome.status.into(),
        ..Default::default()
    }
}

fn outcome(result: reapi::ActionResult) -> Option<Outcome> {
    let status = u8::try_from(result.exit_code).ok().filter(|_| result.output_directories.is_empty())?;
    let files = result.output_files.into_iter().map(|file| {
        let digest = from_reapi(&file.digest?)?;
        Some(OutputFile { path: file.path, digest, executable: file.is_executable })
    });
    let files = files.collect::<Option<_>>()?;
    Some(Outcome { files, stdout: result.stdout_raw, stderr: result.stderr_raw, status })
}
