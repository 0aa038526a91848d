//! Downloads blobs into the local store, each compared with its digest first.

use std::collections::{HashMap, HashSet};

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use futures_util::{StreamExt as _, TryStreamExt as _};
use reapi::batch_read_blobs_response::Response;
use reapi::compressor::Value::{Identity, Zstd};
use reapi::content_addressable_storage_client::ContentAddressableStorageClient;
use tonic::{Code, Status};
use tonic_types::{ErrorDetails, StatusExt as _};

use super::capabilities::Offer;
use super::server::{Call, Server, Wire};
use super::sink::{Sink, Target, wrong};
use super::{GridError, batch, read, zip};
use crate::action::{from_reapi, to_reapi};
use crate::base::digest::Digest;
use crate::cache::cas::Blobs;
use crate::cache::error::CacheError;

const CALL: &str = "BatchReadBlobs";
/// Requests under way at once for one download.
const ABREAST: usize = 4;
/// What is held in memory for [`super::Client::read`].
const LARGEST_READ: u64 = 64 << 20;

/// Fetches those of `blobs` that are not in `into` yet.
pub(super) async fn download(
    cas: &Server,
    offer: &Offer,
    blobs: &[Digest],
    into: &Blobs,
) -> Result<(), GridError> {
    let cannot = |error: CacheError| cas.error(CALL, Code::FailedPrecondition, error.to_string());
    let mut seen = HashSet::new();
    let mut wanted = Vec::new();
    for blob in blobs.iter().filter(|blob| seen.insert(**blob)) {
        if blob.size == 0 {
            into.put_bytes(b"").map_err(cannot)?;
        } else if into.open(blob).map_err(cannot)?.is_none() {
            wanted.push(*blob);
        }
    }
    let division = batch::divide(&wanted, offer.max_batch);
    let blob = |place: &usize| wanted.get(*place).copied();
    futures_util::stream::iter(division.batches.iter())
        .map(|batch| read_batch(cas, offer, batch.iter().filter_map(blob).collect()))
        .buffer_unordered(ABREAST)
        .try_for_each(|contents| async move {
            contents.iter().try_for_each(|bytes| into.put_bytes(bytes).map(drop)).map_err(cannot)
        })
        .await?;
    futures_util::stream::iter(division.large.iter().filter_map(blob))
        .map(|blob| stream_into(cas, offer, blob, into))
        .buffer_unordered(ABREAST)
        .try_collect()
        .await
}

/// The bytes of one blob.
pub(super) async fn read_small(cas: &Server, offer: &Offer, blob: &Digest) -> Result<Vec<u8>, GridError> {
    if blob.size == 0 {
        return Ok(Vec::new());
    }
    if blob.size > LARGEST_READ {
        let text = format!("{blob} is too large to be held in memory");
        return Err(cas.error("Read", Code::OutOfRange, text));
    }
    if batch::divide(&[*blob], offer.max_batch).large.is_empty() {
        let contents = read_batch(cas, offer, vec![*blob]).await?;
        return Ok(contents.into_iter().next().unwrap_or_default());
    }
    let mut sink = Sink::new(blob, Target::Memory(Vec::new()));
    read::read(cas, offer, blob, &mut sink).await?;
    match sink.into_target() {
        Target::Memory(bytes) => Ok(bytes),
        Target::File(_) => Ok(Vec::new()),
    }
}

/// The contents of blobs that fit into one message, in any order.
async fn read_batch(cas: &Server, offer: &Offer, blobs: Vec<Digest>) -> Result<Vec<Vec<u8>>, GridError> {
    let size = blobs.iter().map(|blob| blob.size).sum();
    let mut left: HashSet<Digest> = blobs.into_iter().collect();
    let mut contents = Vec::with_capacity(left.len());
    let attempt = async |wire: Wire| {
        let request = reapi::BatchReadBlobsRequest {
            instance_name: cas.instance(),
            digests: left.iter().map(to_reapi).collect(),
            acceptable_compressors: if offer.zstd { vec![Zstd as i32] } else { Vec::new() },
            ..Default::default()
        };
        let mut client = ContentAddressableStorageClient::new(wire.channel.clone())
            .max_decoding_message_size(super::LARGEST_ANSWER);
        let answer = client.batch_read_blobs(wire.request(request)).await?.into_inner();
        let mut failures = HashMap::new();
        for response in answer.responses {
            let Some(blob) = response.digest.as_ref().and_then(from_reapi).filter(|blob| left.contains(blob))
            else {
                continue;
            };
            match content(&blob, response) {
                Ok(bytes) => {
                    left.remove(&blob);
                    contents.push(bytes);
                }
                Err(status) => drop(failures.insert(blob, status)),
            }
        }
        all_here(&left, failures)
    };
    cas.call(Call::named(CALL).moving(size), attempt).await?;
    Ok(contents)
}

/// The verified content in a response.
fn content(blob: &Digest, response: Response) -> Result<Vec<u8>, Status> {
    let status = response.status.unwrap_or_default();
    if status.code != Code::Ok as i32 {
        return Err(Status::new(Code::from_i32(status.code), status.message));
    }
    let bytes = match response.compressor {
        identity if identity == Identity as i32 => response.data,
        zstd if zstd == Zstd as i32 => zip::unpack(&response.data, blob.size).map_err(|_| wrong(blob))?,
        _ => return Err(Status::data_loss(format!("{blob} came in a compression nobody asked for"))),
    };
    if Digest::of(&bytes) == *blob { Ok(bytes) } else { Err(wrong(blob)) }
}

/// Fails if something is left, with the failure that matters most.
fn all_here(left: &HashSet<Digest>, mut failures: HashMap<Digest, Status>) -> Result<(), Status> {
    if left.is_empty() {
        return Ok(());
    }
    let lost: Vec<_> = left
        .iter()
        .filter(|blob| failures.get(*blob).is_some_and(|status| status.code() == Code::NotFound))
        .collect();
    if !lost.is_empty() {
        let mut details = ErrorDetails::new();
        for blob in &lost {
            details.add_precondition_failure_violation("MISSING", format!("blobs/{blob}"), "");
        }
        let text = format!("the server has no {} (of {} such)", lost[0], lost.len());
        return Err(Status::with_error_details(Code::NotFound, text, details));
    }
    // One that is final ends the call, even if others may pass.
    let worst = failures.iter().min_by_key(|(_, status)| super::error::is_transient(status.code()));
    let worst = worst.map(|(blob, _)| *blob).and_then(|blob| failures.remove(&blob));
    Err(worst.unwrap_or_else(|| Status::internal("the server does not say what became of a blob")))
}

/// Fetches one large blob: to a file without a name first, as nothing unverified goes into the store.
async fn stream_into(cas: &Server, offer: &Offer, blob: Digest, into: &Blobs) -> Result<(), GridError> {
    let cannot = |error: String| cas.error("Read", Code::FailedPrecondition, error);
    let file = tempfile::tempfile().map_err(|error| cannot(format!("a temporary file: {error}")))?;
    let mut sink = Sink::new(&blob, Target::File(file));
    read::read(cas, offer, &blob, &mut sink).await?;
    let Target::File(file) = sink.into_target() else { return Ok(()) };
    let kept = into.put_file(&file).map_err(|error| cannot(error.to_string()))?;
    if kept == blob { Ok(()) } else { Err(cannot(format!("{blob} changed on this machine's disk"))) }
}
