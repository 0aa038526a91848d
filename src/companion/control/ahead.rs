//! Launching before the build: for `specctl bst launch`, in a sandbox that is staged as the element's will be.

use std::collections::BTreeSet;
use std::path::Path;

use serde_json::{Value, json};

use super::error::ControlError;
use super::{PATIENCE, begin};
use crate::base::variable::Variable;
use crate::bst::Launched;
use crate::session::companion::Companion;
use crate::session::{Opening, Session};

/// Launches what is recorded, waits until all of it has ended and is left on the session's grid, and closes the session.
pub(super) fn launch(
    companion: &Companion,
    directory: &Path,
    environment: &[Variable],
) -> Result<Value, ControlError> {
    let session = begin(companion, directory, environment, Opening::Ahead)?;
    // What has not ended by then is given up with the session.
    session.wait(PATIENCE);
    let outside = outside(companion, &session);
    let commands = session.inner().candidates.len() as u64;
    let accounts = companion.close(&session, false).accounts;
    session.finish_publishing();
    Ok(json!(Launched {
        commands,
        launched: accounts.launched_executed,
        found: accounts.launched - accounts.launched_executed,
        outside,
        kept_here: session.why_kept_here(),
    }))
}

/// The files outside of the project root that the recorded commands read.
fn outside(companion: &Companion, session: &Session) -> Vec<String> {
    let paths = companion.engine.paths();
    let below = format!("{}/", session.context.site.root);
    let candidates: Vec<_> = session.inner().candidates.values().cloned().collect();
    let read: BTreeSet<_> = candidates.iter().flat_map(|candidate| candidate.reads().set.to_vec()).collect();
    let names = read.into_iter().map(|path| paths.get(path).as_str().to_owned());
    names.filter(|name| !name.starts_with(&below)).collect()
}
