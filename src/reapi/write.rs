//! Writes one large blob as a stream, and goes on where a broken one ended.

use std::io::{self, BufReader, Read as _};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bazel_remote_apis::google::bytestream::byte_stream_client::ByteStreamClient;
use bazel_remote_apis::google::bytestream::{QueryWriteStatusRequest, WriteRequest};
use futures_util::future::{Either, select};
use parking_lot::Mutex;
use tonic::Status;

use super::blob::Source;
use super::capabilities::Offer;
use super::server::{Call, Server, Wire};
use super::{Blob, GridError, resource, zip};

/// Bytes in one message of a stream.
const CHUNK: usize = 512 << 10;

/// Writes the blob, compressed where the server takes that.
pub(super) async fn write(cas: &Server, offer: &Offer, blob: &Blob<'_>) -> Result<(), GridError> {
    let zstd = offer.zstd && blob.digest.size >= zip::WORTH_IT;
    let mut name: Option<String> = None;
    let attempt = async |wire: Wire| {
        // How far a compressed stream came, servers count in different ways: it begins again.
        let committed = match name.as_ref().filter(|_| !zstd) {
            Some(name) => committed(cas, &wire, name).await.unwrap_or_default(),
            None => 0,
        };
        let begun = if committed > 0 { name.take() } else { None };
        let current = begun.unwrap_or_else(|| resource::writing(&cas.instance(), &blob.digest, zstd));
        name = Some(current.clone());
        let progress = Arc::new(Progress::default());
        let chunks =
            Chunks::new(blob, current, committed, zstd, &progress).map_err(|e| unreadable(blob, &e))?;
        let answer = send(cas, &wire, chunks, &progress).await;
        if let Some(error) = progress.fault() {
            return Err(unreadable(blob, &error));
        }
        is_whole(blob, zstd, answer?, &progress)
    };
    cas.call(Call::named("Write").moving(blob.digest.size), attempt).await
}

/// What the server says it has, once it has heard all; fails when no chunk has moved for as long as a deadline.
async fn send(cas: &Server, wire: &Wire, chunks: Chunks, progress: &Progress) -> Result<i64, Status> {
    let mut client = ByteStreamClient::new(wire.channel.clone());
    let writing = client.write(wire.request(futures_util::stream::iter(chunks)));
    let patience = cas.endpoint().timeout;
    match select(pin!(writing), pin!(progress.stalls(patience))).await {
        Either::Left((answer, _)) => Ok(answer?.into_inner().committed_size),
        Either::Right(_) => Err(cas.unheard(patience)),
    }
}

/// How much of an upload the server kept (`QueryWriteStatus`); not all servers know.
async fn committed(cas: &Server, wire: &Wire, name: &str) -> Option<u64> {
    let request = QueryWriteStatusRequest { resource_name: name.to_owned() };
    let mut client = ByteStreamClient::new(wire.channel.clone());
    let asking = client.query_write_status(wire.request(request));
    let status = cas.soon(asking).await.ok()?.into_inner();
    u64::try_from(status.committed_size).ok()
}

/// Whether the server has it all: it says so by the blob's size, or for a compressed stream by -1 (already there) or by
/// the number of bytes that were sent.
fn is_whole(blob: &Blob<'_>, zstd: bool, committed: i64, progress: &Progress) -> Result<(), Status> {
    let all = u64::try_from(committed) == Ok(blob.digest.size);
    let packed = zstd && (committed == -1 || u64::try_from(committed) == Ok(progress.sent()));
    if all || packed {
        return Ok(());
    }
    Err(Status::aborted(format!("the server kept {committed} bytes of {}", blob.digest)))
}

fn unreadable(blob: &Blob<'_>, error: &dyn std::fmt::Display) -> Status {
    Status::failed_precondition(format!("{}: {error}", blob.origin()))
}

/// What a stream that the connection reads tells the one who waits for it.
#[derive(Debug, Default)]
struct Progress {
    sent: AtomicU64,
    fault: Mutex<Option<String>>,
}

impl Progress {
    fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    fn fault(&self) -> Option<String> {
        self.fault.lock().clone()
    }

    /// Ends when nothing was sent for this long.
    async fn stalls(&self, patience: Duration) {
        loop {
            let before = self.sent();
            tokio::time::sleep(patience).await;
            if self.sent() == before {
                return;
            }
        }
    }
}

/// The messages of an upload. Reading happens on the connection's thread, half a megabyte at a time: that is shorter than
/// it would take to hand it to another.
struct Chunks {
    body: Body,
    name: String,
    /// Where the first message begins.
    start: u64,
    progress: Arc<Progress>,
    finished: bool,
}

enum Body {
    Plain(Source),
    Packed(Box<zstd::stream::read::Encoder<'static, BufReader<Source>>>),
}

impl Chunks {
    fn new(
        blob: &Blob<'_>,
        name: String,
        start: u64,
        zstd: bool,
        progress: &Arc<Progress>,
    ) -> io::Result<Self> {
        let source = blob.source(start)?;
        let body = if zstd {
            Body::Packed(Box::new(zstd::stream::read::Encoder::new(source, zip::LEVEL)?))
        } else {
            Body::Plain(source)
        };
        Ok(Self { body, name, start, progress: Arc::clone(progress), finished: false })
    }

    /// The next bytes. Fewer than a chunk means that these are the last, and that all were those of the digest.
    fn read(&mut self) -> io::Result<Vec<u8>> {
        let mut bytes = Vec::with_capacity(CHUNK);
        match &mut self.body {
            Body::Plain(source) => source.take(CHUNK as u64).read_to_end(&mut bytes)?,
            Body::Packed(encoder) => encoder.take(CHUNK as u64).read_to_end(&mut bytes)?,
        };
        if bytes.len() < CHUNK {
            match &self.body {
                Body::Plain(source) => source.check()?,
                Body::Packed(encoder) => encoder.get_ref().get_ref().check()?,
            }
        }
        Ok(bytes)
    }
}

impl Iterator for Chunks {
    type Item = WriteRequest;

    fn next(&mut self) -> Option<WriteRequest> {
        if self.finished {
            return None;
        }
        let data = match self.read() {
            Ok(data) => data,
            Err(error) => {
                // The stream ends without `finish_write`, so that the server keeps nothing.
                self.finished = true;
                *self.progress.fault.lock() = Some(error.to_string());
                return None;
            }
        };
        self.finished = data.len() < CHUNK;
        let sent = self.progress.sent.fetch_add(data.len() as u64, Ordering::Relaxed);
        Some(WriteRequest {
            resource_name: self.name.clone(),
            write_offset: i64::try_from(self.start + sent).unwrap_or(i64::MAX),
            finish_write: self.finished,
            data,
        })
    }
}
