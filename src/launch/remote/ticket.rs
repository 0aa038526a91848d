//! Ticket: a launch whose action is known, with what is needed of it until its result is here.

use std::sync::Arc;
use std::time::Duration;

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use bytes::Bytes;

use crate::base::digest::Digest;
use crate::base::variable::Variable;
use crate::compile::call::Call;
use crate::compile::checkout::Keys;
use crate::compile::engine::Engine;
use crate::compile::job::Job;
use crate::grid::Grid;
use crate::grid::remote_actions::ActionIds;
use crate::grid::unobtainable::Unobtainable;
use crate::grid::unusable::Unusable;
use crate::grid::upload_batch::Needs;
use crate::launch::life::Decision;
use crate::launch::queue::Task;
use crate::reapi::Cancel;
use crate::toolchain::Toolchain;
use crate::traced::Traced;
use crate::traced::elsewhere::{Sent, take_over};
use crate::traced::work::Work;

/// One of up to thousands in flight: neither its inputs nor its messages are kept.
pub(super) struct Ticket {
    pub(super) task: Task,
    /// Ends it.
    pub(super) cancel: Cancel,
    pub(super) ids: ActionIds,
    /// What the server needs for it, of the blobs of its batch.
    pub(super) needs: Needs,
    pub(super) errand: Errand,
    /// Whether the grid is to run it.
    pub(super) executes: bool,
    /// How long it is known to take.
    pub(super) wall: Duration,
}

/// What is needed to take its result over.
pub(super) enum Errand {
    /// A compile's.
    Compile {
        /// Messages that go with its result but not with its execution.
        further: Vec<(Digest, Bytes)>,
        keys: Keys,
        toolchain: Arc<Toolchain>,
    },
    /// A traced command's.
    Traced(Sent),
}

impl Ticket {
    /// Whether there may be a result under its action that somebody has left.
    pub(super) fn is_looked_up(&self) -> bool {
        matches!(self.errand, Errand::Compile { .. })
    }

    /// Takes a result over that was found under its action.
    pub(super) fn found(
        &self,
        engine: &Engine,
        grid: &Grid,
        result: &reapi::ActionResult,
    ) -> Result<Option<Decision>, Unobtainable> {
        let (Work::Compile(call), Errand::Compile { keys, toolchain, .. }) =
            (&self.task.candidate.work, &self.errand)
        else {
            return Ok(None);
        };
        let environment = self.task.context.site.environment_of(call);
        let taken = grid.take_found(engine, &job(call, &environment, keys, toolchain), &self.ids, result)?;
        Ok(taken.map(|outcome| Decision::Ready(keys.own.exact, outcome)))
    }

    /// Takes over what a worker has made; `None` when the compiler refused the source there.
    pub(super) fn executed(
        &self,
        engine: &Engine,
        grid: &Grid,
        result: &reapi::ActionResult,
    ) -> Result<Option<Decision>, Unobtainable> {
        match (&self.task.candidate.work, &self.errand) {
            (Work::Compile(call), Errand::Compile { further, keys, toolchain }) => {
                let environment = self.task.context.site.environment_of(call);
                let job = job(call, &environment, keys, toolchain);
                let outcome = grid.take_executed(engine, &job, &self.ids, further, result)?;
                self.task.context.budget.left(&outcome);
                Ok((outcome.status == 0).then_some(Decision::Ready(keys.own.exact, outcome)))
            }
            (Work::Traced(traced), Errand::Traced(sent)) => {
                self.traced(engine, grid, (traced, sent), result).map(Some)
            }
            _ => Ok(None),
        }
    }

    /// Takes over what a worker has made of a traced command.
    fn traced(
        &self,
        engine: &Engine,
        grid: &Grid,
        (traced, sent): (&Traced, &Sent),
        result: &reapi::ActionResult,
    ) -> Result<Decision, Unobtainable> {
        let Task { candidate, context, round, .. } = &self.task;
        let returned = grid.returned(engine, &self.ids, result)?;
        let observed =
            take_over(engine, traced, &context.site.root, sent, returned).map_err(Unusable::from)?;
        grid.has_traced(true);
        grid.publish_traced(&engine.cache, &observed.key, &observed.outcome);
        context.budget.left(&observed.outcome);
        candidate.learn(*round, observed.reads);
        Ok(Decision::Ready(observed.key.exact, observed.outcome))
    }
}

/// A compile's job without its files: their digests are in its keys, and they have been sent.
fn job<'a>(call: &'a Call, environment: &'a [Variable], keys: &Keys, toolchain: &'a Toolchain) -> Job<'a> {
    Job {
        arguments: call.arguments(),
        environment,
        directory: &call.directory,
        outputs: &call.compile.outputs,
        inputs: Vec::new(),
        ends_with_crtbegin: false,
        predicted: &[],
        keys: keys.clone(),
        toolchain,
        compile: Some(&call.compile),
        link: false,
    }
}
