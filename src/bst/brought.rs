//! What priming an element has brought: how its own session went, as that has left it in the action cache.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;

use super::plan::Sandbox;
use super::sandbox::build_root;
use crate::grid::records::sessions_of;
use crate::reapi::Client;
use crate::store::ElementKey;

/// How the sessions of one build of an element went, all together.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Brought {
    /// Commands that were served by a launch or the cache.
    pub(super) served: u64,
    /// What its own sessions had executed ahead besides.
    pub(super) launched: u64,
    /// Seconds that were saved.
    pub(super) saved_s: f64,
}

/// What is read of a session's row.
#[derive(Debug, Deserialize)]
struct Session {
    id: u64,
    opened: u64,
    lasted_s: f64,
    accounts: Accounts,
}

#[derive(Debug, Default, Deserialize)]
struct Accounts {
    served: Served,
    launched_executed: u64,
    saved_s: f64,
}

#[derive(Debug, Default, Deserialize)]
struct Served {
    joined: u64,
    prefetched: u64,
    cached: u64,
}

/// How the sessions of an element went that were opened at `since` (seconds since the epoch) or later; `None` where nothing was left.
pub(super) fn brought(casd: &Client, sandbox: &Sandbox, since: u64) -> Option<Brought> {
    let found = sessions_of(casd, &key(sandbox)?);
    let found = found.inspect_err(|error| tracing::debug!("what was brought is not known: {error}")).ok()?;
    sum(&found, since)
}

/// A session leaves its row again and again; the last one counts.
fn sum(rows: &[String], since: u64) -> Option<Brought> {
    let mut sessions: BTreeMap<(u64, u64), Session> = BTreeMap::new();
    let rows = rows.iter().filter_map(|row| serde_json::from_str::<Session>(row).ok());
    for row in rows.filter(|row| row.opened >= since) {
        let place = sessions.entry((row.opened, row.id));
        let newest =
            place.or_insert_with(|| Session { lasted_s: -1.0, accounts: Accounts::default(), ..row });
        if newest.lasted_s < row.lasted_s {
            *newest = row;
        }
    }
    if sessions.is_empty() {
        return None;
    }
    let mut all = Brought::default();
    for Session { accounts, .. } in sessions.into_values() {
        let Served { joined, prefetched, cached } = accounts.served;
        all.served += joined + prefetched + cached;
        all.launched += accounts.launched_executed;
        all.saved_s += accounts.saved_s;
    }
    Some(all)
}

/// As the element's session names it.
fn key(sandbox: &Sandbox) -> Option<ElementKey> {
    let root = build_root(Path::new(&sandbox.directory))?;
    let set = |name: &str| sandbox.environment.get(name).filter(|value| !value.is_empty()).cloned();
    Some(ElementKey {
        project: set("SPEC_CC_PROJECT").unwrap_or(root.project),
        element: set("SPEC_CC_ELEMENT").unwrap_or(root.element),
    })
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn each_session_counts_once_and_only_this_builds() {
        let row = |id: u64, opened: u64, lasted_s: f64, cached: u64| {
            let served = format!(r#"{{"joined":1,"prefetched":0,"cached":{cached},"local":9}}"#);
            let accounts = format!(r#"{{"served":{served},"launched_executed":2,"saved_s":0.5}}"#);
            format!(r#"{{"id":{id},"opened":{opened},"lasted_s":{lasted_s},"accounts":{accounts}}}"#)
        };
        let rows =
            [row(1, 10, 2.0, 5), row(1, 10, 1.0, 3), row(2, 10, 1.0, 7), row(1, 9, 9.0, 99), "?".into()];
        assert_eq!(sum(&rows, 10).unwrap(), Brought { served: 14, launched: 4, saved_s: 1.0 });
        assert_eq!(sum(&rows, 11), None);
    }
}
