//! Ticket: a launch whose action is known, with what is needed of it until its result is here.

use std::sync::Arc;
use std::time::Duration;

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use bytes::Bytes;

use crate::base::digest::Digest;
use crate::base::variable::Variable;
use crate::cache::outcome::Outcome;
use crate::compile::call::Call;
use crate::compile::checkout::Keys;
use crate::compile::engine::Engine;
use crate::compile::job::Job;
use crate::grid::Grid;
use crate::grid::remote_actions::ActionIds;
use crate::grid::unobtainable::Unobtainable;
use crate::grid::upload_batch::Needs;
use crate::launch::life::Decision;
use crate::launch::queue::Task;
use crate::reapi::Cancel;
use crate::toolchain::Toolchain;

/// One of up to thousands in flight: neither its inputs nor its messages are kept.
pub(super) struct Ticket {
    pub(super) task: Task,
    /// Ends it.
    pub(super) cancel: Cancel,
    pub(super) ids: ActionIds,
    /// What the server needs for it, of the blobs of its batch.
    pub(super) needs: Needs,
    /// Messages that go with its result but not with its execution.
    pub(super) further: Vec<(Digest, Bytes)>,
    pub(super) keys: Keys,
    pub(super) toolchain: Arc<Toolchain>,
    /// Whether the grid is to run it.
    pub(super) executes: bool,
    /// How long it is known to take.
    pub(super) wall: Duration,
}

impl Ticket {
    /// Takes a result over that was found under its action.
    pub(super) fn found(
        &self,
        engine: &Engine,
        grid: &Grid,
        result: &reapi::ActionResult,
    ) -> Result<Option<Decision>, Unobtainable> {
        let Some(call) = self.task.candidate.work.compile() else { return Ok(None) };
        let environment = self.task.context.site.environment_of(call);
        let taken = grid.take_found(engine, &self.job(call, &environment), &self.ids, result)?;
        Ok(taken.map(|outcome| self.ready(outcome)))
    }

    /// Takes over what a worker has made; `None` when the compiler refused the source there.
    pub(super) fn executed(
        &self,
        engine: &Engine,
        grid: &Grid,
        result: &reapi::ActionResult,
    ) -> Result<Option<Decision>, Unobtainable> {
        let Some(call) = self.task.candidate.work.compile() else { return Ok(None) };
        let environment = self.task.context.site.environment_of(call);
        let job = self.job(call, &environment);
        let outcome = grid.take_executed(engine, &job, &self.ids, &self.further, result)?;
        self.task.context.budget.left(&outcome);
        Ok((outcome.status == 0).then(|| self.ready(outcome)))
    }

    fn ready(&self, outcome: Outcome) -> Decision {
        Decision::Ready(self.keys.own.exact, outcome)
    }

    /// The job without its files: their digests are in its keys, and they have been sent.
    fn job<'a>(&'a self, call: &'a Call, environment: &'a [Variable]) -> Job<'a> {
        Job {
            arguments: call.arguments(),
            environment,
            directory: &call.directory,
            outputs: &call.compile.outputs,
            inputs: Vec::new(),
            ends_with_crtbegin: false,
            predicted: &[],
            keys: self.keys.clone(),
            toolchain: &self.toolchain,
            compile: Some(&call.compile),
            link: false,
        }
    }
}
