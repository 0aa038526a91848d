//! What goes wrong, and when.
use std::collections::{HashMap, VecDeque};
use std::sync::Mutex;
use std::time::Duration;
use tonic::metadata::MetadataMap;
use tonic::{Code, Status};

/// The methods that can fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) enum Method {
    GetCapabilities,
    FindMissingBlobs,
    BatchUpdateBlobs,
    BatchReadBlobs,
    Read,
    Write,
    QueryWriteStatus,
    GetActionResult,
    UpdateActionResult,
    Execute,
    WaitExecution,
    CancelOperation,
}

/// One way to fail.
#[derive(Debug, Clone)]
pub(crate) enum Fault {
    /// Not at all: the call in between is fine.
    None,
    /// Does it, later.
    Delay(Duration),
    /// Never answers.
    Hang,
    /// Answers with this status.
    Status(Status),
    /// Breaks all connections instead of an answer.
    Reset,
    /// Breaks all connections after so many messages of a stream. An execution goes on.
    ResetAfter(usize),
    /// Ends the stream, as if all were well: `Read` after so many bytes, `Execute` and `WaitExecution` after so many
    /// messages. `Write` keeps so many bytes and says so.
    Short(usize),
    /// `Read` goes on for ever after the blob.
    Endless,
    /// Answers with this code for each of the blobs of a batch.
    Blobs(Code),
    /// Says nothing of any blob of a batch.
    Silence,
}

impl Fault {
    /// Answers with this code.
    pub(crate) fn code(code: Code) -> Self {
        Self::Status(Status::new(code, "on purpose"))
    }
}

/// The faults to come, and the calls that were made.
#[derive(Debug, Default)]
pub(crate) struct Plan {
    faults: Mutex<HashMap<Method, VecDeque<Fault>>>,
    calls: Mutex<HashMap<Method, Vec<MetadataMap>>>,
}

impl Plan {
    pub(super) fn add(&self, method: Method, times: usize, fault: &Fault) {
        let mut faults = self.faults.lock().unwrap();
        faults.entry(method).or_default().extend(std::iter::repeat_n(fault.clone(), times));
    }

    /// The headers of every call of `method`.
    pub(crate) fn calls(&self, method: Method) -> Vec<MetadataMap> {
        self.calls.lock().unwrap().get(&method).cloned().unwrap_or_default()
    }

    /// Notes a call; gives the next fault, unless the call has failed by it already.
    pub(super) async fn enter(&self, method: Method, headers: &MetadataMap) -> Result<Fault, Status> {
        self.calls.lock().unwrap().entry(method).or_default().push(headers.clone());
        let fault = self.faults.lock().unwrap().get_mut(&method).and_then(VecDeque::pop_front);
        match fault.unwrap_or(Fault::None) {
            Fault::Delay(time) => {
                tokio::time::sleep(time).await;
                Ok(Fault::None)
            }
            Fault::Hang => std::future::pending().await,
            Fault::Status(status) => Err(status),
            other => Ok(other),
        }
    }
}
