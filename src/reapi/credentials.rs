//! Credentials: the headers that tell a server who asks, from a token's file or a credential helper.

use std::fs;
use std::os::unix::fs::MetadataExt as _;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

use parking_lot::Mutex;
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue, MetadataMap};

use super::Endpoint;
use super::address::Address;
use super::helper::{self, HelperError};

/// Where a server's credentials come from, and those that are still good.
#[derive(Debug)]
pub(super) struct Credentials {
    /// The URL that a helper is asked about.
    uri: String,
    token: Option<PathBuf>,
    helper: Option<PathBuf>,
    bearer: Mutex<Option<(Stamp, AsciiMetadataValue)>>,
    /// Held while a helper runs: one run serves all that wait.
    helped: tokio::sync::Mutex<Option<(Instant, Headers)>>,
}

/// What tells that a file is still the one that was read.
type Stamp = (u64, u64, i64, i64);
/// Names and values, ready to be sent.
pub(super) type Headers = Arc<Vec<(AsciiMetadataKey, AsciiMetadataValue)>>;

/// Why there are no credentials.
#[derive(Debug, thiserror::Error)]
pub(super) enum CredentialsError {
    /// The token's file cannot be read.
    #[error("cannot read the access token {path}: {source}")]
    Unreadable { path: PathBuf, source: std::io::Error },
    /// A header cannot carry it.
    #[error("the access token {0} is empty or has bytes that no header may have")]
    Unfit(PathBuf),
    /// The helper failed.
    #[error("credential helper {path}: {source}")]
    Helper { path: PathBuf, source: HelperError },
}

impl Credentials {
    pub(super) fn new(endpoint: &Endpoint) -> Self {
        // Helpers are told of a URL for browsers, whatever the scheme here.
        let uri = Address::parse(&endpoint.url).map_or_else(|_| endpoint.url.clone(), |address| address.url);
        Self {
            uri,
            token: endpoint.token.clone(),
            helper: endpoint.credential_helper.clone(),
            bearer: Mutex::default(),
            helped: tokio::sync::Mutex::default(),
        }
    }

    /// Adds the headers to those of a request.
    pub(super) async fn add_to(&self, headers: &mut MetadataMap) -> Result<(), CredentialsError> {
        if let Some(path) = &self.token {
            headers.insert("authorization", self.bearer(path)?);
        }
        if let Some(path) = &self.helper {
            let cannot = |source| CredentialsError::Helper { path: path.clone(), source };
            for (name, value) in self.helped(path).await.map_err(cannot)?.iter() {
                headers.append(name.clone(), value.clone());
            }
        }
        Ok(())
    }

    /// Forgets what a helper said, after the server refused it.
    pub(super) async fn refused(&self) {
        *self.helped.lock().await = None;
    }

    fn bearer(&self, path: &Path) -> Result<AsciiMetadataValue, CredentialsError> {
        let unreadable = |source| CredentialsError::Unreadable { path: path.to_owned(), source };
        let meta = fs::metadata(path).map_err(unreadable)?;
        let stamp = (meta.ino(), meta.size(), meta.mtime(), meta.mtime_nsec());
        let mut kept = self.bearer.lock();
        if let Some((_, value)) = kept.as_ref().filter(|(known, _)| *known == stamp) {
            return Ok(value.clone());
        }
        let token = fs::read_to_string(path).map_err(unreadable)?;
        let value = Some(token.trim()).filter(|token| !token.is_empty());
        let value = value.and_then(|token| AsciiMetadataValue::try_from(format!("Bearer {token}")).ok());
        let value = value.ok_or_else(|| CredentialsError::Unfit(path.to_owned()))?;
        *kept = Some((stamp, value.clone()));
        Ok(value)
    }

    async fn helped(&self, path: &Path) -> Result<Headers, HelperError> {
        let mut kept = self.helped.lock().await;
        if let Some((_, headers)) = kept.as_ref().filter(|(until, _)| Instant::now() < *until) {
            return Ok(Arc::clone(headers));
        }
        let (headers, lifetime) = helper::ask(path, &self.uri).await?;
        let headers = Arc::new(headers);
        *kept = Some((Instant::now() + lifetime, Arc::clone(&headers)));
        Ok(headers)
    }
}
