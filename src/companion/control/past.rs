//! What `specctl` shows of sessions: which there were, what came of one, and the accounts.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::error::ControlError;
use super::lookup::{find, newest, store};
use crate::session::companion::Companion;
use crate::session::counts::Accounts;
use crate::session::report::Report;
use crate::session::{Session, SessionRow};
use crate::store::ElementKey;

/// One session, over or open.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Listed {
    /// What is kept of it.
    #[serde(flatten)]
    pub row: SessionRow,
    /// How far it is, while it is open.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub open: Option<Progress>,
}

/// How far an open session is.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct Progress {
    /// Commands that are known.
    pub known: usize,
    /// Different commands that the build has asked for.
    pub asked: usize,
    /// Commands that are being answered.
    pub active: usize,
    /// Launches that wait for their turn.
    pub queued: usize,
    /// Launches that are running.
    pub running: usize,
}

/// One session as a page shows it.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Told {
    /// What became of its commands, and when.
    pub report: Report,
    /// The element's sessions, oldest first.
    pub sessions: Vec<Listed>,
    /// What spec-cc takes on the disk.
    pub room: Room,
}

/// What spec-cc takes on the disk, bytes; nothing where that is not known.
#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
pub struct Room {
    /// Of results.
    pub cache_bytes: Option<u64>,
    /// The most that there may be of those.
    pub cache_limit_bytes: u64,
    /// Of records.
    pub store_bytes: Option<u64>,
}

/// The sessions, of all elements or of one, oldest first.
pub(super) fn sessions(companion: &Companion, element: Option<&str>) -> Result<Vec<Listed>, ControlError> {
    let key = element.map(|name| named(companion, name)).transpose()?;
    let open: Vec<_> = companion.sessions().values().cloned().collect();
    let kept = match &companion.store {
        Some(store) => store.sessions(key.as_ref())?,
        None => Vec::new(),
    };
    let mut rows: Vec<_> = kept.into_iter().map(|(_, row)| Listed { row, open: None }).collect();
    let asked_for = |session: &Session| key.as_ref().is_none_or(|key| *key == session.whereabouts.key);
    let open = open.into_iter().filter(|session| asked_for(session));
    rows.extend(open.map(|session| Listed { row: session.row(false), open: Some(progress(&session)) }));
    rows.sort_by_key(|listed| listed.row.id);
    Ok(rows)
}

/// The element of a name. One whose first build has not ended need not be recorded.
fn named(companion: &Companion, name: &str) -> Result<ElementKey, ControlError> {
    match newest(companion, Some(name)) {
        Ok(session) => Ok(session.whereabouts.key.clone()),
        Err(_) => find(companion, name),
    }
}

fn progress(session: &Session) -> Progress {
    let (candidates, asked) = {
        let inner = session.inner();
        (inner.candidates.values().cloned().collect::<Vec<_>>(), inner.seen.len())
    };
    let queued = candidates.iter().filter(|candidate| candidate.is_queued()).count();
    let in_flight = candidates.iter().filter(|candidate| candidate.is_in_flight()).count();
    let active = session.active.load(std::sync::atomic::Ordering::SeqCst);
    Progress { known: candidates.len(), asked, active, queued, running: in_flight.saturating_sub(queued) }
}

/// All that is kept of one session: `last`, of an element or of all, or a number.
pub(super) fn session(
    companion: &Companion,
    element: Option<&str>,
    which: &str,
) -> Result<Told, ControlError> {
    let all = sessions(companion, element)?;
    let row = chosen(&all, which)?.row.clone();
    let key: ElementKey = row.element.parse()?;
    let report = match companion.session(row.id) {
        Some(session) => Some(session.report(row.clone())),
        None => store(companion)?.report(&key, Some(row.id))?,
    };
    let report: Report = report.ok_or_else(|| ControlError::ReportGone(row.id, key.clone()))?;
    let sessions = all.into_iter().filter(|listed| listed.row.element == row.element).collect();
    let report = Report { quarantined: companion.quarantine.of(&key), ..report };
    Ok(Told { report, sessions, room: room(companion) })
}

fn chosen<'a>(all: &'a [Listed], which: &str) -> Result<&'a Listed, ControlError> {
    if which == "last" {
        return all.last().ok_or(ControlError::NoneYet);
    }
    let number: u64 = which.parse().map_err(|_| ControlError::NotASession)?;
    all.iter().find(|listed| listed.row.id == number).ok_or(ControlError::UnknownSession(number))
}

fn room(companion: &Companion) -> Room {
    let limit = &companion.engine.cache.limit;
    let store_bytes = companion.store.as_ref().and_then(|store| store.size().ok());
    Room { cache_bytes: limit.used(), cache_limit_bytes: limit.most(), store_bytes }
}

/// Has the accounts of all sessions begin behind those that there were.
pub(super) fn zero(companion: &Companion) -> Result<Value, ControlError> {
    let last = sessions(companion, None)?.last().map_or(0, |listed| listed.row.id);
    store(companion)?.zero(last)?;
    Ok(json!(last))
}

/// The accounts, of all sessions since they were zeroed, of an element or of one session.
pub(super) fn stats(
    companion: &Companion,
    element: Option<&str>,
    session: Option<&str>,
) -> Result<Value, ControlError> {
    let mut rows = sessions(companion, element)?;
    if let Some(which) = session {
        rows = vec![chosen(&rows, which)?.clone()];
    } else {
        let zeroed = companion.store.as_ref().map_or(Ok(0), |store| store.zeroed())?;
        rows.retain(|listed| listed.row.id > zeroed);
    }
    let key = element.map(|name| named(companion, name)).transpose()?;
    let mut sum = Accounts::default();
    for listed in &rows {
        sum.add(&listed.row.accounts);
    }
    let mut object = sum.to_json();
    object["sessions"] = json!(rows.len());
    object["lasted_s"] = json!(rows.iter().map(|listed| listed.row.lasted_s).sum::<f64>());
    object["quarantined"] = json!(companion.quarantine.count(key.as_ref()));
    if let (Some(object), Value::Object(room)) = (object.as_object_mut(), json!(room(companion))) {
        object.extend(room);
    }
    if let [Listed { row, .. }] = rows.as_slice() {
        object["session"] = json!(row.id);
        object["element"] = json!(row.element);
        object["complete"] = json!(row.complete);
    }
    Ok(object)
}
