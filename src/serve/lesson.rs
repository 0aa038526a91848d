//! A lesson: a compile that the build runs itself, and what it was asked for with.

use std::sync::Arc;

use super::verify::{Expected, Subject};
use crate::command;
use crate::compile::call::Call;
use crate::compile::link::Linkage;
use crate::compile::link::call::LinkCall;
use crate::grid::Grid;
use crate::launch::accounts::Way;
use crate::launch::miss::Miss;
use crate::session::{Active, Session};
use crate::store::RecordId;
use crate::traced::Traced;

/// A compile of the build's own that will be learnt from.
pub(crate) struct Lesson {
    /// The command.
    pub call: Call,
    /// Its record's name.
    pub id: RecordId,
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
    pub(super) _active: Active,
}

impl Lesson {
    /// Counts it as served in a way that is no launch's.
    pub(crate) fn tell(&self, way: Way) {
        self.tell_why(way, &self.why);
    }

    /// The same, for this reason.
    pub(crate) fn tell_why(&self, way: Way, why: &Miss) {
        tell(&self.session, self.id, &self.call, way, Some(why));
    }

    /// Which command it is, asked for under this environment.
    pub(crate) fn subject<'a>(&'a self, environment: &'a [(String, String)]) -> Subject<'a> {
        Subject {
            session: &self.session,
            records: [self.call.id(&self.session.context.site.root), self.id],
            product: (&self.call.directory, self.call.compile.object()),
            environment,
            keyed: command::keyed,
        }
    }
}

/// Counts a compile as served.
pub(crate) fn tell(session: &Session, id: RecordId, call: &Call, way: Way, why: Option<&Miss>) {
    session.tell(id, (&call.directory, call.compile.object()), way, why);
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
    pub(crate) _active: Active,
}

/// A traced command of the build's own.
pub(crate) struct TracedLesson {
    /// The command.
    pub(crate) traced: Traced,
    /// Whether its messages go to a terminal.
    pub(crate) terminal: bool,
    /// Its session.
    pub(crate) session: Arc<Session>,
    /// What it would have been served, to be compared with what it gives.
    pub(crate) expected: Option<Box<Expected>>,
    /// Its record's name by what it makes, and the one that it has.
    pub(crate) records: [RecordId; 2],
    pub(crate) order: u32,
    /// Why no launch serves it.
    pub(crate) why: Miss,
    pub(crate) _active: Active,
}
