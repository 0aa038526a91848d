//! The stand-in's executions: what comes of an action, a test says.
use super::cas::digest;
use super::fault::Method;
use super::state::State;
use super::stream::through;
use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use bazel_remote_apis::google::longrunning;
use bazel_remote_apis::google::protobuf::{Any, Empty, Timestamp};
use bazel_remote_apis::google::rpc;
use longrunning::{Operation, operation};
use prost::Message;
use reapi::execution_server::Execution;
use reapi::execution_stage::Value as Stage;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{Semaphore, watch};
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Code, Request, Response, Status};

/// What comes of an action.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    /// This, after so long.
    Done(Duration, Box<reapi::ExecuteResponse>),
    /// The operation itself fails.
    Failed(rpc::Status),
    /// A worker of so many runs it for so long, as [`State::slots`] has it: then this. The operation says how far it has come.
    Slot(Duration, Box<reapi::ActionResult>),
    /// Nothing, ever.
    Never,
}

impl Work {
    /// A result at once; it does not go into the action cache.
    pub(crate) fn result(result: reapi::ActionResult) -> Self {
        Self::response(reapi::ExecuteResponse { result: Some(result), ..Default::default() })
    }

    /// An end with this code and details.
    pub(crate) fn status(status: &Status) -> Self {
        let code = status.code() as i32;
        let decoded = rpc::Status::decode(status.details()).unwrap_or_default();
        let status = rpc::Status { code, message: status.message().to_owned(), details: decoded.details };
        Self::response(reapi::ExecuteResponse { status: Some(status), ..Default::default() })
    }

    /// This, at once.
    pub(crate) fn response(response: reapi::ExecuteResponse) -> Self {
        Self::Done(Duration::ZERO, Box::new(response))
    }
}

/// The operations that were begun.
#[derive(Debug, Default)]
pub(crate) struct Operations {
    states: Mutex<HashMap<String, watch::Sender<Operation>>>,
    cancelled: Mutex<Vec<String>>,
}

type Messages = Pin<Box<dyn Stream<Item = Result<Operation, Status>> + Send>>;

impl Operations {
    pub(super) fn cancelled(&self) -> Vec<String> {
        self.cancelled.lock().unwrap().clone()
    }

    /// Begins an operation; gives its name.
    fn begin(&self, work: Work, slots: Option<Arc<Semaphore>>) -> String {
        let mut states = self.states.lock().unwrap();
        let name = format!("operations/{}", states.len());
        let (state, _) = watch::channel(Operation { name: name.clone(), ..Operation::default() });
        states.insert(name.clone(), state.clone());
        let (delay, result) = match work {
            Work::Done(delay, response) => {
                (delay, operation::Result::Response(any("ExecuteResponse", &*response)))
            }
            Work::Failed(error) => (Duration::ZERO, operation::Result::Error(error)),
            Work::Slot(time, result) => {
                tokio::spawn(work_in_slot(state, slots, time, *result));
                return name;
            }
            Work::Never => return name,
        };
        tokio::spawn(async move {
            tokio::time::sleep(delay).await;
            state.send_modify(|operation| {
                operation.done = true;
                operation.result = Some(result);
            });
        });
        name
    }

    /// The operation's state now, and every later one until it is done.
    fn follow(&self, name: &str) -> Result<Messages, Status> {
        let states = self.states.lock().unwrap();
        let state = states.get(name).ok_or_else(|| Status::not_found("no such operation"))?;
        let mut done = false;
        let states = tokio_stream::wrappers::WatchStream::new(state.subscribe());
        Ok(Box::pin(
            states.take_while(move |operation| !std::mem::replace(&mut done, operation.done)).map(Ok),
        ))
    }

    fn cancel(&self, name: &str) -> Result<(), Status> {
        self.cancelled.lock().unwrap().push(name.to_owned());
        let states = self.states.lock().unwrap();
        let state = states.get(name).ok_or_else(|| Status::not_found("no such operation"))?;
        state.send_modify(|operation| {
            let cancelled = rpc::Status { code: Code::Cancelled as i32, ..rpc::Status::default() };
            operation.done = true;
            operation.result = Some(operation::Result::Error(cancelled));
        });
        Ok(())
    }
}

/// Runs an operation when a slot is free, in the order in which they came.
async fn work_in_slot(
    state: watch::Sender<Operation>,
    slots: Option<Arc<Semaphore>>,
    time: Duration,
    mut result: reapi::ActionResult,
) {
    let say = |stage: Stage| {
        let metadata = reapi::ExecuteOperationMetadata { stage: stage as i32, ..Default::default() };
        let metadata = any("ExecuteOperationMetadata", &metadata);
        // A cancelled one stays done.
        state.send_if_modified(|operation| {
            operation.metadata = Some(metadata);
            !operation.done
        });
    };
    say(Stage::Queued);
    let queued = now();
    let slot = match &slots {
        Some(slots) => slots.acquire().await.ok(),
        None => None,
    };
    if state.borrow().done {
        return;
    }
    say(Stage::Executing);
    let started = now();
    let mut watching = state.subscribe();
    let cancelled = watching.wait_for(|operation| operation.done);
    if tokio::time::timeout(time, cancelled).await.is_ok() {
        return;
    }
    drop(slot);
    let told = result.execution_metadata.get_or_insert_default();
    told.queued_timestamp = queued;
    told.worker_start_timestamp = started;
    told.execution_start_timestamp = started;
    told.execution_completed_timestamp = now();
    let response = reapi::ExecuteResponse { result: Some(result), ..Default::default() };
    state.send_modify(|operation| {
        operation.done = true;
        operation.result = Some(operation::Result::Response(any("ExecuteResponse", &response)));
    });
}

fn any(name: &str, message: &impl Message) -> Any {
    let type_url = format!("type.googleapis.com/build.bazel.remote.execution.v2.{name}");
    Any { type_url, value: message.encode_to_vec().into() }
}

fn now() -> Option<Timestamp> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).ok()?;
    Some(Timestamp { seconds: now.as_secs() as i64, nanos: now.subsec_nanos() as i32 })
}

impl State {
    /// Has this many workers from now on, for [`Work::Slot`].
    pub(crate) fn slots(&self, count: usize) {
        *self.slots.lock().unwrap() = Some(Arc::new(Semaphore::new(count)));
    }
}

#[tonic::async_trait]
impl Execution for State {
    type ExecuteStream = Messages;

    async fn execute(&self, request: Request<reapi::ExecuteRequest>) -> Result<Response<Messages>, Status> {
        let fault = self.enter(Method::Execute, &request).await?;
        let request = request.into_inner();
        let action = digest(request.action_digest.as_ref())?;
        let cached = self.cached(&action).filter(|_| !request.skip_cache_lookup);
        let worker = self.worker.lock().unwrap().clone();
        let work = match (cached, worker) {
            (Some(result), _) => Work::response(reapi::ExecuteResponse {
                result: Some(result),
                cached_result: true,
                ..Default::default()
            }),
            (None, Some(worker)) => worker(&action),
            (None, None) => return Err(Status::unimplemented("the test does not say what comes of it")),
        };
        self.executes.lock().unwrap().push(request.execution_policy.unwrap_or_default().priority);
        let slots = self.slots.lock().unwrap().clone();
        let stream = self.operations.follow(&self.operations.begin(work, slots))?;
        Ok(Response::new(through(self, &fault, stream)))
    }

    type WaitExecutionStream = Messages;

    async fn wait_execution(
        &self,
        request: Request<reapi::WaitExecutionRequest>,
    ) -> Result<Response<Messages>, Status> {
        let fault = self.enter(Method::WaitExecution, &request).await?;
        let stream = self.operations.follow(&request.into_inner().name)?;
        Ok(Response::new(through(self, &fault, stream)))
    }
}

#[tonic::async_trait]
impl longrunning::operations_server::Operations for State {
    async fn list_operations(
        &self,
        _: Request<longrunning::ListOperationsRequest>,
    ) -> Result<Response<longrunning::ListOperationsResponse>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn get_operation(
        &self,
        _: Request<longrunning::GetOperationRequest>,
    ) -> Result<Response<Operation>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn delete_operation(
        &self,
        _: Request<longrunning::DeleteOperationRequest>,
    ) -> Result<Response<Empty>, Status> {
        Err(Status::unimplemented(""))
    }

    async fn cancel_operation(
        &self,
        request: Request<longrunning::CancelOperationRequest>,
    ) -> Result<Response<Empty>, Status> {
        self.enter(Method::CancelOperation, &request).await?;
        self.operations.cancel(&request.into_inner().name)?;
        Ok(Response::new(Empty {}))
    }

    async fn wait_operation(
        &self,
        _: Request<longrunning::WaitOperationRequest>,
    ) -> Result<Response<Operation>, Status> {
        Err(Status::unimplemented(""))
    }
}
