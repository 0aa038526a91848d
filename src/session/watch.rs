//! Opens a session's launches, and looks again at those that a generated file decides on.

use std::collections::{HashMap, HashSet};
use std::os::unix::fs::MetadataExt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use std::{fs, thread};

use super::Session;
use super::debounce::Rest;
use super::folders::{Folders, News};
use crate::base::paths::PathId;
use crate::base::threads;
use crate::compile::engine::Engine;
use crate::inputs::snapshot::Snapshot;
use crate::inputs::stamp::Stamp;
use crate::launch::candidate::Candidate;
use crate::launch::chains::weigh;
use crate::launch::context::SessionContext;
use crate::launch::launcher::Launcher;
use crate::launch::look::revise;
use crate::launch::priority::rank;

/// How often files are looked at of which the kernel tells: it may lose something, or not know of it.
const SAFETY: Duration = Duration::from_secs(1);

/// How often they are looked at where it does not.
const POLL: Duration = Duration::from_millis(100);

/// File events within this time are handled together: a configure script makes thousands of files that no command reads.
const LULL: Duration = Duration::from_millis(3);

/// Threads that issue at most: each looks at the files by itself, so that more of them bring less and less.
const MOST_THREADS: usize = 4;

/// So many commands are worth a thread.
const FEW: usize = 64;

/// Considers every record of a session for launching, in the background, until none waits for an input any more; `prepare` comes
/// first.
pub(crate) fn start(
    engine: &Arc<Engine>,
    launcher: Launcher,
    session: Arc<Session>,
    prepare: impl FnOnce(&Session, &Engine) + Send + 'static,
) {
    let (engine, unlooked) = (Arc::clone(engine), Arc::clone(&session));
    let started = threads::start(move || {
        prepare(&session, &engine);
        let mut candidates: Vec<_> = session.inner().candidates.values().cloned().collect();
        weigh(&engine, &session.context, &candidates);
        candidates.sort_by_key(|candidate| rank(candidate));
        issue(&launcher, &session.context, &candidates);
        session.set_looked();
        wait(&engine, &launcher, &session, candidates);
        session.waits.end();
    });
    if !started {
        unlooked.set_looked();
        unlooked.waits.end();
    }
}

/// Considers all of `candidates` for launching, in about their order, on a few threads.
pub fn issue(launcher: &Launcher, context: &Arc<SessionContext>, candidates: &[Arc<Candidate>]) {
    let next = AtomicUsize::new(0);
    let work = || {
        let mut snapshot = Snapshot::new(&launcher.engine.files);
        // In turn rather than in halves, so that what the build asks for first is issued first.
        while let Some(candidate) = candidates.get(next.fetch_add(1, Ordering::Relaxed)) {
            launcher.consider(candidate, context, &mut snapshot);
        }
    };
    let further = thread::available_parallelism().map_or(1, usize::from).min(MOST_THREADS) - 1;
    thread::scope(|scope| {
        for _ in 0..further.min(candidates.len() / FEW) {
            // With fewer it takes longer.
            threads::start_in(scope, work);
        }
        work();
    });
}

/// Files that the build makes, and the commands whose launches they decide on.
struct Watch<'a> {
    engine: &'a Engine,
    launcher: &'a Launcher,
    session: &'a Session,
    /// Commands that the build has not asked for and that may be launched again.
    open: Vec<Arc<Candidate>>,
    files: Vec<PathId>,
    folders: Folders,
    /// Whether the kernel tells of all of them.
    told: bool,
    rest: Rest,
    /// What each looked like when it was last acted upon.
    acted: HashMap<PathId, Stamp>,
}

fn wait(engine: &Engine, launcher: &Launcher, session: &Session, candidates: Vec<Arc<Candidate>>) {
    let mut watch = Watch {
        engine,
        launcher,
        session,
        open: candidates,
        files: Vec::new(),
        folders: Folders::new(),
        told: false,
        rest: Rest::default(),
        acted: HashMap::new(),
    };
    watch.cover();
    watch.acted = watch.unassumed();
    watch.look();
    let mut looked = Instant::now();
    let mut answerable = 0;
    while !session.is_closed() {
        let ripe = watch.rest.ripe(Instant::now(), |path| engine.files.stat(path).ok());
        watch.act(&ripe);
        let look = looked + if watch.told { SAFETY } else { POLL };
        let mut until = watch.rest.next().map_or(look, |next| next.min(look));
        if session.waits.asked().is_some() {
            until = until.min(Instant::now() + LULL);
        }
        watch.folders.wait(&session.context.bell, until.saturating_duration_since(Instant::now()));
        let asked = session.waits.asked();
        let mut again = watch.hear() | session.context.bell.silence();
        if again {
            watch.cover();
        }
        again |= look <= Instant::now() || asked.is_some_and(|asked| asked > answerable);
        if again {
            watch.look();
            looked = Instant::now();
            answerable = asked.unwrap_or(answerable);
        }
        watch.take_up(session.changed_commands(engine));
        watch.act_on(&session.context.predictions.newly_refuted(), &[]);
        if asked.is_some() && watch.is_at_rest() {
            session.waits.answer(answerable);
        }
        thread::sleep(LULL);
    }
}

impl Watch<'_> {
    /// Watches for what the build is expected to make by now.
    fn cover(&mut self) {
        self.files = self.session.context.awaited();
        let paths = self.engine.paths();
        let names: Vec<_> = self.files.iter().map(|&path| (path, paths.get(path))).collect();
        self.told = self.folders.cover(names.iter().map(|(path, name)| (*path, name.as_str())));
    }

    /// The files that are there and that no launch takes to be missing.
    fn unassumed(&self) -> HashMap<PathId, Stamp> {
        let predicted = self.open.iter().map(|candidate| candidate.predicted());
        let predicted: HashSet<PathId> = predicted
            .flat_map(|predicted| predicted.iter().map(|one| one.path).collect::<Vec<_>>())
            .collect();
        self.stamps().filter(|(path, _)| !predicted.contains(path)).collect()
    }

    /// The files that are there, and what they look like.
    fn stamps(&self) -> impl Iterator<Item = (PathId, Stamp)> + use<'_> {
        self.files.iter().filter_map(|&path| Some((path, self.engine.files.stat(path).ok()?)))
    }

    /// Takes in what the kernel tells; whether there is more to find out.
    fn hear(&mut self) -> bool {
        let mut more = false;
        for news in self.folders.news() {
            let now = Instant::now();
            match news {
                News::Written(path) => self.rest.written(path, now),
                News::Gone(path) => self.rest.gone(path),
                News::Folders => more = true,
                News::Begun(path) if self.is_being_written(path) => self.rest.begun(path, now),
                // A link: nobody will close it.
                News::Begun(path) => {
                    if let Ok(stamp) = self.engine.files.stat(path) {
                        self.rest.noticed(path, stamp, now);
                    }
                }
            }
        }
        more
    }

    /// Whether a new file is one that somebody is about to fill.
    fn is_being_written(&self, path: PathId) -> bool {
        let found = fs::symlink_metadata(self.engine.name(path));
        found.is_ok_and(|meta| meta.is_file() && meta.len() == 0 && meta.nlink() == 1)
    }

    /// Looks at all files, for what the kernel has not told of.
    fn look(&mut self) {
        self.open.retain(|candidate| !candidate.is_asked() && !candidate.is_declined());
        let waited: HashSet<PathId> =
            self.open.iter().filter_map(|candidate| candidate.waits_for()).collect();
        let now = Instant::now();
        for (path, stamp) in self.stamps().collect::<Vec<_>>() {
            if self.acted.get(&path) != Some(&stamp) || waited.contains(&path) {
                self.rest.noticed(path, stamp, now);
            }
        }
    }

    /// Whether all files that were found have been acted upon, and all launches have ended.
    fn is_at_rest(&self) -> bool {
        self.rest.next().is_none() && self.session.context.is_at_rest(&self.open)
    }

    /// Has these commands launched, too.
    fn take_up(&mut self, candidates: Vec<Arc<Candidate>>) {
        issue(self.launcher, &self.session.context, &candidates);
        self.open.extend(candidates);
    }

    /// Whether a file looks otherwise than when it was last acted upon.
    fn is_news(&mut self, path: PathId) -> bool {
        let stamp = self.engine.files.stat(path).ok();
        stamp.is_some_and(|stamp| self.acted.insert(path, stamp) != Some(stamp))
    }

    /// Acts on files that have come to rest.
    fn act(&mut self, ripe: &[PathId]) {
        if !ripe.is_empty() {
            let changed: Vec<PathId> = ripe.iter().copied().filter(|&path| self.is_news(path)).collect();
            self.session.saw(self.engine, &changed);
            self.act_on(&changed, ripe);
        }
    }

    /// Launches again what reads `changed` files and was launched on others, and what has waited for those that are `ripe`.
    fn act_on(&mut self, changed: &[PathId], ripe: &[PathId]) {
        if changed.is_empty() && ripe.is_empty() {
            return;
        }
        let context = &self.session.context;
        let waits = |candidate: &Candidate| candidate.waits_for().is_some_and(|path| ripe.contains(&path));
        let affected =
            self.open.iter().filter(|candidate| waits(candidate) || candidate.reads_any(changed)).cloned();
        let affected: Vec<_> = affected.collect();
        let mut snapshot = Snapshot::new(&self.engine.files);
        for candidate in &affected {
            revise(self.engine, candidate, context, changed, &mut snapshot);
        }
        issue(self.launcher, context, &affected);
    }
}
