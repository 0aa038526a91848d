//! Leaving results on a grid for others.

use std::time::Duration;

use bytes::Bytes;

use super::remote_actions::{ActionIds, RemoteActions};
use super::upload::Parcel;
use super::{Grid, provenance, result};
use crate::base::digest::Digest;
use crate::cache::outcome::Outcome;
use crate::compile::engine::Engine;
use crate::compile::job::Job;

impl Grid {
    /// Leaves the result of a job that was run here for others, in the background.
    pub fn publish(&self, engine: &Engine, job: &Job<'_>, actions: &RemoteActions, outcome: &Outcome) {
        self.queue(engine, (job, &actions.ids()), &actions.asked.messages, outcome);
    }

    /// Whether results of compiles may be left here for others.
    pub fn takes_results(&self) -> bool {
        self.settings.uploads() && self.uploads.barred().is_none()
    }

    /// Whether records, and results of traced commands, may be left here for others.
    pub fn takes_records(&self) -> bool {
        self.settings.share_records && self.uploads.barred().is_none()
    }

    /// Why records are not left here; `None` when they are, or nobody has tried yet.
    pub fn why_unpublished(&self) -> Option<String> {
        match self.uploads.barred() {
            _ if !self.settings.share_records => Some("share_records is off".to_owned()),
            Some(error) => Some(format!("the grid takes no updates: {error}")),
            None => self.records.failed(),
        }
    }

    /// Waits until what was left in the background is there, no longer than `patience`.
    pub fn finish_uploads(&self, patience: Duration) {
        self.uploads.finish(patience);
    }

    pub(super) fn queue(
        &self,
        engine: &Engine,
        (job, ids): (&Job<'_>, &ActionIds),
        messages: &[(Digest, Bytes)],
        outcome: &Outcome,
    ) {
        let result = result::from_outcome(job, &ids.asked.outputs, outcome);
        let shared = job.keys.key_for_all(&engine.cache, outcome).map(|shared| shared.key.exact);
        let keys: Vec<Digest> = [Some(job.keys.own.exact), shared].into_iter().flatten().collect();
        let paths = outcome.files.iter().map(|file| (file.digest, engine.cache.blobs.path(&file.digest)));
        let mut messages = messages.to_vec();
        messages.push((Digest::of(&outcome.stderr), outcome.stderr.clone().into()));
        self.uploads.push(Parcel {
            action: ids.asked.action.0,
            messages,
            files: paths.collect(),
            result: provenance::sign(result, &keys),
        });
    }
}
