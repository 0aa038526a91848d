//! Encrypted connections and credentials.
use super::action::client;
use crate::support::grid::Grid;
use crate::support::grid::fault::{Fault, Method};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use spec_cc::base::digest::Digest;
use spec_cc::reapi::{Client, Code, Endpoint, GridError};
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use tonic::transport::{Certificate, Identity, ServerTlsConfig};

/// An authority that both sides may trust.
struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// A certificate and its key, as PEM.
    fn issue(&self, name: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        (params.signed_by(&key, &self.0).unwrap().pem(), key.serialize_pem())
    }

    fn server(&self) -> ServerTlsConfig {
        let (cert, key) = self.issue("localhost");
        ServerTlsConfig::new().identity(Identity::from_pem(cert, key))
    }
}

/// Writes a file beside the grid's others.
fn write(grid: &Grid, name: &str, content: &str) -> PathBuf {
    let path = grid.folder().join(name);
    fs::write(&path, content).unwrap();
    path
}

fn trusting(grid: &Grid, authority: &Authority) -> Endpoint {
    let mut endpoint = grid.endpoint();
    endpoint.retry.limit = 0;
    endpoint.tls.server_cert = Some(write(grid, "authority.pem", &authority.0.pem()));
    endpoint
}

fn ask(endpoint: &Endpoint) -> Result<(), GridError> {
    client(endpoint).missing(&[Digest::of(b"x")]).map(drop)
}

#[test]
fn a_trusted_server_is_talked_to_and_no_other() {
    let ours = Authority::new();
    let grid = Grid::start_on_tcp(Some(ours.server()));
    ask(&trusting(&grid, &ours)).unwrap();
    let error = ask(&trusting(&grid, &Authority::new())).unwrap_err();
    assert!(error.text.to_lowercase().contains("certificate"), "{error}");
    let plain = Endpoint { url: grid.url().replace("https", "http"), ..trusting(&grid, &ours) };
    ask(&plain).unwrap_err();
    let other_scheme = Endpoint { url: grid.url().replace("https", "grpcs"), ..trusting(&grid, &ours) };
    ask(&other_scheme).unwrap();
}

#[test]
fn a_server_may_ask_who_we_are() {
    let ours = Authority::new();
    let tls = ours.server().client_ca_root(Certificate::from_pem(ours.0.pem()));
    let grid = Grid::start_on_tcp(Some(tls));
    ask(&trusting(&grid, &ours)).unwrap_err();
    for (authority, welcome) in [(&ours, true), (&Authority::new(), false)] {
        let (cert, key) = authority.issue("client");
        let mut endpoint = trusting(&grid, &ours);
        endpoint.tls.client_cert = Some(write(&grid, "client.pem", &cert));
        endpoint.tls.client_key = Some(write(&grid, "client.key", &key));
        assert_eq!(ask(&endpoint).is_ok(), welcome);
    }
}

#[test]
fn files_that_are_no_certificates_are_told_at_once() {
    let grid = Grid::start_on_tcp(Some(Authority::new().server()));
    let mut endpoint = grid.endpoint();
    for path in [write(&grid, "nonsense.pem", "nonsense"), grid.folder().join("none.pem")] {
        endpoint.tls.server_cert = Some(path.clone());
        let error = Client::new(&super::action::everything(&endpoint)).err();
        let error = error.or_else(|| ask(&endpoint).err()).expect("it does not connect");
        assert!(!error.text.is_empty(), "{error}");
    }
}

/// The `authorization` header of the latest call.
fn authorization(grid: &Grid) -> Option<String> {
    let headers = grid.state.plan.calls(Method::FindMissingBlobs).pop()?;
    Some(headers.get("authorization")?.to_str().unwrap().to_owned())
}

#[test]
fn a_token_is_sent_and_read_again_when_it_changes() {
    let grid = Grid::start();
    let path = write(&grid, "token", "first\n");
    let client = client(&Endpoint { token: Some(path.clone()), ..grid.endpoint() });
    let ask = || client.missing(&[Digest::of(b"x")]);
    ask().unwrap();
    assert_eq!(authorization(&grid).unwrap(), "Bearer first");
    // As secrets are replaced: another file in its place.
    fs::rename(write(&grid, "new", "later\n"), &path).unwrap();
    ask().unwrap();
    assert_eq!(authorization(&grid).unwrap(), "Bearer later");
    fs::write(&path, "").unwrap();
    assert_eq!(ask().unwrap_err().code, Code::Unauthenticated);
    fs::remove_file(&path).unwrap();
    let error = ask().unwrap_err();
    assert!(error.text.contains(path.to_str().unwrap()), "{error}");
}

/// A helper that notes each time it is asked.
fn helper(grid: &Grid, answer: &str) -> PathBuf {
    let folder = grid.folder().display();
    let script = format!("#!/bin/sh\ncat > {folder}/asked\necho \"$1\" >> {folder}/times\n{answer}\n");
    let path = write(grid, "helper", &script);
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path
}

fn times(folder: &Path) -> usize {
    fs::read_to_string(folder.join("times")).unwrap_or_default().lines().filter(|line| *line == "get").count()
}

#[test]
fn a_helper_is_asked_once_for_as_long_as_its_answer_is_good() {
    let grid = Grid::start();
    let answer = r#"echo '{"headers": {"Authorization": ["Basic abc"], "x-more": ["1", "2"]}}'"#;
    let endpoint = Endpoint { credential_helper: Some(helper(&grid, answer)), ..grid.endpoint() };
    let client = client(&endpoint);
    for _ in 0..3 {
        client.missing(&[Digest::of(b"x")]).unwrap();
    }
    assert_eq!(authorization(&grid).unwrap(), "Basic abc");
    assert_eq!(times(grid.folder()), 1);
    let asked = fs::read_to_string(grid.folder().join("asked")).unwrap();
    assert_eq!(asked, format!(r#"{{"uri":"{}"}}"#, grid.url()));
    // A server that refuses makes us ask for another.
    grid.fail(Method::FindMissingBlobs, 1, &Fault::code(Code::Unauthenticated));
    assert_eq!(client.missing(&[Digest::of(b"x")]).unwrap_err().code, Code::Unauthenticated);
    client.missing(&[Digest::of(b"x")]).unwrap();
    assert_eq!(times(grid.folder()), 2);
}

#[test]
fn an_answer_that_has_ended_is_asked_for_again() {
    let grid = Grid::start();
    let answer = r#"echo '{"headers": {}, "expires": "2001-01-01T00:00:00Z"}'"#;
    let client = client(&Endpoint { credential_helper: Some(helper(&grid, answer)), ..grid.endpoint() });
    client.missing(&[Digest::of(b"x")]).unwrap();
    client.missing(&[Digest::of(b"x")]).unwrap();
    assert_eq!(times(grid.folder()), 2);
}

#[test]
fn a_helper_that_fails_is_told_with_what_it_said() {
    let grid = Grid::start();
    let failing = helper(&grid, "echo 'log in first' >&2; exit 3");
    let error = ask(&Endpoint { credential_helper: Some(failing), ..grid.endpoint() }).unwrap_err();
    assert!(error.text.contains("log in first") && error.text.contains("helper"), "{error}");
    assert_eq!(error.code, Code::Unauthenticated);
    let none = Endpoint { credential_helper: Some("/no/such/helper".into()), ..grid.endpoint() };
    assert!(ask(&none).unwrap_err().text.contains("/no/such/helper"));
}
