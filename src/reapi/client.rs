//! The client: calls that block the thread that makes them, over connections that all threads share.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Instant;

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use futures_util::StreamExt as _;
use parking_lot::Mutex;
use reapi::action_cache_client::ActionCacheClient;
use tokio::runtime::{Builder, Handle, Runtime};
use tonic::Code;

use super::capabilities::Offer;
use super::known_blobs::Presence;
use super::metadata::Caller;
use super::server::{Call, Link, Server, Wire};
use super::{
    Blob, Cancel, Endpoint, Endpoints, Execute, Executed, GridError, Heard, capabilities as offer, download,
    execute, missing, upload,
};
use crate::action::to_reapi;
use crate::base::digest::Digest;
use crate::cache::cas::Blobs;

/// Threads that move bytes between sockets and callers; what takes time is done by the callers' own.
const THREADS: usize = 2;
/// Lookups under way at once: what one connection takes beside other calls.
const ABREAST: usize = 64;

/// A grid's client. Share it between threads; never call it from within an async runtime.
#[derive(Debug)]
pub struct Client {
    cas: Server,
    action_cache: Server,
    execution: Option<Server>,
    offer: Mutex<Option<Arc<Offer>>>,
    presence: Presence,
    handle: Handle,
    runtime: Option<Runtime>,
}

impl Client {
    /// A client of these servers, which are not asked anything yet. Fails when an endpoint cannot be used: a URL that is
    /// none, a file that cannot be read.
    pub fn new(endpoints: &Endpoints) -> Result<Self, GridError> {
        let runtime = Builder::new_multi_thread()
            .worker_threads(THREADS)
            .thread_name("grid")
            .enable_all()
            .build()
            .map_err(|error| {
                let server = endpoints.cas.url.as_str().into();
                GridError::new(Code::ResourceExhausted, "start", &server, error.to_string())
            })?;
        let handle = runtime.handle().clone();
        let _inside = handle.enter();
        let caller = Arc::new(Caller::new());
        let mut links = HashMap::new();
        let mut server = |endpoint: &Endpoint| {
            let anywhere = Endpoint { instance: String::new(), ..endpoint.clone() };
            let link = match links.get(&anywhere) {
                Some(link) => Arc::clone(link),
                None => Link::new(endpoint, Arc::clone(&caller))?,
            };
            links.insert(anywhere, Arc::clone(&link));
            Ok(Server::new(link, endpoint))
        };
        Ok(Self {
            cas: server(&endpoints.cas)?,
            action_cache: server(&endpoints.action_cache)?,
            execution: endpoints.execution.as_ref().map(server).transpose()?,
            offer: Mutex::default(),
            presence: Presence::default(),
            handle: runtime.handle().clone(),
            runtime: Some(runtime),
        })
    }

    /// What the servers can do (`GetCapabilities`), asked until they have answered once. A server without SHA-256 is an error.
    pub fn offer(&self) -> Result<Arc<Offer>, GridError> {
        let known = || self.offer.lock();
        if let Some(offer) = known().as_ref() {
            return Ok(Arc::clone(offer));
        }
        let asking = offer::ask(&self.cas, &self.action_cache, self.execution.as_ref());
        let offer = Arc::new(self.handle.block_on(asking)?);
        *known() = Some(Arc::clone(&offer));
        Ok(offer)
    }

    /// The cached result of an action (`GetActionResult`), with its messages, and with the contents of the output files named
    /// in `inline` where the server puts them in; `None` if there is none. Its blobs may be gone all the same.
    pub fn result(
        &self,
        action: &Digest,
        inline: &[String],
    ) -> Result<Option<reapi::ActionResult>, GridError> {
        self.handle.block_on(self.ask_result(action, inline))
    }

    /// The same of many actions at once, in their order.
    pub fn results(
        &self,
        wanted: &[(Digest, &[String])],
    ) -> Vec<Result<Option<reapi::ActionResult>, GridError>> {
        let asking = wanted.iter().map(|(action, inline)| self.ask_result(action, inline));
        self.handle.block_on(futures_util::stream::iter(asking).buffered(ABREAST).collect())
    }

    async fn ask_result(
        &self,
        action: &Digest,
        inline: &[String],
    ) -> Result<Option<reapi::ActionResult>, GridError> {
        let server = &self.action_cache;
        let request = reapi::GetActionResultRequest {
            instance_name: server.instance(),
            action_digest: Some(to_reapi(action)),
            inline_stdout: true,
            inline_stderr: true,
            inline_output_files: inline.to_vec(),
            ..Default::default()
        };
        let attempt = async |wire: Wire| {
            let mut client =
                ActionCacheClient::new(wire.channel.clone()).max_decoding_message_size(super::LARGEST_ANSWER);
            Ok(client.get_action_result(wire.request(request.clone())).await?.into_inner())
        };
        let call = Call::named("GetActionResult").about(action);
        match server.call(call, attempt).await {
            Ok(result) => Ok(Some(result)),
            Err(error) if error.code == Code::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes an action's result to the cache (`UpdateActionResult`). Its blobs are to be uploaded before.
    pub fn update_result(&self, action: &Digest, result: &reapi::ActionResult) -> Result<(), GridError> {
        let server = &self.action_cache;
        let request = reapi::UpdateActionResultRequest {
            instance_name: server.instance(),
            action_digest: Some(to_reapi(action)),
            action_result: Some(result.clone()),
            ..Default::default()
        };
        let attempt = async |wire: Wire| {
            let mut client = ActionCacheClient::new(wire.channel.clone());
            client.update_action_result(wire.request(request.clone())).await.map(drop)
        };
        self.handle.block_on(server.call(Call::named("UpdateActionResult").about(action), attempt))
    }

    /// Those of `blobs` that the server lacks (`FindMissingBlobs`), each once.
    pub fn missing(&self, blobs: &[Digest]) -> Result<Vec<Digest>, GridError> {
        self.handle.block_on(missing::missing(&self.cas, blobs))
    }

    /// Uploads those of `blobs` that the server lacks; it is not asked about those that it was seen to have some minutes
    /// ago. Bytes that are not their digest's are not sent: then it fails. Says how many bytes it lacked.
    pub fn upload(&self, blobs: &[Blob<'_>]) -> Result<u64, GridError> {
        let now = Instant::now();
        let unknown: Vec<_> =
            blobs.iter().filter(|blob| !self.presence.knows(&blob.digest, now)).copied().collect();
        if unknown.is_empty() {
            return Ok(0);
        }
        let offer = self.offer()?;
        let sent = self.handle.block_on(upload::upload(&self.cas, &offer, &unknown))?;
        self.presence.note(unknown.iter().map(|blob| blob.digest), now);
        Ok(sent)
    }

    /// Fetches those of `blobs` that are not in `into` yet. What is not its digest's never gets there.
    pub fn download(&self, blobs: &[Digest], into: &Blobs) -> Result<(), GridError> {
        let offer = self.offer()?;
        self.handle.block_on(download::download(&self.cas, &offer, blobs, into))
    }

    /// The bytes of one small blob, at most 64 MiB.
    pub fn read(&self, blob: &Digest) -> Result<Vec<u8>, GridError> {
        let offer = self.offer()?;
        self.handle.block_on(download::read_small(&self.cas, &offer, blob))
    }

    /// Executes an action whose blobs the server has, and waits for its end, however long it takes; a code of `CANCELLED`
    /// after `cancel` was raised. A server that says what it lacks does so in [`GridError::missing_blobs`]; after that, or any
    /// other failure that may come from missing blobs, [`Client::upload`] asks again about all of them.
    pub fn execute(&self, action: &Digest, how: &Execute, cancel: &Cancel) -> Result<Executed, GridError> {
        self.handle.block_on(self.attend(action, how, cancel, &|_| {}))
    }

    /// The same for one of many that wait in one thread (see [`Client::wait`]); `tell` hears how far it has come.
    pub async fn attend(
        &self,
        action: &Digest,
        how: &Execute,
        cancel: &Cancel,
        tell: &dyn Fn(Heard),
    ) -> Result<Executed, GridError> {
        let Some(server) = &self.execution else {
            return Err(self.cas.error("Execute", Code::Unimplemented, "no server for executions is set"));
        };
        let executed = execute::execute(server, action, how, cancel, tell).await;
        if let Err(error) = &executed {
            self.presence.doubt(error);
        }
        executed
    }
}

impl Client {
    /// Blocks the thread until `future` has come to its end; [`Client::attend`] is to be waited for so.
    pub fn wait<T>(&self, future: impl Future<Output = T>) -> T {
        self.handle.block_on(future)
    }
}

impl Drop for Client {
    fn drop(&mut self) {
        // Looking up a name can take long, and nobody waits for it any more.
        if let Some(runtime) = self.runtime.take() {
            runtime.shutdown_background();
        }
    }
}
