//! Server: one service's connection, and how a call to it is made: credentials, deadline, retries, breaker.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::{Duration, Instant};

use parking_lot::Mutex;
use tonic::metadata::MetadataMap;
use tonic::transport::Channel;
use tonic::{Code, Request, Status};

use super::address::{self, AddressError};
use super::breaker::Breaker;
use super::connections::{Lanes, Place};
use super::credentials::Credentials;
use super::error::{is_pressed, is_transport};
use super::metadata::Caller;
use super::progress::{Overdue, Progress};
use super::retry::Attempts;
use super::{Endpoint, GridError};
use crate::base::digest::Digest;

/// Bytes a second that a transfer must make on average, beside the usual deadline.
const SLOWEST: u64 = 100_000;

/// One connection. Clients of several services or instances on the same server share it.
#[derive(Debug)]
pub(super) struct Link {
    name: Arc<str>,
    lanes: Lanes,
    credentials: Credentials,
    /// Whether the server can be reached at all.
    breaker: Breaker,
    /// Methods that hang or are refused for a while, beside others that work: a proxy leads to several servers.
    methods: Mutex<HashMap<&'static str, Arc<Breaker>>>,
    progress: Progress,
    caller: Arc<Caller>,
}

/// A service of a grid: a connection and the instance name to use on it.
#[derive(Debug, Clone)]
pub(super) struct Server {
    link: Arc<Link>,
    endpoint: Arc<Endpoint>,
}

/// What a call is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Call<'a> {
    /// The method's name.
    pub(super) name: &'static str,
    /// The action that it is about, if there is one.
    pub(super) action: Option<&'a Digest>,
    /// How many bytes it moves; they extend its deadline.
    pub(super) size: u64,
}

/// What one attempt is made with.
#[derive(Debug, Clone)]
pub(super) struct Wire {
    /// The connection.
    pub(super) channel: Channel,
    headers: MetadataMap,
    _place: Option<Place>,
}

impl Link {
    /// A connection to the endpoint's server, not made yet. Call it within the runtime.
    pub(super) fn new(endpoint: &Endpoint, caller: Arc<Caller>) -> Result<Arc<Self>, GridError> {
        let name: Arc<str> = endpoint.url.as_str().into();
        let wrong =
            |error: AddressError| GridError::new(Code::InvalidArgument, "settings", &name, error.to_string());
        let transport = address::transport(endpoint).map_err(wrong)?;
        Ok(Arc::new(Self {
            lanes: Lanes::new(transport),
            credentials: Credentials::new(endpoint),
            breaker: Breaker::default(),
            methods: Mutex::default(),
            progress: Progress::default(),
            caller,
            name,
        }))
    }

    fn method(&self, name: &'static str) -> Arc<Breaker> {
        Arc::clone(self.methods.lock().entry(name).or_default())
    }
}

impl Server {
    /// The service of this endpoint, over a connection to its server.
    pub(super) fn new(link: Arc<Link>, endpoint: &Endpoint) -> Self {
        Self { link, endpoint: Arc::new(endpoint.clone()) }
    }

    /// The instance name for requests.
    pub(super) fn instance(&self) -> String {
        self.endpoint.instance.clone()
    }

    /// How it is to be talked to.
    pub(super) fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// Whether `other` is the same service of the same server.
    pub(super) fn is(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.link, &other.link) && self.endpoint.instance == other.endpoint.instance
    }

    /// An error of our own about a call to it.
    pub(super) fn error(&self, call: &'static str, code: Code, text: impl Into<String>) -> GridError {
        GridError::new(code, call, &self.link.name, text)
    }

    /// The error of a call that ended with this status.
    pub(super) fn failure(&self, call: &'static str, status: &Status) -> GridError {
        GridError::from_status(call, &self.link.name, status)
    }

    /// Makes attempts until one succeeds or fails for good. Each has the endpoint's deadline, more for what moves many bytes.
    pub(super) async fn call<T>(
        &self,
        call: Call<'_>,
        mut attempt: impl AsyncFnMut(Wire) -> Result<T, Status>,
    ) -> Result<T, GridError> {
        let deadline = self.deadline(call.size);
        let mut attempts = Attempts::new(&self.endpoint.retry, deadline);
        let begun = Instant::now();
        loop {
            let wire = self.wire(call).await?;
            let made = tokio::time::timeout(deadline, attempt(wire)).await;
            let status = match made.unwrap_or_else(|_| Err(self.unheard(deadline))) {
                Ok(answer) => {
                    self.succeeded(call.name);
                    return Ok(answer);
                }
                Err(status) => status,
            };
            match attempts.next(&status) {
                Some(delay) => tokio::time::sleep(delay).await,
                None => return Err(self.give_up(call.name, &status, begun.elapsed()).await),
            }
        }
    }

    /// How long an attempt may take that moves so many bytes.
    fn deadline(&self, size: u64) -> Duration {
        self.endpoint.timeout.saturating_add(Duration::from_secs(size / SLOWEST))
    }

    /// What an attempt is made with; an error when there are no credentials, or when the server was out of reach just now.
    pub(super) async fn wire(&self, call: Call<'_>) -> Result<Wire, GridError> {
        let headers = self.headers(call).await?;
        Ok(Wire { channel: self.link.lanes.for_call(), headers, _place: None })
    }

    /// The same for an execution, whose stream takes its place on a connection until it ends.
    pub(super) async fn wire_for_execution(&self, call: Call<'_>) -> Result<Wire, GridError> {
        let headers = self.headers(call).await?;
        let (channel, place) = self.link.lanes.for_execution();
        Ok(Wire { channel, headers, _place: Some(place) })
    }

    async fn headers(&self, call: Call<'_>) -> Result<MetadataMap, GridError> {
        let now = Instant::now();
        let admitted = self.link.breaker.admit(now).and_then(|()| self.link.method(call.name).admit(now));
        admitted.map_err(|why| self.error(call.name, Code::Unavailable, why.to_string()))?;
        let mut headers = self.link.caller.headers(call.action);
        let added = self.link.credentials.add_to(&mut headers).await;
        added.map_err(|error| self.error(call.name, Code::Unauthenticated, error.to_string()))?;
        Ok(headers)
    }

    /// Waits for one step of a stream no longer than the endpoint's deadline.
    pub(super) async fn soon<T>(&self, step: impl Future<Output = Result<T, Status>>) -> Result<T, Status> {
        let patience = self.endpoint.timeout;
        let made = tokio::time::timeout(patience, step).await;
        made.unwrap_or_else(|_| Err(self.unheard(patience)))
    }

    /// The failure of an attempt of which nothing was heard for this long.
    pub(super) fn unheard(&self, time: Duration) -> Status {
        self.link.lanes.renew();
        let silence = std::io::Error::from(std::io::ErrorKind::TimedOut);
        let mut status = Status::deadline_exceeded(format!("no answer within {:.1} s", time.as_secs_f64()));
        status.set_source(Arc::new(silence));
        status
    }

    /// The error of a call whose last attempt ended with this error, after this time.
    pub(super) async fn give_up(&self, call: &'static str, status: &Status, took: Duration) -> GridError {
        let error = self.failure(call, status);
        let now = Instant::now();
        if is_pressed(error.code) {
            self.link.method(call).failed(now, took, &error.text);
        }
        // Other methods need not hang as well; but a proxy says UNAVAILABLE for a server that is down behind it.
        let away = is_transport(status) && error.code != Code::DeadlineExceeded;
        if away || error.code == Code::Unavailable {
            self.link.breaker.failed(now, took, &error.text);
        } else if !is_transport(status) {
            self.link.breaker.reached();
        }
        if error.code == Code::Unauthenticated {
            self.link.credentials.refused().await;
        }
        error
    }

    /// The error of an execution that is given up after this time.
    pub(super) fn overdue(&self, call: &'static str, overdue: Overdue, took: Duration) -> GridError {
        let what = match overdue {
            Overdue::Lost => "it did not end",
            Overdue::Standstill => "neither it nor any other ended",
        };
        let error =
            self.error(call, Code::DeadlineExceeded, format!("{what} within {:.0} s", took.as_secs_f64()));
        if overdue == Overdue::Standstill {
            self.link.method(call).failed(Instant::now(), took, &error.text);
        }
        error
    }

    /// How the server gets on with its executions.
    pub(super) fn progress(&self) -> &Progress {
        &self.link.progress
    }

    /// Notes that the server answered.
    pub(super) fn reached(&self) {
        self.link.breaker.reached();
    }

    /// Notes that a call did what it is for.
    pub(super) fn succeeded(&self, call: &'static str) {
        self.link.breaker.reached();
        self.link.method(call).reached();
    }
}

impl<'a> Call<'a> {
    /// A call that moves little.
    pub(super) fn named(name: &'static str) -> Self {
        Self { name, action: None, size: 0 }
    }

    /// The same call, about this action.
    pub(super) fn about(self, action: &'a Digest) -> Self {
        Self { action: Some(action), ..self }
    }

    /// The same call, moving so many bytes.
    pub(super) fn moving(self, size: u64) -> Self {
        Self { size, ..self }
    }
}

impl Wire {
    /// The request with its headers.
    pub(super) fn request<T>(&self, message: T) -> Request<T> {
        let mut request = Request::new(message);
        *request.metadata_mut() = self.headers.clone();
        request
    }
}
