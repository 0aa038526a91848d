//! What a request names: the newest session, the store, an element.

use std::sync::Arc;

use super::error::ControlError;
use crate::serve::element_named;
use crate::session::Session;
use crate::session::companion::Companion;
use crate::store::{ElementKey, Store};

/// The newest session, of an element if one is named.
pub(super) fn newest(companion: &Companion, element: Option<&str>) -> Result<Arc<Session>, ControlError> {
    let sessions = companion.sessions();
    sessions
        .values()
        .filter(|session| {
            let key = &session.whereabouts.key;
            element.is_none_or(|name| key.to_string() == name || key.element == name)
        })
        .max_by_key(|session| session.id)
        .cloned()
        .ok_or(ControlError::NoneOpen)
}

/// The store, or why there is none.
pub(super) fn store(companion: &Companion) -> Result<&Store, ControlError> {
    companion.store.as_deref().ok_or_else(|| ControlError::NoStore(companion.store_fault.clone()))
}

/// The recorded element of a name.
pub(super) fn find(companion: &Companion, name: &str) -> Result<ElementKey, ControlError> {
    let keys: Vec<ElementKey> =
        store(companion)?.elements()?.into_iter().map(|summary| summary.key).collect();
    element_named(name, &keys).ok_or_else(|| ControlError::UnknownElement(name.to_owned()))
}
