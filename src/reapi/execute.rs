//! Executes an action, and stays with it however often the stream breaks.

use std::cell::RefCell;
use std::pin::pin;
use std::time::{Duration, Instant};

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use bazel_remote_apis::google::longrunning::operations_client::OperationsClient;
use bazel_remote_apis::google::longrunning::{CancelOperationRequest, Operation, operation};
use bazel_remote_apis::google::rpc;
use futures_util::future::{Either, select};
use prost::Message as _;
use reapi::execution_client::ExecutionClient;
use tonic::{Code, Status, Streaming};

use super::retry::Attempts;
use super::server::{Call, Server, Wire};
use super::{Cancel, GridError};
use crate::action::to_reapi;
use crate::base::digest::Digest;

const CALL: &str = "Execute";
/// How long a cancelled execution may take to say its name, and how long its server may take to be told.
const FAREWELL: Duration = Duration::from_secs(2);
/// A stream that lived this long did not fail when it broke: servers and proxies limit a connection's age.
const LIVELY: Duration = Duration::from_secs(30);
/// Attempts may be made for any time; [`super::progress`] says when to give up.
const NO_END: Duration = Duration::from_hours(24 * 365);

/// How an action is to be executed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Execute {
    /// Run it even if its result is cached (`skip_cache_lookup`).
    pub skip_cache: bool,
    /// `ExecutionPolicy.priority`: lower is sooner, by the protocol; servers differ, and 0 is the default of all.
    pub priority: i32,
    /// Output files whose contents the server may put into the result (`inline_output_files`).
    pub inline: Vec<String>,
}

/// An execution that came to its end; the command's own exit code is in the result.
#[derive(Debug, Clone, PartialEq)]
pub struct Executed {
    /// What came of it. Digests in it are the server's words: nothing is downloaded yet.
    pub result: reapi::ActionResult,
    /// Whether the server had it in its cache (`cached_result`).
    pub cached: bool,
    /// What the server has to say to a person.
    pub message: String,
}

/// What is heard of an execution before its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Heard {
    /// It waits for a worker (`ExecutionStage.QUEUED`).
    Queued,
    /// A worker has it (`ExecutionStage.EXECUTING`).
    Executing,
    /// The server has no room for it just now (`RESOURCE_EXHAUSTED`), and will be asked again.
    Refused,
}

/// Executes the action, whose blobs the server has, until its end, until it is overdue, or until `cancel` is raised.
pub(super) async fn execute(
    server: &Server,
    action: &Digest,
    how: &Execute,
    cancel: &Cancel,
    tell: &dyn Fn(Heard),
) -> Result<Executed, GridError> {
    let begun = Instant::now();
    let execution = Execution { server, action, how, cancel, tell, name: RefCell::default() };
    let mut running = pin!(execution.run());
    let fired = pin!(cancel.fired());
    let overdue = pin!(server.progress().overdue(server.endpoint().timeout));
    let given_up = select(fired, overdue);
    let mut error = server.error(CALL, Code::Cancelled, "nobody waits for it any more");
    match select(running.as_mut(), given_up).await {
        Either::Left((result, _)) if result.is_ok() || !cancel.is_fired() => return result,
        Either::Right((Either::Right((overdue, _)), _)) => {
            error = server.overdue(CALL, overdue, begun.elapsed());
        }
        // It is on its way to a worker, perhaps, and can only be called back by its name.
        Either::Right(_) if execution.name().is_none() => {
            if let Ok(Ok(result)) = tokio::time::timeout(FAREWELL, running).await {
                return Ok(result);
            }
        }
        _ => {}
    }
    if let Some(name) = execution.name() {
        execution.call_back(name).await;
    }
    Err(error)
}

struct Execution<'a> {
    server: &'a Server,
    action: &'a Digest,
    how: &'a Execute,
    cancel: &'a Cancel,
    tell: &'a dyn Fn(Heard),
    /// The operation's name, once the server has told it.
    name: RefCell<Option<String>>,
}

/// Why there is no result yet.
enum Break {
    /// The stream ended; the operation may go on.
    Stream(Status),
    /// The operation ended, so.
    Operation(Status),
}

impl Execution<'_> {
    async fn run(&self) -> Result<Executed, GridError> {
        let patience = || Attempts::new(&self.server.endpoint().retry, NO_END);
        let mut attempts = patience();
        let begun = Instant::now();
        loop {
            let tried = Instant::now();
            let wire = self.server.wire_for_execution(Call::named(CALL).about(self.action)).await?;
            let status = match self.follow(&wire).await {
                Ok(executed) => {
                    self.server.progress().note();
                    self.server.succeeded(CALL);
                    return Ok(executed);
                }
                Err(Break::Operation(status)) => {
                    self.server.progress().note();
                    // A worker that was lost; other codes are about the action, and another try would end the same.
                    if !matches!(status.code(), Code::Unavailable | Code::Aborted | Code::ResourceExhausted) {
                        return Err(self.server.failure(CALL, &status));
                    }
                    self.name.replace(None);
                    status
                }
                Err(Break::Stream(status)) => status,
            };
            if self.cancel.is_fired() {
                return Err(self.server.failure(CALL, &status));
            }
            if status.code() == Code::ResourceExhausted {
                (self.tell)(Heard::Refused);
            }
            if tried.elapsed() > LIVELY {
                attempts = patience();
            }
            match attempts.next(&status) {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(self.server.give_up(CALL, &status, begun.elapsed()).await),
            }
        }
    }

    /// Starts the operation, or joins it again, and stays until it is done or the stream breaks.
    async fn follow(&self, wire: &Wire) -> Result<Executed, Break> {
        let mut stream = self.open(wire).await.map_err(Break::Stream)?;
        self.server.reached();
        let patience = self.server.endpoint().timeout;
        loop {
            let Ok(message) = tokio::time::timeout(patience, stream.message()).await else {
                if let Some(other) = self.is_alive(wire).await.map_err(Break::Stream)? {
                    stream = other;
                }
                continue;
            };
            let ended = || Break::Stream(Status::unavailable("the stream ended before the action did"));
            let operation = message.map_err(Break::Stream)?.ok_or_else(ended)?;
            if !operation.name.is_empty() {
                self.name.replace(Some(operation.name.clone()));
            }
            if operation.done {
                return outcome(operation).map_err(Break::Operation);
            }
            if let Some(heard) = stage(&operation) {
                (self.tell)(heard);
            }
            if self.cancel.is_fired() {
                return Err(Break::Stream(Status::cancelled("")));
            }
        }
    }

    async fn open(&self, wire: &Wire) -> Result<Streaming<Operation>, Status> {
        match self.name() {
            Some(name) => self.server.soon(self.join(wire, name)).await,
            None => self.server.soon(self.start(wire)).await,
        }
    }

    async fn start(&self, wire: &Wire) -> Result<Streaming<Operation>, Status> {
        let request = reapi::ExecuteRequest {
            instance_name: self.server.instance(),
            skip_cache_lookup: self.how.skip_cache,
            action_digest: Some(to_reapi(self.action)),
            execution_policy: (self.how.priority != 0)
                .then_some(reapi::ExecutionPolicy { priority: self.how.priority }),
            inline_stdout: true,
            inline_stderr: true,
            inline_output_files: self.how.inline.clone(),
            ..Default::default()
        };
        Ok(client(wire).execute(wire.request(request)).await?.into_inner())
    }

    /// Joins the operation again; where servers do not know how, it is started again.
    async fn join(&self, wire: &Wire, name: String) -> Result<Streaming<Operation>, Status> {
        match client(wire).wait_execution(wire.request(reapi::WaitExecutionRequest { name })).await {
            Ok(stream) => Ok(stream.into_inner()),
            Err(status) if matches!(status.code(), Code::NotFound | Code::Unimplemented) => {
                Err(self.is_lost(&status))
            }
            Err(status) => Err(status),
        }
    }

    /// The server knows the operation no more: that passes when it is started again.
    fn is_lost(&self, status: &Status) -> Status {
        self.name.replace(None);
        Status::aborted(format!("the operation cannot be joined: {}", status.message()))
    }

    /// After a silence: a new stream of the same operation; `None` if the server has no such thing, but answers; a failure
    /// if it does not answer.
    async fn is_alive(&self, wire: &Wire) -> Result<Option<Streaming<Operation>>, Status> {
        let name = self.name().ok_or_else(|| self.server.unheard(self.server.endpoint().timeout))?;
        let request = wire.request(reapi::WaitExecutionRequest { name });
        let mut client = client(wire);
        match self.server.soon(client.wait_execution(request)).await {
            Ok(stream) => Ok(Some(stream.into_inner())),
            Err(status) if status.code() == Code::Unimplemented => Ok(None),
            Err(status) if status.code() == Code::NotFound => Err(self.is_lost(&status)),
            Err(status) => Err(status),
        }
    }

    /// Tells the server to stop: closing the stream does not. Not all servers know how.
    async fn call_back(&self, name: String) {
        let Ok(wire) = self.server.wire(Call::named("CancelOperation").about(self.action)).await else {
            return;
        };
        let request = wire.request(CancelOperationRequest { name });
        let mut client = OperationsClient::new(wire.channel.clone());
        match tokio::time::timeout(FAREWELL, client.cancel_operation(request)).await {
            Ok(Ok(_)) => {}
            Ok(Err(status)) => tracing::debug!("CancelOperation: {status}"),
            Err(_) => tracing::debug!("CancelOperation: no answer"),
        }
    }

    fn name(&self) -> Option<String> {
        self.name.borrow().clone()
    }
}

fn client(wire: &Wire) -> ExecutionClient<tonic::transport::Channel> {
    ExecutionClient::new(wire.channel.clone()).max_decoding_message_size(super::LARGEST_ANSWER)
}

/// How far an operation has come, if it says so.
fn stage(operation: &Operation) -> Option<Heard> {
    use reapi::execution_stage::Value::{Executing, Queued};
    let metadata = operation.metadata.as_ref()?;
    let metadata = reapi::ExecuteOperationMetadata::decode(&metadata.value[..]).ok()?;
    match metadata.stage {
        stage if stage == Queued as i32 => Some(Heard::Queued),
        stage if stage == Executing as i32 => Some(Heard::Executing),
        _ => None,
    }
}

/// What a finished operation says.
fn outcome(operation: Operation) -> Result<Executed, Status> {
    let response = match operation.result {
        Some(operation::Result::Response(any)) => reapi::ExecuteResponse::decode(&any.value[..])
            .map_err(|error| Status::data_loss(format!("the response is not understood: {error}")))?,
        Some(operation::Result::Error(status)) => return Err(from_rpc(&status)),
        None => return Err(Status::data_loss("the operation ended without saying how")),
    };
    if let Some(status) = response.status.as_ref().filter(|status| status.code != Code::Ok as i32) {
        return Err(from_rpc(status));
    }
    let result = response.result.ok_or_else(|| Status::data_loss("the response has no result"))?;
    Ok(Executed { result, cached: response.cached_result, message: response.message })
}

/// The status with its details where gRPC has them.
fn from_rpc(status: &rpc::Status) -> Status {
    let details = status.encode_to_vec().into();
    Status::with_details(Code::from_i32(status.code), status.message.clone(), details)
}
