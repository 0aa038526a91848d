//! What a command reads.

use std::sync::Arc;

use crate::base::paths::PathId;
use crate::inputs::shape::Shape;

/// What a command reads, and by what one sees that it still reads just that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reads {
    /// The dependency set, sorted by path.
    pub set: Arc<[PathId]>,
    /// Stands for the directives of all files in the set and for where each include was found.
    pub shape: Shape,
}
