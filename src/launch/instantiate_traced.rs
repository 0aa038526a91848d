//! What a traced command will find at the paths that it touches, before its build has made them.

use std::collections::HashSet;
use std::path::{Path, PathBuf};

use super::context::SessionContext;
use super::decide::{Command, Instantiated, NotReady, On};
use super::life::Launch;
use super::producers::product;
use crate::base::absence::is_absence;
use crate::base::digest::Digest;
use crate::base::lexical::lexical;
use crate::base::paths::PathId;
use crate::cache::Cache;
use crate::cache::outcome::Outcome;
use crate::compile::cache_key::CacheKey;
use crate::compile::engine::Engine;
use crate::compile::instance::Unready;
use crate::compile::predict::Predicted;
use crate::inputs::search;
use crate::inputs::snapshot::Snapshot;
use crate::store::Given;
use crate::traced::Traced;
use crate::traced::state::{Overrides, Stated, There, state};

impl Command for Traced {
    type Instance = Stated;

    fn instantiate(
        &self,
        engine: &Engine,
        snapshot: &mut Snapshot<'_>,
        on: On<'_>,
    ) -> Result<Stated, Unready> {
        let On { candidate, context, predicted: expected } = on;
        let (reads, given, order) =
            (candidate.reads(), candidate.given(), candidate.record(|record| record.order));
        let predicted = predict(engine, snapshot, (context, order), self, &given, expected);
        let mut predicted = predicted.map_err(Unready::Missing)?;
        folders(engine, snapshot, context, self, &reads.set, &mut predicted);
        // It looked for the archive that it made. If the last build's is still there, this one will remove it, too.
        let archive = self.output.as_ref().filter(|_| self.is_archiver());
        if let Some(id) = archive.map(|archive| search::intern(engine.paths(), &self.directory, archive))
            && reads.set.contains(&id)
        {
            predicted.insert(id, There::Nothing);
        }
        state(engine, snapshot, self, &reads.set, predicted)
    }

    fn not_ready(&self, _: &SessionContext, why: Unready) -> NotReady {
        match why {
            Unready::Missing(file) => NotReady::Wait(file),
            why => NotReady::Refuse(why.to_string()),
        }
    }

    fn outputs(&self) -> Vec<PathBuf> {
        let output = self.output.iter().filter(|_| !self.probe);
        output.map(|output| self.absolute(output)).collect()
    }
}

impl Instantiated for Stated {
    fn key(&self) -> Digest {
        self.key.exact
    }

    fn newest_ns(&self) -> i64 {
        self.newest_ns
    }

    fn is_barred(&self, cache: &Cache) -> bool {
        self.key.is_barred(cache)
    }

    fn find(&self, cache: &Cache) -> Option<Outcome> {
        self.key.find_any(cache)
    }

    fn keys(&self) -> Vec<Digest> {
        self.key.all().to_vec()
    }

    fn looked_up_as(&self) -> Option<CacheKey> {
        Some(self.key)
    }
}

/// Adds the folders that a launch's view will have: those above its files and its working directory.
fn folders(
    engine: &Engine,
    snapshot: &mut Snapshot<'_>,
    context: &SessionContext,
    traced: &Traced,
    set: &[PathId],
    predicted: &mut Overrides,
) {
    let mut above: HashSet<PathBuf> = ancestors(Path::new(&traced.directory), context);
    for id in predicted.keys() {
        above.extend(
            lexical(Path::new(&engine.name(*id)))
                .parent()
                .into_iter()
                .flat_map(|folder| ancestors(folder, context)),
        );
    }
    for &id in set {
        let name = engine.name(id);
        let path = Path::new(&name);
        if path.starts_with(&context.site.root)
            && above.contains(&lexical(path))
            && snapshot.stat(id).is_err()
        {
            predicted.entry(id).or_insert(There::Folder);
        }
    }
}

fn ancestors(folder: &Path, context: &SessionContext) -> HashSet<PathBuf> {
    folder
        .ancestors()
        .take_while(|folder| folder.starts_with(&context.site.root))
        .map(Path::to_path_buf)
        .collect()
}

/// Foresees what `traced` will find at its position in the build. `given` are the files of its build that it read last time, `expected` what the build is
/// expected to make. Fails with a file that has to be waited for.
fn predict(
    engine: &Engine,
    snapshot: &mut Snapshot<'_>,
    position: (&SessionContext, u32),
    traced: &Traced,
    given: &[Given],
    expected: &[Predicted],
) -> Result<Overrides, PathId> {
    let mut predicted = Overrides::new();
    for file in given {
        let id = engine.paths().intern(&file.path);
        if traced.probe {
            predicted.insert(id, There::File(file.content));
        } else if let Some(there) = to_come(engine, snapshot, position, id, &file.real, expected)? {
            predicted.insert(id, there);
        }
    }
    Ok(predicted)
}

/// What will be at a path; nothing said where that is what is there already.
fn to_come(
    engine: &Engine,
    snapshot: &mut Snapshot<'_>,
    (context, order): (&SessionContext, u32),
    id: PathId,
    real: &str,
    expected: &[Predicted],
) -> Result<Option<There>, PathId> {
    if let Some((output, producer)) = context.producer(engine, real, order) {
        match producer.launch() {
            Launch::Ready(_, outcome) => {
                let is_it = |path: &str| product(engine, &producer, path) == output;
                if let Some(file) = outcome.files.iter().find(|file| is_it(&file.path)) {
                    return Ok(Some(There::File(file.digest)));
                }
            }
            Launch::Unseen | Launch::Pending(_) | Launch::Queued | Launch::Running(_) => {
                return Err(output);
            }
            Launch::Not(_) | Launch::Held(_) | Launch::Failed(_) => {}
        }
    }
    match snapshot.stat(id) {
        Ok(_) => Ok(None),
        Err(error) if is_absence(&error) => {
            let prediction = expected.iter().find(|one| one.path == id);
            prediction.map(|one| Some(There::File(one.content))).ok_or(id)
        }
        Err(_) => Err(id),
    }
}
