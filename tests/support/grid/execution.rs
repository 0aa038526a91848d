//! The stand-in's executions: what comes of an action, a test says.
use super::cas::digest;
use super::fault::Method;
use super::state::State;
use super::stream::through;
use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use bazel_remote_apis::google::longrunning;
use bazel_remote_apis::google::protobuf::{Any, Empty};
use bazel_remote_apis::google::rpc;
use longrunning::{Operation, operation};
use prost::Message as _;
use reapi::execution_server::Execution;
use std::collections::HashMap;
use std::pin::Pin;
use std::sync::Mutex;
use std::time::Duration;
use tokio::sync::watch;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Code, Request, Response, Status};

/// What comes of an action.
#[derive(Debug, Clone)]
pub(crate) enum Work {
    /// This, after so long.
    Done(Duration, Box<reapi::ExecuteResponse>),
    /// The operation itself fails.
    Failed(rpc::Status),
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
    fn begin(&self, work: Work) -> String {
        let mut states = self.states.lock().unwrap();
        let name = format!("operations/{}", states.len());
        let (state, _) = watch::channel(Operation { name: name.clone(), ..Operation::default() });
        states.insert(name.clone(), state.clone());
        let (delay, result) = match work {
            Work::Done(delay, response) => {
                let type_url = "type.googleapis.com/build.bazel.remote.execution.v2.ExecuteResponse";
                let any = Any { type_url: type_url.to_owned(), value: response.encode_to_vec().into() };
                (delay, operation::Result::Response(any))
            }
            Work::Failed(error) => (Duration::ZERO, operation::Result::Error(error)),
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

impl State {
    /// Forgets all operations, as a server does that starts again.
    pub(crate) fn forget_operations(&self) {
        self.operations.states.lock().unwrap().clear();
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
        let stream = self.operations.follow(&self.operations.begin(work))?;
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
