//! Why a grid could not do as asked.

use std::error::Error as _;
use std::sync::Arc;
use std::time::Duration;

use tonic::{Code, Status};
use tonic_types::StatusExt as _;

use crate::base::digest::Digest;

/// A call to a grid that came to nothing. The caller carries on without the grid.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{server}: {call}: {code:?}: {text}")]
pub struct GridError {
    /// What went wrong, as gRPC names it; errors made on this side use the closest of the names.
    pub code: Code,
    /// The method of the protocol, or what was being set up.
    pub call: &'static str,
    /// The URL of the server.
    pub server: Arc<str>,
    /// What the server or the system said.
    pub text: String,
    missing: Vec<Digest>,
}

impl GridError {
    pub(super) fn new(code: Code, call: &'static str, server: &Arc<str>, text: impl Into<String>) -> Self {
        Self { code, call, server: Arc::clone(server), text: text.into(), missing: Vec::new() }
    }

    pub(super) fn from_status(call: &'static str, server: &Arc<str>, status: &Status) -> Self {
        let mut error = Self::new(status.code(), call, server, text(status));
        error.missing = missing(status);
        error
    }

    /// Whether the same call may well succeed later: the codes that [`super::Retry`] names. The call was tried again already.
    pub fn is_transient(&self) -> bool {
        is_transient(self.code)
    }

    /// The blobs that the server said it lacks, in the violations `MISSING` of a `PreconditionFailure` (REAPI,
    /// `Execution.Execute`). Servers that only say so in their text give none.
    pub fn missing_blobs(&self) -> &[Digest] {
        &self.missing
    }
}

/// Whether a failure with this code may pass.
pub(super) fn is_transient(code: Code) -> bool {
    matches!(
        code,
        Code::Unavailable
            | Code::DeadlineExceeded
            | Code::ResourceExhausted
            | Code::Aborted
            | Code::Internal
            | Code::Unknown
    )
}

/// Whether a failure with this code asks to be spared further calls of the kind, retries having been in vain.
pub(super) fn is_pressed(code: Code) -> bool {
    matches!(code, Code::Unavailable | Code::DeadlineExceeded | Code::ResourceExhausted)
}

/// Whether the connection failed, rather than the server answering so.
pub(super) fn is_transport(status: &Status) -> bool {
    status.source().is_some()
}

/// How long the server asks to be left alone (`google.rpc.RetryInfo`).
pub(super) fn retry_delay(status: &Status) -> Option<Duration> {
    status.get_details_retry_info()?.retry_delay
}

/// The status's text; that of a failed connection is only told by its causes.
fn text(status: &Status) -> String {
    let mut text = status.message().to_owned();
    let mut cause = status.source();
    while let Some(error) = cause {
        let more = error.to_string();
        if !text.contains(&more) {
            text = format!("{text}: {more}");
        }
        cause = error.source();
    }
    text
}

fn missing(status: &Status) -> Vec<Digest> {
    let failure = status.get_details_precondition_failure();
    let violations = failure.map(|failure| failure.violations).unwrap_or_default();
    let subjects = violations.iter().filter(|violation| violation.r#type == "MISSING");
    subjects.filter_map(|violation| subject(&violation.subject)).collect()
}

/// The digest in `blobs/HASH/SIZE`, which some servers put behind their instance's name.
fn subject(text: &str) -> Option<Digest> {
    let (_, digest) = text.rsplit_once("blobs/")?;
    digest.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use tonic_types::{ErrorDetails, PreconditionViolation};

    #[test]
    fn what_is_missing_is_read_from_the_details() {
        let blob = Digest::of(b"a");
        let violation =
            |kind: &str, subject: String| PreconditionViolation::new(kind, subject, "not in the CAS");
        let details = ErrorDetails::with_precondition_failure(vec![
            violation("MISSING", format!("blobs/{blob}")),
            violation("MISSING", format!("main/blobs/{blob}")),
            violation("MISSING", "blobs/nonsense".to_owned()),
            violation("OTHER", format!("blobs/{blob}")),
        ]);
        let status = Status::with_error_details(Code::FailedPrecondition, "missing", details);
        let error = GridError::from_status("Execute", &"unix:/x".into(), &status);
        assert_eq!(error.missing_blobs(), [blob, blob]);
        assert!(!error.is_transient());
        assert_eq!(error.to_string(), "unix:/x: Execute: FailedPrecondition: missing");
    }
}
