//! Address: where a server is, read from the forms of URL that people write.

use std::path::PathBuf;
use std::time::Duration;

use tonic::transport::{Certificate, ClientTlsConfig, Identity};

use super::{Endpoint, Tls};
use crate::reapi::timeouts::{LONGEST_CONNECT, LONGEST_PONG, SHORTEST_PONG};

/// hyper adds the time between pings to the clock, which must not run over.
const RAREST_PING: Duration = Duration::from_hours(24);

/// How tonic is to reach a server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Address {
    /// `unix:PATH`, `http://…` or `https://…`.
    pub(super) url: String,
    /// Whether the connection is to be encrypted.
    pub(super) encrypted: bool,
}

/// Why an endpoint cannot be used at all.
#[derive(Debug, thiserror::Error)]
pub(super) enum AddressError {
    /// The URL has no scheme that is known.
    #[error("expected unix:PATH, http://HOST:PORT, https://HOST:PORT, grpc:// or grpcs://")]
    Scheme,
    /// No host or path follows the scheme.
    #[error("names no server")]
    Empty,
    /// A file with a key or certificate cannot be read.
    #[error("cannot read {what} {path}: {source}")]
    File { what: &'static str, path: PathBuf, source: std::io::Error },
    /// Only one half of the client's identity is given.
    #[error("a client's key and certificate are only of use together")]
    Half,
    /// tonic cannot use it.
    #[error("{0}")]
    Transport(String),
}

impl Address {
    /// Reads an [`Endpoint::url`].
    pub(super) fn parse(url: &str) -> Result<Self, AddressError> {
        let schemes = [
            ("http://", false),
            ("https://", true),
            ("grpc://", false),
            ("grpcs://", true),
            ("unix:", false),
        ];
        let known = schemes.iter().find_map(|(scheme, encrypted)| {
            url.get(..scheme.len()).filter(|start| start.eq_ignore_ascii_case(scheme))?;
            Some((*scheme, *encrypted, url.get(scheme.len()..)?))
        });
        let (scheme, encrypted, rest) = known.ok_or(AddressError::Scheme)?;
        if rest.is_empty() || rest == "//" {
            return Err(AddressError::Empty);
        }
        let url = match (scheme, encrypted) {
            ("unix:", _) => format!("unix:{}", rest.strip_prefix("//").unwrap_or(rest)),
            (_, true) => format!("https://{rest}"),
            (_, false) => format!("http://{rest}"),
        };
        Ok(Self { url, encrypted })
    }
}

/// Settings for a channel to the endpoint; reads its PEM files, asks nothing of the network.
pub(super) fn transport(endpoint: &Endpoint) -> Result<tonic::transport::Endpoint, AddressError> {
    let address = Address::parse(&endpoint.url)?;
    let cannot = |error: tonic::transport::Error| AddressError::Transport(with_causes(&error));
    let mut transport = tonic::transport::Endpoint::from_shared(address.url).map_err(cannot)?;
    if address.encrypted {
        transport = transport.tls_config(tls(&endpoint.tls)?).map_err(cannot)?;
    }
    transport = transport
        .connect_timeout(endpoint.timeout.min(LONGEST_CONNECT))
        .user_agent(concat!("spec-cc/", env!("CARGO_PKG_VERSION")))
        .map_err(cannot)?
        // Objects are larger than HTTP/2's first window of 64 KiB, which would cost a round trip for each further one.
        .initial_stream_window_size(1 << 20)
        .initial_connection_window_size(16 << 20);
    if let Some(interval) = endpoint.keepalive.filter(|interval| !interval.is_zero()) {
        let interval = interval.min(RAREST_PING);
        transport = transport
            .http2_keep_alive_interval(interval)
            .keep_alive_timeout(interval.clamp(SHORTEST_PONG, LONGEST_PONG))
            .keep_alive_while_idle(true)
            .tcp_keepalive(Some(interval));
    }
    Ok(transport)
}

fn tls(files: &Tls) -> Result<ClientTlsConfig, AddressError> {
    let read = |what, path: &PathBuf| {
        std::fs::read(path).map_err(|source| AddressError::File { what, path: path.clone(), source })
    };
    let mut tls = ClientTlsConfig::new();
    tls = match &files.server_cert {
        Some(path) => tls.ca_certificate(Certificate::from_pem(read("the server's certificates", path)?)),
        None => tls.with_native_roots(),
    };
    match (&files.client_cert, &files.client_key) {
        (Some(cert), Some(key)) => {
            let cert = read("the client's certificate", cert)?;
            Ok(tls.identity(Identity::from_pem(cert, read("the client's key", key)?)))
        }
        (None, None) => Ok(tls),
        _ => Err(AddressError::Half),
    }
}

fn with_causes(error: &dyn std::error::Error) -> String {
    let causes = std::iter::successors(Some(error), |error| error.source());
    causes.map(ToString::to_string).collect::<Vec<_>>().join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_forms_of_a_url() {
        let url = |text| Address::parse(text).map(|address| (address.url, address.encrypted)).ok();
        let plain = |text: &str| Some((text.to_owned(), false));
        assert_eq!(url("unix:/run/s"), plain("unix:/run/s"));
        assert_eq!(url("unix:///run/s"), plain("unix:/run/s"));
        assert_eq!(url("grpc://host:1"), plain("http://host:1"));
        assert_eq!(url("http://[::1]:1"), plain("http://[::1]:1"));
        assert_eq!(url("GRPCS://host"), Some(("https://host".to_owned(), true)));
        for wrong in ["", "host:1", "http://", "unix:", "unix://", "ftp://host", "é"] {
            assert_eq!(url(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn what_cannot_work_is_said_before_any_connection() {
        let mut endpoint = Endpoint::new("https://host:1");
        endpoint.tls.server_cert = Some("/no/such/file".into());
        let error = transport(&endpoint).unwrap_err().to_string();
        assert!(error.contains("/no/such/file") && error.contains("server's certificates"), "{error}");
        endpoint.tls = Tls { client_key: Some("/no".into()), ..Tls::default() };
        assert!(matches!(transport(&endpoint), Err(AddressError::Half)));
        assert!(matches!(transport(&Endpoint::new("http://a b")), Err(AddressError::Transport(_))));
    }
}
