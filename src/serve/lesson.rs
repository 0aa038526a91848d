//! A lesson: a command that the build runs itself, and what it was asked for with.

use std::ffi::OsString;
use std::sync::Arc;

use super::unserved::{Unmet, Unserved};
use super::verify::{Expected, Subject};
use crate::base::variable::Variable;
use crate::compile::call::Call;
use crate::compile::link::Linkage;
use crate::compile::link::call::LinkCall;
use crate::compile::recorded::Recorded;
use crate::grid::Grid;
use crate::launch::miss::Miss;
use crate::session::counts::Way;
use crate::session::{Active, Session};
use crate::store::RecordId;
use crate::traced::Traced;

/// A command of the build's own that will be learnt from.
pub(crate) struct Lesson<C> {
    /// The command.
    pub command: C,
    /// Its record's name by what it makes, and the one that it has.
    pub records: [RecordId; 2],
    /// Its session.
    pub session: Arc<Session>,
    /// Position in the build's order.
    pub order: u32,
    /// What it would have been served, to be compared with what its compiler gives.
    pub expected: Option<Box<Expected>>,
    /// Where its result is left for others.
    pub grid: Option<Arc<Grid>>,
    /// Why no launch serves it.
    pub why: Miss,
    /// Keeps the session from closing before the lesson is learnt.
    pub(crate) active: Active,
}

/// A compile of the build's own.
pub(crate) type CompileLesson = Lesson<Call>;

/// A traced command of the build's own.
pub(crate) type TracedLesson = Lesson<Traced>;

impl<C: Recorded> Lesson<C> {
    /// A command that could not be served.
    pub(super) fn new(
        session: &Arc<Session>,
        command: C,
        unserved: Unserved,
        grid: Option<Arc<Grid>>,
        active: Active,
    ) -> Self {
        let Unserved { records, order, unmet: Unmet { why, expected }, .. } = unserved;
        let session = Arc::clone(session);
        Self { command, records, session, order, expected, grid, why, active }
    }

    /// The name that its record has.
    pub(crate) fn id(&self) -> RecordId {
        let [_, id] = self.records;
        id
    }

    /// Counts it as served in a way that is no launch's.
    pub(crate) fn tell(&self, way: Way) {
        self.tell_why(way, Some(&self.why));
    }

    /// Counts it as served in a way, and for a reason if that is no launch's.
    pub(crate) fn tell_why(&self, way: Way, why: Option<&Miss>) {
        self.session.tell((self.id(), self.product()), self.active.asked(), way, why);
    }

    /// Counts it as bypassed after all.
    pub(crate) fn bypass(&self, reason: &str, args: &[OsString]) {
        self.session.bypass(reason, args, self.active.asked());
    }

    fn product(&self) -> (&str, &str) {
        (self.command.directory(), self.command.product())
    }

    /// Which command it is, asked for under this environment.
    pub(crate) fn subject<'a>(&'a self, environment: &'a [Variable]) -> Subject<'a> {
        let (session, records, product) = (&*self.session, self.records, self.product());
        Subject { session, records, product, environment, keyed: C::keyed }
    }
}

/// A link of the build's own whose result will be kept.
pub(crate) struct LinkLesson {
    /// The command.
    pub(crate) call: LinkCall,
    /// What it was to read before it ran.
    pub(crate) linkage: Linkage,
    /// Where its result is left for others.
    pub(crate) grid: Arc<Grid>,
    /// Its session.
    pub(crate) session: Arc<Session>,
    /// What it would have been served, to be compared with what it gives.
    pub(crate) expected: Option<Box<Expected>>,
    /// Keeps the session from closing before the result is kept.
    pub(crate) active: Active,
}
