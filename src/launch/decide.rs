//! The decision on a launch, for both kinds of command: whether it is issued, waits, has to be scanned, or need not be launched.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::PathBuf;

use super::candidate::Candidate;
use super::context::SessionContext;
use super::life::Decision;
use super::miss::MissReason;
use super::suppression::is_suppressed;
use crate::base::digest::Digest;
use crate::base::paths::PathId;
use crate::cache::Cache;
use crate::cache::outcome::Outcome;
use crate::compile::cache_key::CacheKey;
use crate::compile::call::Call;
use crate::compile::engine::Engine;
use crate::compile::instance::{Instance, Unready, instantiate};
use crate::compile::predict::Predicted;
use crate::inputs::snapshot::Snapshot;

/// A command that cannot be launched on the files as they are, without more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NotReady {
    /// It waits for this file.
    Wait(PathId),
    /// It may read other files than before: only a scan can tell. This is the file that it lacks, if that is why.
    Scan(Option<PathId>),
    /// It is not launched.
    Refuse(String),
}

/// A recorded command of either kind.
pub(super) trait Command {
    /// What it is on the files of one moment.
    type Instance: Instantiated;

    /// Instantiates it on the files that the snapshot sees and those that are `predicted`.
    fn instantiate(
        &self,
        engine: &Engine,
        snapshot: &mut Snapshot<'_>,
        on: On<'_>,
    ) -> Result<Self::Instance, Unready>;

    /// What is to be done when that fails.
    fn not_ready(&self, context: &SessionContext, why: Unready) -> NotReady;

    /// What a build looks at before it asks for the command.
    fn outputs(&self) -> Vec<PathBuf>;
}

/// What a command is instantiated on, beside the files.
#[derive(Clone, Copy)]
pub(super) struct On<'a> {
    pub(super) candidate: &'a Candidate,
    pub(super) context: &'a SessionContext,
    pub(super) predicted: &'a [Predicted],
}

/// A command on the files of one moment.
pub(crate) trait Instantiated {
    /// Names it: the exact key of its result.
    fn key(&self) -> Digest;

    /// When the last of its inputs was written, nanoseconds since the epoch.
    fn newest_ns(&self) -> i64;

    /// Whether its result is not to be used.
    fn is_barred(&self, cache: &Cache) -> bool;

    /// Its result, if that is here.
    fn find(&self, cache: &Cache) -> Option<Outcome>;

    /// The digests that its result may be kept under, the exact one first.
    fn keys(&self) -> Vec<Digest>;

    /// The key under which its launch is looked up before it gets a core.
    fn looked_up_as(&self) -> Option<CacheKey>;
}

impl Command for Call {
    type Instance = Instance;

    fn instantiate(
        &self,
        engine: &Engine,
        snapshot: &mut Snapshot<'_>,
        on: On<'_>,
    ) -> Result<Instance, Unready> {
        instantiate(engine, snapshot, self, &on.candidate.reads(), on.context.site.context(on.predicted))
    }

    fn not_ready(&self, context: &SessionContext, why: Unready) -> NotReady {
        match why {
            Unready::Refused(why) | Unready::Untold(why) => NotReady::Refuse(why),
            Unready::Missing(file) if context.is_needed(file) => NotReady::Wait(file),
            Unready::Absent(folder, _) => {
                context.need(folder);
                NotReady::Wait(folder)
            }
            Unready::Missing(file) => NotReady::Scan(Some(file)),
            Unready::Changed => NotReady::Scan(None),
        }
    }

    fn outputs(&self) -> Vec<PathBuf> {
        Call::outputs(self).iter().map(|output| self.absolute(output)).collect()
    }
}

impl Instantiated for Instance {
    fn key(&self) -> Digest {
        self.keys.own.exact
    }

    fn newest_ns(&self) -> i64 {
        self.newest_ns
    }

    fn is_barred(&self, cache: &Cache) -> bool {
        self.keys.are_barred(cache)
    }

    fn find(&self, cache: &Cache) -> Option<Outcome> {
        self.keys.find(cache)
    }

    fn keys(&self) -> Vec<Digest> {
        self.keys.all()
    }

    fn looked_up_as(&self) -> Option<CacheKey> {
        None
    }
}

/// The command's instance, or what is to be done to get one.
pub(super) fn ready<C: Command>(
    engine: &Engine,
    snapshot: &mut Snapshot<'_>,
    command: &C,
    on: On<'_>,
) -> Result<C::Instance, NotReady> {
    command.instantiate(engine, snapshot, on).map_err(|why| command.not_ready(on.context, why))
}

/// What speaks against a launch that could be issued.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Against {
    /// What it makes is there, and no older than any input.
    pub(super) built: bool,
    /// Its launches keep being wasted.
    pub(super) suppressed: bool,
}

impl Against {
    /// What speaks against it now, before it is issued.
    pub(super) fn issuing<C: Command>(command: &C, on: On<'_>, instance: &C::Instance) -> Self {
        Self {
            // recc sees to that itself, and what is there of a command that has changed is not its own.
            built: on.context.recc.is_none()
                && !on.candidate.is_guessed()
                && is_built(&command.outputs(), instance.newest_ns()),
            suppressed: on.candidate.record(is_suppressed),
        }
    }
}

/// The decision on a command that is ready to be launched; `None` when it is to be.
pub(super) fn decide(
    engine: &Engine,
    context: &SessionContext,
    instance: &impl Instantiated,
    against: Against,
) -> Option<Decision> {
    if instance.is_barred(&engine.cache) {
        return Some(Decision::LeaveOut(MissReason::Quarantined.into()));
    }
    // Where recc runs it, the result is recc's.
    let found = if context.recc.is_some() { None } else { instance.find(&engine.cache) };
    choose(instance.key(), found, against)
}

/// The table.
fn choose(key: Digest, found: Option<Outcome>, against: Against) -> Option<Decision> {
    match (found, against) {
        (Some(outcome), Against { built: false, suppressed: false }) => Some(Decision::Ready(key, outcome)),
        (Some(_), _) => Some(Decision::Held(key)),
        (None, Against { built: true, .. }) => Some(Decision::Not(MissReason::UpToDate.into())),
        (None, Against { suppressed: true, .. }) => {
            Some(Decision::LeaveOut(MissReason::KeptBeingWasted.into()))
        }
        (None, Against { built: false, suppressed: false }) => None,
    }
}

/// Whether what a command makes first is there and no older than any input, so that a build would not ask for it.
fn is_built(outputs: &[PathBuf], newest_ns: i64) -> bool {
    outputs.first().is_some_and(|output| {
        fs::metadata(output).is_ok_and(|meta| meta.mtime() * 1_000_000_000 + meta.mtime_nsec() >= newest_ns)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_of_decisions() {
        let key = Digest::of(b"key");
        let say = |found: bool, built, suppressed| match choose(
            key,
            found.then(Outcome::default),
            Against { built, suppressed },
        ) {
            None => "launch".to_owned(),
            Some(Decision::Ready(..)) => "ready".to_owned(),
            Some(Decision::Held(_)) => "held".to_owned(),
            Some(Decision::Not(why)) => format!("not: {why}"),
            Some(Decision::LeaveOut(why)) => format!("left out: {why}"),
            Some(other) => format!("{other:?}"),
        };
        let (built, wasted) = (format!("not: {}", MissReason::UpToDate), MissReason::KeptBeingWasted);
        let wasted = format!("left out: {wasted}");
        let table = [
            (true, false, false, "ready"),
            (true, false, true, "held"),
            (true, true, false, "held"),
            (true, true, true, "held"),
            (false, false, false, "launch"),
            (false, false, true, &wasted),
            (false, true, false, &built),
            (false, true, true, &built),
        ];
        for (found, is_built, suppressed, expected) in table {
            assert_eq!(say(found, is_built, suppressed), expected, "{found} {is_built} {suppressed}");
        }
    }
}
