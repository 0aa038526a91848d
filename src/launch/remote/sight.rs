//! Sight: the files of a session as a batch of its launches sees them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::compile::engine::Engine;
use crate::grid::Grid;
use crate::inputs::links::LinksNow;
use crate::inputs::snapshot::Snapshot;
use crate::inputs::stamp::before_any_change_ns;
use crate::launch::context::SessionContext;

/// Launches are made of files as they were this long ago at most. What is out of date by then costs a launch, no more.
const MOMENT: Duration = Duration::from_secs(2);

/// The files of a session as they are at one moment.
pub(super) struct Sight<'f> {
    pub(super) snapshot: Snapshot<'f>,
    pub(super) links: LinksNow<'f>,
    /// What traced commands see of the files: nothing is assumed in it for compiles.
    pub(super) traced: Snapshot<'f>,
    /// Coarse wall-clock time before any file was looked at, nanoseconds since the epoch.
    pub(super) began_ns: i64,
    begun: Instant,
    context: Arc<SessionContext>,
}

impl<'f> Sight<'f> {
    pub(super) fn new((engine, grid): (&'f Engine, &'f Grid), context: &Arc<SessionContext>) -> Self {
        let (begun, began_ns) = (Instant::now(), before_any_change_ns());
        let (snapshot, traced) = (Snapshot::new(&engine.files), Snapshot::new(&engine.files));
        Self { snapshot, links: grid.links(), traced, began_ns, begun, context: Arc::clone(context) }
    }

    /// Whether it still shows the files of a session, as they are since `newest` at least.
    pub(super) fn shows(&self, context: &Arc<SessionContext>, newest: Instant) -> bool {
        Arc::ptr_eq(&self.context, context) && self.begun.elapsed() < MOMENT && newest < self.begun
    }
}
