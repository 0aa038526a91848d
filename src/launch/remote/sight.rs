//! Sight: the files of a session as a batch of its launches sees them.

use std::sync::Arc;
use std::time::{Duration, Instant};

use crate::compile::engine::Engine;
use crate::grid::Grid;
use crate::inputs::links::LinksNow;
use crate::inputs::snapshot::Snapshot;
use crate::launch::context::SessionContext;

/// Launches are made of files as they were this long ago at most. What is out of date by then costs a launch, no more.
const MOMENT: Duration = Duration::from_secs(2);

/// The files of a session as they are at one moment.
pub(super) struct Sight<'f> {
    pub(super) snapshot: Snapshot<'f>,
    pub(super) links: LinksNow<'f>,
    begun: Instant,
    context: Arc<SessionContext>,
}

impl<'f> Sight<'f> {
    pub(super) fn new((engine, grid): (&'f Engine, &'f Grid), context: &Arc<SessionContext>) -> Self {
        let begun = Instant::now();
        let (snapshot, links) = (Snapshot::new(&engine.files), grid.links());
        Self { snapshot, links, begun, context: Arc::clone(context) }
    }

    /// Whether it still shows the files of a session, as they are since `newest` at least.
    pub(super) fn shows(&self, context: &Arc<SessionContext>, newest: Instant) -> bool {
        Arc::ptr_eq(&self.context, context) && self.begun.elapsed() < MOMENT && newest < self.begun
    }
}
