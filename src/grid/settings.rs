//! What a session's settings say about its grid.

use crate::action::remote::Layout;
use crate::reapi::Endpoints;
use crate::settings::Policy;

/// How a session uses its grid. Sessions with equal settings share everything.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct GridSettings {
    /// The servers.
    pub endpoints: Endpoints,
    /// How commands are laid out.
    pub layout: Layout,
    /// Whether links are treated.
    pub links: bool,
    /// What to do about compiles and links on a miss.
    pub policies: [Policy; 2],
    /// Whether results of compiles and links run here are left on the grid.
    pub upload: bool,
    /// Whether records, and results of traced commands, are left on the grid.
    pub share_records: bool,
    /// Whether traced commands are executed on the grid ahead of the build.
    pub traced: bool,
    /// `RECC_SKIP_CACHE`: look nothing up.
    pub skip_cache: bool,
    /// `ExecutionPolicy.priority` of launches.
    pub priority: i32,
}

impl GridSettings {
    pub(super) fn policy(&self, link: bool) -> Policy {
        self.policies[usize::from(link)]
    }

    /// Whether a result is left for others under the action that recc would look for.
    pub fn uploads(&self) -> bool {
        self.upload && !self.layout.uncacheable
    }
}
