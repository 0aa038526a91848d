//! The stand-in's blobs as streams.
use super::fault::{Fault, Method};
use super::state::State;
use bazel_remote_apis::google::bytestream as bytes;
use bytes::byte_stream_server::ByteStream;
use spec_cc::base::digest::Digest;
use std::pin::Pin;
use tokio_stream::{Stream, StreamExt as _};
use tonic::{Request, Response, Status, Streaming};

/// Bytes in a message.
const CHUNK: usize = 64 << 10;

/// The blob that a resource name ends with, and whether it is compressed.
fn named(resource: &str) -> Result<(Digest, bool), Status> {
    let wrong = || Status::invalid_argument(format!("no resource: {resource}"));
    let (_, digest) = resource.rsplit_once("blobs/").ok_or_else(wrong)?;
    let zstd = digest.strip_prefix("zstd/");
    let digest = zstd.unwrap_or(digest).parse().map_err(|_| wrong())?;
    Ok((digest, zstd.is_some()))
}

#[tonic::async_trait]
impl ByteStream for State {
    type ReadStream = Pin<Box<dyn Stream<Item = Result<bytes::ReadResponse, Status>> + Send>>;

    async fn read(&self, request: Request<bytes::ReadRequest>) -> Result<Response<Self::ReadStream>, Status> {
        let fault = self.enter(Method::Read, &request).await?;
        let request = request.into_inner();
        let (digest, zstd) = named(&request.resource_name)?;
        let blob = self.get(&digest).ok_or_else(|| Status::not_found("no such blob"))?;
        let rest = blob.get(usize::try_from(request.read_offset).unwrap_or(usize::MAX)..);
        let rest = rest.ok_or_else(|| Status::out_of_range("beyond the blob"))?.to_vec();
        let mut data = if zstd { zstd::encode_all(&*rest, 1).unwrap_or_default() } else { rest };
        if let Fault::Short(bytes) = fault {
            data.truncate(bytes);
        }
        let chunks: Vec<_> = data.chunks(CHUNK).map(<[u8]>::to_vec).collect();
        let messages = chunks.into_iter().map(|data| Ok(bytes::ReadResponse { data }));
        let messages: Vec<_> = match fault {
            Fault::ResetAfter(count) => messages.take(count).collect(),
            _ => messages.collect(),
        };
        let stream = tokio_stream::iter(messages);
        Ok(Response::new(match fault {
            Fault::ResetAfter(_) => Box::pin(stream.chain(breaking(self))),
            Fault::Endless => {
                let more = || Ok(bytes::ReadResponse { data: vec![0; CHUNK] });
                Box::pin(stream.chain(tokio_stream::iter(std::iter::repeat_with(more))))
            }
            _ => Box::pin(stream),
        }))
    }

    async fn write(
        &self,
        request: Request<Streaming<bytes::WriteRequest>>,
    ) -> Result<Response<bytes::WriteResponse>, Status> {
        let fault = self.enter(Method::Write, &request).await?;
        let mut stream = request.into_inner();
        let mut name = String::new();
        let mut count = 0;
        while let Some(message) = stream.next().await {
            let message = message?;
            count += 1;
            if !message.resource_name.is_empty() {
                name = message.resource_name;
            }
            let committed = self.append(&name, message.write_offset, &message.data)?;
            match fault {
                Fault::ResetAfter(limit) if count >= limit => {
                    self.break_connections();
                    return Err(Status::unavailable("nobody will read this"));
                }
                Fault::Short(limit) if committed >= limit => {
                    self.uploads.lock().unwrap().entry(name).or_default().truncate(limit);
                    return Ok(Response::new(bytes::WriteResponse { committed_size: limit as i64 }));
                }
                _ => {}
            }
            if message.finish_write {
                self.finish(&name)?;
                return Ok(Response::new(bytes::WriteResponse { committed_size: committed as i64 }));
            }
        }
        Err(Status::cancelled("the client did not finish"))
    }

    async fn query_write_status(
        &self,
        request: Request<bytes::QueryWriteStatusRequest>,
    ) -> Result<Response<bytes::QueryWriteStatusResponse>, Status> {
        self.enter(Method::QueryWriteStatus, &request).await?;
        let uploads = self.uploads.lock().unwrap();
        let upload = uploads.get(&request.into_inner().resource_name);
        let committed_size = upload.ok_or_else(|| Status::not_found("no such upload"))?.len() as i64;
        Ok(Response::new(bytes::QueryWriteStatusResponse { committed_size, complete: false }))
    }
}

impl State {
    /// Adds to an upload; gives how much of it there is.
    fn append(&self, name: &str, offset: i64, data: &[u8]) -> Result<usize, Status> {
        let mut uploads = self.uploads.lock().unwrap();
        let upload = uploads.entry(name.to_owned()).or_default();
        if usize::try_from(offset) != Ok(upload.len()) {
            return Err(Status::invalid_argument(format!("offset {offset} after {} bytes", upload.len())));
        }
        upload.extend_from_slice(data);
        Ok(upload.len())
    }

    /// Keeps the blob of a whole upload.
    fn finish(&self, name: &str) -> Result<(), Status> {
        let upload = self.uploads.lock().unwrap().remove(name).unwrap_or_default();
        let (digest, zstd) = named(name)?;
        let blob = if zstd { zstd::decode_all(&*upload).unwrap_or_default() } else { upload };
        if Digest::of(&blob) != digest {
            return Err(Status::invalid_argument("the bytes are not those of the digest"));
        }
        self.put(&blob);
        Ok(())
    }
}

/// A stream's end that breaks all connections, once what came before had the time to leave.
fn breaking<T: Send + 'static>(state: &State) -> impl Stream<Item = Result<T, Status>> + Send + use<T> {
    let broken = state.broken.clone();
    let end = async move {
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
        broken.send_modify(|count| *count += 1);
        Err(Status::unavailable("nobody will read this"))
    };
    futures_util::stream::once(end)
}

/// The messages of an execution's stream, as the fault lets them through.
pub(super) fn through<T: Send + 'static>(
    state: &State,
    fault: &Fault,
    stream: impl Stream<Item = Result<T, Status>> + Send + 'static,
) -> Pin<Box<dyn Stream<Item = Result<T, Status>> + Send>> {
    match fault {
        Fault::ResetAfter(count) => Box::pin(stream.take(*count).chain(breaking(state))),
        Fault::Short(count) => Box::pin(stream.take(*count)),
        _ => Box::pin(stream),
    }
}
