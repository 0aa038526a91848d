//! Why a command is not served: there is nothing to serve, or what there is is to be verified, or is not to be trusted.

use super::request::Request;
use super::verify::Expected;
use crate::launch::miss::{Miss, MissReason};
use crate::serve::answer::Answer;
use crate::session::Session;
use crate::session::companion::Companion;
use crate::store::RecordId;

/// Why a command is not served and has to run.
pub(super) struct Unmet {
    pub why: Miss,
    /// What it would have been served.
    pub expected: Option<Box<Expected>>,
}

impl From<Miss> for Unmet {
    fn from(why: Miss) -> Self {
        Self { why, expected: None }
    }
}

impl From<Expected> for Unmet {
    fn from(expected: Expected) -> Self {
        Self { why: MissReason::Verified.into(), expected: Some(Box::new(expected)) }
    }
}

/// The answer to a command that has one of these names, if that is in quarantine.
pub(super) fn quarantined(
    companion: &Companion,
    session: &Session,
    records: &[RecordId],
    request: &Request,
) -> Option<Answer> {
    companion.quarantine.holds(&session.whereabouts.key, records).then(|| {
        let why = MissReason::Quarantined.to_string();
        session.bypass(&why, &request.args);
        Answer::Bypass(why)
    })
}
