//! What a traced command will find at the paths that it touches, before its build has made them.

use super::state::{Overrides, Stated, There, is_absence, state};
use super::Traced;
use crate::inputs::digest::Digest;
use crate::inputs::paths::PathId;
use crate::inputs::snapshot::Snapshot;
use crate::launch::{Assumed, Engine, Known, Launch, Place, Unready};

/// What is to be shown to a launch in place of what is there.
pub type Foreseen = Overrides;

/// What a recorded traced command will find, and its key on that.
///
/// Fails with a missing file that has to be waited for.
pub fn look_ahead(
    engine: &Engine,
    snapshot: &mut Snapshot<'_>,
    known: &Known,
    place: &Place,
    traced: &Traced,
) -> Result<(Foreseen, Stated), Unready> {
    let assumed = place.assumed(snapshot);
    let (reads, given) = {
        let state = known.state();
        (state.reads.clone(), state.given.clone())
    };
    let foreseen = foresee(engine, snapshot, place, traced, &given, &assumed).map_err(Unready::Missing)?;
    let found = state(engine, snapshot, traced, &reads.set, &foreseen)?;
    Ok((foreseen, found))
}

/// Foresees what `traced` will find. `given` are the files of its build that it read last time, `assumed` what the build is
/// expected to make. Fails with a file that has to be waited for.
fn foresee(
    engine: &Engine,
    snapshot: &mut Snapshot<'_>,
    place: &Place,
    traced: &Traced,
    given: &[(PathId, Digest)],
    assumed: &[Assumed],
) -> Result<Foreseen, PathId> {
    let mut foreseen = Foreseen::new();
    for &(id, content) in given {
        if traced.probe {
            foreseen.insert(id, There::File(content, false));
        } else if let Some(there) = to_come(engine, snapshot, place, id, assumed)? {
            foreseen.insert(id, there);
        }
    }
    Ok(foreseen)
}

/// What will be at a path; nothing said where that is what is there already.
fn to_come(
    engine: &Engine,
    snapshot: &mut Snapshot<'_>,
    place: &Place,
    id: PathId,
    assumed: &[Assumed],
) -> Result<Option<There>, PathId> {
    if let Some(maker) = place.makers.of(id) {
        match &maker.state().launch {
            Launch::Ready(_, outcome) => {
                let is_it = |path: &str| crate::inputs::search::intern(engine.paths(), maker.work.directory(), path) == id;
                if let Some(file) = outcome.files.iter().find(|file| is_it(&file.path)) {
                    return Ok(Some(There::File(file.digest, file.executable)));
                }
            }
            Launch::Unseen | Launch::Pending(_) | Launch::Queued | Launch::Running(_) => return Err(id),
            Launch::Not(_) | Launch::Held(_) | Launch::Failed(_) => {}
        }
    }
    match snapshot.stat(id) {
        Ok(_) => Ok(None),
        Err(error) if is_absence(&error) => {
            let expected = assumed.iter().find(|one| one.path == id);
            expected.map(|one| Some(There::File(one.content, false))).ok_or(id)
        }
        Err(_) => Err(id),
    }
}
