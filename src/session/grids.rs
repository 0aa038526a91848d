//! The grids that sessions use: equal settings share one, equal servers one client.

use std::collections::HashMap;
use std::sync::Arc;

use parking_lot::Mutex;

use crate::grid::Grid;
use crate::grid::settings::GridSettings;
use crate::reapi::{Client, Endpoints};
use crate::settings::{Backend, Settings, SettingsError};

/// Every grid that a session of this companion has used.
#[derive(Default)]
pub(crate) struct Grids(Mutex<Inner>);

#[derive(Default)]
struct Inner {
    clients: HashMap<Endpoints, Arc<Client>>,
    grids: HashMap<GridSettings, Option<Arc<Grid>>>,
}

impl Grids {
    /// The grid that settings ask for, if they ask for one that can be used.
    pub(crate) fn of(&self, settings: &Settings) -> Option<Arc<Grid>> {
        if settings.backend() == Backend::Reapi { self.of_servers(settings) } else { None }
    }

    /// The one on which records are left: an installed recc leaves its own results there.
    pub(crate) fn of_records(&self, settings: &Settings) -> Option<Arc<Grid>> {
        if settings.backend() == Backend::Local { None } else { self.of_servers(settings) }
    }

    fn of_servers(&self, settings: &Settings) -> Option<Arc<Grid>> {
        let wanted = match wanted(settings) {
            Ok(wanted) => wanted?,
            Err(error) => {
                tracing::warn!("no grid is used: {error}");
                return None;
            }
        };
        let mut inner = self.0.lock();
        if let Some(grid) = inner.grids.get(&wanted) {
            return grid.clone();
        }
        let client = match inner.clients.get(&wanted.endpoints) {
            Some(client) => Ok(Arc::clone(client)),
            None => Client::new(&wanted.endpoints).map(Arc::new),
        };
        let grid = match client {
            Ok(client) => {
                inner.clients.insert(wanted.endpoints.clone(), Arc::clone(&client));
                Some(Arc::new(Grid::new(client, wanted.clone())))
            }
            // Said once: the settings stay what they are.
            Err(error) => {
                tracing::warn!("no grid is used: {error}");
                None
            }
        };
        inner.grids.insert(wanted, grid.clone());
        grid
    }
}

fn wanted(settings: &Settings) -> Result<Option<GridSettings>, SettingsError> {
    let Some(endpoints) = settings.remote()? else { return Ok(None) };
    Ok(Some(GridSettings {
        endpoints,
        layout: settings.layout(),
        links: settings.links(),
        policies: [settings.policy(false), settings.policy(true)],
        upload: settings.uploads(),
        share_records: settings.shares_records(),
        traced: settings.runs_traced_remotely(),
        skip_cache: settings.flag("skip_cache"),
        priority: settings.remote_priority(),
    }))
}
