//! What one companion has: the sessions that are open, and what they share.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use parking_lot::{Mutex, MutexGuard};

use super::{revive, watch};
use crate::base::threads;
use crate::base::variable::Variable;
use crate::compile::engine::Engine;
use crate::grid::Grid;
use crate::launch::budget::Budget;
use crate::launch::candidate::Candidate;
use crate::launch::context::SessionContext;
use crate::launch::launcher::Launcher;
use crate::recc::wrapper::Wrapper;
use crate::session::grids::Grids;
use crate::session::memory::Memory;
use crate::session::pulse::Pulse;
use crate::session::quarantine::Quarantine;
use crate::session::warnings::Warnings;
use crate::session::whereabouts::Whereabouts;
use crate::session::{Opening, Session, SessionRow};
use crate::settings::{Mode, Settings};
use crate::store::{Build, ElementKey, Generated, RecordId, Store, StoreError};

/// Everything the companion holds.
pub struct Companion {
    pub(crate) engine: Arc<Engine>,
    pub(crate) launcher: Launcher,
    /// `None` when the store cannot be used: then everything works but memory.
    pub(crate) store: Option<Arc<Store>>,
    /// Why it cannot be used.
    pub(crate) store_fault: String,
    pub(crate) grids: Grids,
    pub(crate) quarantine: Quarantine,
    pub(crate) sessions: Mutex<HashMap<u64, Arc<Session>>>,
    /// Held while a session opens: what it remembers may come over a network.
    pub(crate) opening: Mutex<()>,
    pub(crate) next_session: AtomicU64,
    pub(crate) cache_folder: PathBuf,
    pub(crate) tidying: Arc<AtomicBool>,
    pub(crate) warnings: Warnings,
    pub(crate) pulse: Pulse,
}

impl Companion {
    /// A companion over these parts.
    pub fn new(
        engine: Arc<Engine>,
        launcher: Launcher,
        store: Result<Store, StoreError>,
        cache_folder: PathBuf,
    ) -> Self {
        let (store, store_fault) = match store {
            Ok(store) => (Some(Arc::new(store)), String::new()),
            Err(fault) => (None, fault.to_string()),
        };
        let quarantine = store.as_ref().map(|store| Quarantine::load(store, &engine.cache.bars));
        let quarantine = quarantine.unwrap_or_else(|| Ok(Quarantine::default())).unwrap_or_else(|error| {
            tracing::error!("nobody knows what is in quarantine: {error}");
            Quarantine::default()
        });
        let next = store.as_ref().map_or(1, |store| last_session(store) + 1);
        Self {
            engine,
            launcher,
            store,
            store_fault,
            grids: Grids::default(),
            quarantine,
            sessions: Mutex::default(),
            opening: Mutex::default(),
            next_session: AtomicU64::new(next),
            cache_folder,
            tidying: Arc::default(),
            warnings: Warnings::default(),
            pulse: Pulse::default(),
        }
    }

    /// An open session by its number.
    pub(crate) fn session(&self, id: u64) -> Option<Arc<Session>> {
        self.sessions().get(&id).cloned()
    }

    /// An open session of this companion by what [`Session::ticket`] gave.
    pub(crate) fn session_of_ticket(&self, ticket: &str) -> Option<Arc<Session>> {
        let (pid, id) = ticket.split_once(':')?;
        (pid.parse() == Ok(std::process::id())).then(|| self.session(id.parse().ok()?))?
    }

    /// The session of an element at a root, opened now if there is none.
    ///
    /// Only a compile takes one that is open. `None` when the element's root cannot be named.
    pub(crate) fn open(
        &self,
        whereabouts: Whereabouts,
        environment: &[Variable],
        settings: &Settings,
        opening: Opening,
    ) -> Option<Arc<Session>> {
        let existing = || {
            let sessions = self.sessions();
            let existing = sessions.values().filter(|session| session.whereabouts == whereabouts);
            existing.max_by_key(|session| session.id).filter(|_| opening == Opening::Compile).cloned()
        };
        if let Some(session) = existing() {
            return Some(session);
        }
        let _alone = self.opening.lock();
        if let Some(session) = existing() {
            return Some(session);
        }
        let root = whereabouts.root.to_str()?.trim_end_matches('/').to_owned();
        let mode = settings.mode().unwrap_or(Mode::Off);
        let mut context = SessionContext::new(root, environment.to_vec());
        context.grid = self.grids.of(settings);
        context.recc = Wrapper::find(settings, environment).map(Arc::new);
        context.budget =
            Budget::new(settings.max_launch_cpu().ok().flatten(), settings.max_launch_size().ok().flatten());
        let context = Arc::new(context);
        let records = self.grids.of_records(settings);
        let memory = self.memory(&whereabouts.key, records.clone());
        let recalled = memory.as_ref().map(Memory::recall).unwrap_or_default();
        let (candidates, generated) = self.recall(&whereabouts.key, &context);
        for (id, candidate) in &candidates {
            if self.quarantine.holds(&whereabouts.key, &[*id]) {
                candidate.quarantine();
            }
        }
        let id = self.next_session.fetch_add(1, Ordering::SeqCst);
        tracing::info!(
            "session {id}: {} in {}, {} commands known",
            whereabouts.key,
            context.site.root,
            candidates.len()
        );
        let session =
            Arc::new(Session::new(id, whereabouts, context, mode, opening, candidates).leaving(records));
        if let Some(why) = session.why_kept_here() {
            tracing::info!("session {id}: what is learnt stays here: {why}");
        }
        self.sessions().insert(id, Arc::clone(&session));
        if mode == Mode::Spec {
            let memory = memory.clone();
            watch::start(
                &self.engine,
                self.launcher.clone(),
                Arc::clone(&session),
                move |session, engine| {
                    if let Some(memory) = memory {
                        memory.fetch(recalled);
                    }
                    session.predict(engine, &generated);
                },
            );
        }
        let memory = memory.filter(|_| opening != Opening::Ahead);
        if let Some(memory) = memory.filter(|memory| memory.grid.takes_records()) {
            memory.follow(Arc::clone(&session));
        }
        Some(session)
    }

    /// Where an element is remembered beside the store, if its session has a grid.
    fn memory(&self, key: &ElementKey, grid: Option<Arc<Grid>>) -> Option<Memory> {
        let (store, grid) = (self.store.clone()?, grid?);
        Some(Memory { engine: Arc::clone(&self.engine), store, grid, element: key.clone() })
    }

    /// What is remembered of an element: its commands, and the files that its builds make.
    fn recall(
        &self,
        key: &ElementKey,
        context: &SessionContext,
    ) -> (HashMap<RecordId, Arc<Candidate>>, BTreeMap<String, Generated>) {
        let Some(store) = &self.store else { return Default::default() };
        match store.load(key) {
            Ok(mut element) => {
                let generated = std::mem::take(&mut element.generated);
                (revive(&self.engine, element, context), generated)
            }
            Err(error) => {
                tracing::warn!("records of {key} cannot be read: {error}");
                Default::default()
            }
        }
    }

    /// Closes a session: ends what is in flight, closes the accounts, lets the store forget what is gone.
    pub(crate) fn close(&self, session: &Arc<Session>, succeeded: bool) -> SessionRow {
        session.set_closed();
        self.sessions().remove(&session.id);
        let candidates: Vec<_> = session.inner().candidates.values().cloned().collect();
        self.launcher.cancel(&session.context, &candidates);
        let complete = succeeded && session.is_complete();
        let row = session.row(complete);
        if let Err(error) = self.remember(session, &session.build(&self.engine, complete), &row) {
            tracing::warn!("session {} of {} not kept: {error}", session.id, session.whereabouts.key);
        }
        session.changes.end();
        row
    }

    fn remember(&self, session: &Session, build: &Build, row: &SessionRow) -> Result<(), StoreError> {
        let Some(store) = &self.store else { return Ok(()) };
        let key = &session.whereabouts.key;
        store.finish_build(key, build)?;
        store.put_session(key, row)?;
        store.put_report(key, session.id, &session.report(row.clone()))?;
        store.flush()
    }

    /// Closes sessions that nothing happens in; says whether there is none left.
    pub(crate) fn close_idle(&self, idle: Duration, forgotten: Duration) -> bool {
        let sessions: Vec<_> = self.sessions().values().cloned().collect();
        for session in &sessions {
            if session.idle_for(if session.opening == Opening::Compile { idle } else { forgotten }) {
                self.close(session, true);
            }
        }
        self.tidy();
        self.sessions().is_empty()
    }

    /// Keeps the cache within its limit, and removes what killed companions left, beside the builds: looking at many files
    /// takes a while.
    fn tidy(&self) {
        if !self.engine.cache.limit.is_due() || self.tidying.swap(true, Ordering::SeqCst) {
            return;
        }
        let (engine, tidying) = (Arc::clone(&self.engine), Arc::clone(&self.tidying));
        let started = threads::start(move || {
            engine.executor.tidy();
            if let Err(error) = engine.cache.limit.trim() {
                tracing::warn!("{error}");
            }
            tidying.store(false, Ordering::SeqCst);
        });
        if !started {
            self.tidying.store(false, Ordering::SeqCst);
        }
    }

    /// Whether somebody has removed the store's folder under us.
    pub(crate) fn has_lost_its_store(&self) -> bool {
        self.store.as_ref().is_some_and(|store| !store.is_there())
    }

    /// Closes everything, so that nothing is lost when the process ends.
    pub(crate) fn shut_down(&self) {
        let sessions: Vec<_> = self.sessions().values().cloned().collect();
        for session in &sessions {
            self.close(session, false);
        }
        for session in &sessions {
            session.finish_publishing();
        }
        self.launcher.close();
        if let Some(Err(error)) = self.store.as_ref().map(|store| store.flush()) {
            tracing::warn!("{error}");
        }
        self.engine.executor.clear();
    }

    pub(crate) fn sessions(&self) -> MutexGuard<'_, HashMap<u64, Arc<Session>>> {
        self.sessions.lock()
    }
}

/// The number of the newest session the store keeps.
fn last_session(store: &Store) -> u64 {
    let rows = store.sessions::<SessionRow>(None).unwrap_or_default();
    rows.iter().map(|(_, row)| row.id).max().unwrap_or(0)
}
