//! Which servers to talk to, and how: what the settings come to for the client.

use std::path::PathBuf;
use std::time::Duration;

/// The services of a grid. They may be one server or three.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoints {
    /// `ContentAddressableStorage` and `ByteStream`.
    pub cas: Endpoint,
    /// `ActionCache`.
    pub action_cache: Endpoint,
    /// `Execution`; `None` when only the cache is to be used.
    pub execution: Option<Endpoint>,
}

/// One server.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Endpoint {
    /// `unix:/PATH`, `http://HOST:PORT`, `https://HOST:PORT`; also `grpc://` and `grpcs://`, which mean the same.
    pub url: String,
    /// The instance name of every request; may be empty.
    pub instance: String,
    /// Files with PEM text for TLS.
    pub tls: Tls,
    /// File whose content is sent as `authorization: Bearer …`; read again when it changes.
    pub token: Option<PathBuf>,
    /// Program that prints credentials, as Bazel's `--credential_helper` and buildbox's do.
    pub credential_helper: Option<PathBuf>,
    /// Time between keepalive pings; `None` for no pings.
    pub keepalive: Option<Duration>,
    /// Deadline of a request that moves no large blob and waits for no execution.
    pub timeout: Duration,
    /// What to do about transient failures.
    pub retry: Retry,
}

/// Files for TLS, PEM.
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Tls {
    /// Certificates of the authorities to trust; the system's when `None`.
    pub server_cert: Option<PathBuf>,
    /// The client's private key.
    pub client_key: Option<PathBuf>,
    /// The client's certificate.
    pub client_cert: Option<PathBuf>,
}

/// Retries on the codes that may pass: `UNAVAILABLE`, `DEADLINE_EXCEEDED`, `RESOURCE_EXHAUSTED`, `ABORTED`, `INTERNAL`, `UNKNOWN`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Retry {
    /// How many times a failed request is sent again.
    pub limit: u32,
    /// Before the first retry, without the jitter; doubles with each.
    pub delay: Duration,
}

impl Default for Retry {
    fn default() -> Self {
        Self { limit: 3, delay: Duration::from_millis(100) }
    }
}

impl Endpoint {
    /// A server without TLS, tokens or instance, with the usual deadlines.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            instance: String::new(),
            tls: Tls::default(),
            token: None,
            credential_helper: None,
            keepalive: None,
            timeout: Duration::from_secs(30),
            retry: Retry::default(),
        }
    }
}
