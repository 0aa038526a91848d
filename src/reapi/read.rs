//! Reads one blob as a stream, and goes on where a broken one ended.

use std::io::{self, Write as _};

use bazel_remote_apis::google::bytestream::byte_stream_client::ByteStreamClient;
use bazel_remote_apis::google::bytestream::{ReadRequest, ReadResponse};
use tonic::{Status, Streaming};

use super::capabilities::Offer;
use super::server::{Call, Server, Wire};
use super::sink::Sink;
use super::{GridError, resource, zip};
use crate::base::digest::Digest;

/// Receives the blob into `sink`, and verifies it.
pub(super) async fn read(
    cas: &Server,
    offer: &Offer,
    blob: &Digest,
    sink: &mut Sink,
) -> Result<(), GridError> {
    let zstd = offer.zstd && blob.size >= zip::WORTH_IT;
    let attempt = async |wire: Wire| {
        if zstd {
            // Not all servers agree with the protocol on what an offset means here.
            sink.restart().map_err(|error| cannot_keep(&error))?;
        }
        let request = ReadRequest {
            resource_name: resource::reading(&cas.instance(), blob, zstd),
            read_offset: i64::try_from(sink.size()).unwrap_or(i64::MAX),
            read_limit: 0,
        };
        let mut client =
            ByteStreamClient::new(wire.channel.clone()).max_decoding_message_size(super::LARGEST_ANSWER);
        let mut stream = cas.soon(client.read(wire.request(request))).await?.into_inner();
        if zstd {
            let mut decoder =
                zstd::stream::write::Decoder::new(&mut *sink).map_err(|error| cannot_keep(&error))?;
            receive(cas, &mut stream, &mut decoder).await?;
            decoder.flush().map_err(|error| cannot_keep(&error))?;
        } else {
            receive(cas, &mut stream, &mut *sink).await?;
        }
        sink.check()
    };
    cas.call(Call::named("Read").moving(blob.size), attempt).await
}

/// Passes on what comes, as long as something does.
async fn receive(
    cas: &Server,
    stream: &mut Streaming<ReadResponse>,
    to: &mut impl io::Write,
) -> Result<(), Status> {
    loop {
        match cas.soon(stream.message()).await? {
            Some(message) => to.write_all(&message.data).map_err(|error| cannot_keep(&error))?,
            None => return Ok(()),
        }
    }
}

/// What cannot be unpacked, or is too long, is not the blob; else this machine is at fault. Neither passes.
fn cannot_keep(error: &io::Error) -> Status {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::PermissionDenied | io::ErrorKind::NotFound => {
            Status::failed_precondition(format!("cannot keep what came: {error}"))
        }
        _ => Status::data_loss(error.to_string()),
    }
}
