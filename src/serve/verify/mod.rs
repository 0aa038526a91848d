//! Verify mode: a share of what would be served is not; the compiler runs, and what it gives is compared with that.

pub mod cause;
pub mod differences;
pub mod names;
pub mod runs;

use std::io;
use std::time::{SystemTime, UNIX_EPOCH};

use spec_cc_shim::wire;

use crate::base::digest::Digest;
use crate::base::variable::Variable;
use crate::cache::outcome::Outcome;
use crate::compile::failure::is_passing;
use crate::compile::reads::Reads;
use crate::launch::miss::{Miss, MissReason};
use crate::session::Session;
use crate::session::companion::Companion;
use crate::settings::Settings;
use crate::store::{Quarantined, RecordId};
use crate::traced::perform::exit_status;
use cause::Shown;
use differences::Said;

/// What a command would have been served.
#[derive(Debug, Clone)]
pub(crate) struct Expected {
    /// Its files are called as the command calls them.
    pub outcome: Outcome,
    /// Under what it was found or would be kept, the exact key first.
    pub keys: Vec<Digest>,
    /// What the command was taken to read; nothing for a link on a grid.
    pub reads: Option<Reads>,
    /// Whether it came from a launch of this session, which has an environment of its own.
    pub launched: bool,
}

/// Which command it is.
#[derive(Clone, Copy)]
pub(crate) struct Subject<'a> {
    /// Its session.
    pub session: &'a Session,
    /// The name of its record by what it makes, and the one that it has.
    pub records: [RecordId; 2],
    /// The working directory, and what it makes.
    pub product: (&'a str, &'a str),
    /// The environment of the build's command.
    pub environment: &'a [Variable],
    /// Whether a variable is in its key.
    pub keyed: fn(&str) -> bool,
}

/// What came of the comparison.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// The compiler gave the same.
    Same,
    /// It did not. The command is in quarantine by now.
    Differs(Box<Quarantined>),
    /// Nobody can tell, and why.
    Unknown(Incomparable),
}

/// Why what would have been served cannot be compared with what the compiler gave.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Incomparable {
    /// It would not be served any more.
    #[error("its inputs changed meanwhile")]
    OtherInputs,
    /// A file that it reads was written.
    #[error("{0} changed meanwhile")]
    Changed(String),
    /// It was ended from outside.
    #[error("a signal ended it")]
    Signal,
    /// It failed, and not for its inputs' sake.
    #[error("{0}")]
    Passing(String),
    /// A file that it left cannot be read.
    #[error("{name} cannot be read: {source}")]
    Unreadable {
        /// The file, as the command calls it.
        name: String,
        /// As the system says.
        source: io::Error,
    },
}

/// Whether the next result is to be verified.
pub(super) fn is_due(settings: &Settings) -> bool {
    let share = settings.verify().unwrap_or_default();
    share > 0.0 && fastrand::f64() < share
}

/// How the compiler ended, and what it said.
struct Ended<'a> {
    status: u8,
    stdout: Said<'a>,
    stderr: Said<'a>,
}

impl<'a> Ended<'a> {
    /// What the shim reports; an error says why it cannot be compared. `kept` says whether the report has what went to standard output.
    fn of(
        report: &'a wire::Report,
        kept: bool,
        expected: &Outcome,
        subject: Subject<'_>,
    ) -> Result<Self, Incomparable> {
        let status = exit_status(report.status).ok_or(Incomparable::Signal)?;
        if status != expected.status
            && status != 0
            && let Some(why) = is_passing([&report.stdout, &report.stderr], subject.environment)
        {
            return Err(Incomparable::Passing(why));
        }
        let stdout = match (report.truncated, kept) {
            (true, _) => Said::From(&report.stdout),
            (false, false) if report.stdout_seen => Said::Something,
            (false, _) => Said::Just(&report.stdout),
        };
        let stderr = if report.truncated { Said::From(&report.stderr) } else { Said::Just(&report.stderr) };
        Ok(Self { status, stdout, stderr })
    }
}

/// Puts a command into quarantine for as long as the companion runs: from now on nobody is served of it.
fn seize(companion: &Companion, subject: Subject<'_>, expected: &Expected, differs: Vec<String>) -> Verdict {
    let Subject { session, records, product, .. } = subject;
    let mut records = records.to_vec();
    records.dedup();
    let since = SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let found = Quarantined {
        keys: expected.keys.iter().map(ToString::to_string).collect(),
        output: session.output(product),
        differs,
        cause: String::new(),
        since,
        records,
    };
    let engine = &companion.engine;
    companion.quarantine.add(&engine.cache.bars, &session.whereabouts.key, found.clone());
    for key in &expected.keys {
        if let Err(error) = engine.cache.results.remove(key) {
            tracing::warn!("{error}");
        }
    }
    let candidates: Vec<_> = {
        let inner = session.inner();
        found.records.iter().filter_map(|id| inner.candidates.get(id).cloned()).collect()
    };
    for candidate in candidates {
        candidate.quarantine();
    }
    Verdict::Differs(Box::new(found))
}

/// Counts a verdict and says why no launch served the command. A mismatch is told of in the log, and kept in the store.
pub(crate) fn conclude(
    companion: &Companion,
    subject: Subject<'_>,
    (expected, verdict): (&Expected, Verdict),
    shown: &Shown<'_>,
) -> Miss {
    let session = subject.session;
    let mut found = match verdict {
        Verdict::Unknown(why) => return MissReason::Verified.of(format!("nothing could be compared: {why}")),
        Verdict::Same => {
            session.inner().accounts.verified += 1;
            return MissReason::Verified.into();
        }
        Verdict::Differs(found) => *found,
    };
    {
        let mut inner = session.inner();
        inner.accounts.verified += 1;
        inner.accounts.mismatched += 1;
    }
    let launch = expected.launched.then_some(&session.context.site.environment);
    let mut variables =
        launch.map(|launch| cause::variables(launch, subject.environment)).unwrap_or_default();
    // Those a launch has from the command itself.
    variables.retain(|name| !(subject.keyed)(name));
    found.cause =
        cause::cause(expected.reads.as_ref(), shown, &variables, &|path| companion.engine.name(path));
    let key = &session.whereabouts.key;
    let told = format!("{}; {}", found.differs.join("; "), found.cause);
    tracing::error!(
        "VERIFY: {} of {key}: what would have been served is not what its compiler gave: {told}. It is in quarantine until \
         `specctl forget --quarantine {key}`",
        found.output
    );
    companion.quarantine.add(&companion.engine.cache.bars, key, found.clone());
    if let Some(Err(error)) = companion.store.as_ref().map(|store| store.quarantine(key, &found)) {
        tracing::error!("{} stays in quarantine for as long as the companion runs: {error}", found.output);
    }
    MissReason::Mismatched.of(told)
}
