//! A grid that fails on purpose: a stand-in for faults that no real server makes when asked. What works is tried on casd.
//!
//! It keeps blobs and results in memory and runs nothing: a test says what comes of an action.
mod cas;
pub(crate) mod execution;
pub(crate) mod fault;
mod socket;
pub(crate) mod state;
mod stream;
pub(crate) mod worker;

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use bazel_remote_apis::google::bytestream::byte_stream_server::ByteStreamServer;
use bazel_remote_apis::google::longrunning::operations_server::OperationsServer;
use fault::{Fault, Method};
use reapi::action_cache_server::ActionCacheServer;
use reapi::capabilities_server::CapabilitiesServer;
use reapi::content_addressable_storage_server::ContentAddressableStorageServer;
use reapi::execution_server::ExecutionServer;
use spec_cc::reapi::{Endpoint, Retry};
use state::State;
use std::fs;
use std::net::{SocketAddr, TcpListener};
use std::os::unix::net::UnixListener;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;
use tokio::runtime::Runtime;
use tonic::transport::{Server, ServerTlsConfig};

/// A running grid. It ends when dropped; what it keeps can be looked at and changed meanwhile through `state`.
pub(crate) struct Grid {
    /// What it knows, and what it is going to do wrong.
    pub(crate) state: Arc<State>,
    address: Address,
    tls: Option<ServerTlsConfig>,
    running: Option<Runtime>,
    folder: tempfile::TempDir,
}

enum Address {
    Unix(PathBuf),
    Tcp(SocketAddr),
}

impl Grid {
    /// A grid on a unix socket.
    pub(crate) fn start() -> Self {
        let folder = tempfile::Builder::new().prefix("grid-").tempdir().expect("make a folder for a socket");
        let address = Address::Unix(folder.path().join("socket"));
        Self::at(address, None, folder)
    }

    /// A grid on a port of this machine, with TLS if given.
    pub(crate) fn start_on_tcp(tls: Option<ServerTlsConfig>) -> Self {
        let folder = tempfile::tempdir().expect("make a folder");
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr());
        Self::at(Address::Tcp(port.expect("find a free port")), tls, folder)
    }

    fn at(address: Address, tls: Option<ServerTlsConfig>, folder: tempfile::TempDir) -> Self {
        let mut grid = Self { state: Arc::default(), address, tls, running: None, folder };
        grid.resume();
        grid
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> String {
        match &self.address {
            Address::Unix(path) => format!("unix:{}", path.display()),
            Address::Tcp(address) if self.tls.is_some() => format!("https://localhost:{}", address.port()),
            Address::Tcp(address) => format!("http://{address}"),
        }
    }

    /// An endpoint for it whose delays do not make tests long; its deadlines are for a busy machine.
    pub(crate) fn endpoint(&self) -> Endpoint {
        Endpoint {
            timeout: Duration::from_secs(30),
            retry: Retry { limit: 3, delay: Duration::from_millis(5) },
            ..Endpoint::new(self.url())
        }
    }

    /// A place for files that go with it.
    pub(crate) fn folder(&self) -> &std::path::Path {
        self.folder.path()
    }

    /// The next `times` calls of `method` fail like this. Faults of one method come in the order in which they were added.
    pub(crate) fn fail(&self, method: Method, times: usize, fault: &Fault) {
        self.state.plan.add(method, times, fault);
    }

    /// How often `method` was called.
    pub(crate) fn calls(&self, method: Method) -> usize {
        self.state.plan.calls(method).len()
    }

    /// Closes all connections and listens no more; connections are refused from now on.
    pub(crate) fn stop(&mut self) {
        if let Some(running) = self.running.take() {
            // Its connections are to be closed when this returns; what blocks a thread is not waited for any longer.
            running.shutdown_timeout(Duration::from_millis(500));
        }
        // What is still on its way to the server is not to find it.
        if let Address::Unix(path) = &self.address {
            let _ = fs::remove_file(path);
        }
    }

    /// Listens again where it did before, and knows what it knew.
    pub(crate) fn resume(&mut self) {
        self.stop();
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .enable_all()
            .build()
            .expect("start the grid's threads");
        // As most servers and proxies do.
        let mut server = Server::builder().max_concurrent_streams(100);
        if let Some(tls) = &self.tls {
            server = server.tls_config(tls.clone()).expect("use the certificates");
        }
        let state = &self.state;
        let service = server
            .add_service(CapabilitiesServer::from_arc(Arc::clone(state)))
            .add_service(ContentAddressableStorageServer::from_arc(Arc::clone(state)))
            .add_service(ByteStreamServer::from_arc(Arc::clone(state)))
            .add_service(ActionCacheServer::from_arc(Arc::clone(state)))
            .add_service(ExecutionServer::from_arc(Arc::clone(state)))
            .add_service(OperationsServer::from_arc(Arc::clone(state)));
        let broken = state.broken.subscribe();
        let _inside = runtime.enter();
        match &self.address {
            Address::Unix(path) => {
                let listener = UnixListener::bind(path).expect("listen on a socket");
                runtime.spawn(service.serve_with_incoming(socket::unix(listener, broken)));
            }
            Address::Tcp(address) => {
                let listener = TcpListener::bind(address).expect("listen on a port");
                runtime.spawn(service.serve_with_incoming(socket::tcp(listener, broken)));
            }
        }
        self.running = Some(runtime);
    }
}

impl Drop for Grid {
    fn drop(&mut self) {
        self.stop();
    }
}
