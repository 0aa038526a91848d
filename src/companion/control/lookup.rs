//! What a request names: the newest session, the store, an element.

use std::sync::Arc;

use crate::serve::element_named;
use crate::session::Session;
use crate::session::companion::Companion;
use crate::store::{ElementKey, Store};

/// The newest session, of an element if one is named.
pub(super) fn newest(companion: &Companion, element: Option<&str>) -> Result<Arc<Session>, String> {
    let sessions = companion.sessions();
    sessions
        .values()
        .filter(|session| {
            let key = &session.whereabouts.key;
            element.is_none_or(|name| key.to_string() == name || key.element == name)
        })
        .max_by_key(|session| session.id)
        .cloned()
        .ok_or_else(|| "no such session is open".to_owned())
}

/// The store, or why there is none.
pub(super) fn store(companion: &Companion) -> Result<&Store, String> {
    companion.store.as_deref().ok_or_else(|| format!("the store cannot be used: {}", companion.store_fault))
}

/// The recorded element of a name.
pub(super) fn find(companion: &Companion, name: &str) -> Result<ElementKey, String> {
    let keys: Vec<ElementKey> =
        store(companion)?.elements().map_err(text)?.into_iter().map(|summary| summary.key).collect();
    element_named(name, &keys).ok_or_else(|| format!("no element {name:?} is recorded (see `specctl list`)"))
}

/// An error as a text for a person.
pub(super) fn text(error: impl std::fmt::Display) -> String {
    error.to_string()
}
