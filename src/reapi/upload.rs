//! Uploads blobs: small ones in batches, large ones as streams.

use std::collections::{HashMap, HashSet};
use std::io;

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use futures_util::{StreamExt as _, TryStreamExt as _};
use reapi::batch_update_blobs_request::Request;
use reapi::compressor::Value::{Identity, Zstd};
use reapi::content_addressable_storage_client::ContentAddressableStorageClient;
use tonic::{Code, Status};

use super::capabilities::Offer;
use super::missing::missing;
use super::server::{Call, Server, Wire};
use super::{Blob, GridError, batch, write, zip};
use crate::action::{from_reapi, to_reapi};
use crate::base::digest::Digest;

const CALL: &str = "BatchUpdateBlobs";
/// Requests under way at once for one upload.
const ABREAST: usize = 4;

/// Uploads what the server lacks of `blobs`, and says how many bytes that was.
pub(super) async fn upload(cas: &Server, offer: &Offer, blobs: &[Blob<'_>]) -> Result<u64, GridError> {
    let by_digest: HashMap<Digest, &Blob<'_>> = blobs.iter().map(|blob| (blob.digest, blob)).collect();
    let digests: Vec<Digest> = blobs.iter().map(|blob| blob.digest).collect();
    let lacking = missing(cas, &digests).await?;
    let limit = offer.max_blob.unwrap_or(u64::MAX);
    if let Some(blob) = lacking.iter().find(|blob| blob.size > limit) {
        let text = format!("{blob} is larger than the server takes ({limit})");
        return Err(cas.error(CALL, Code::InvalidArgument, text));
    }
    let division = batch::divide(&lacking, offer.max_batch);
    let blob = |place: &usize| lacking.get(*place).and_then(|digest| by_digest.get(digest)).copied();
    let batches = division.batches.iter().map(|batch| batch.iter().filter_map(blob).collect::<Vec<_>>());
    let in_batches = futures_util::stream::iter(batches)
        .map(|batch| send(cas, offer, batch))
        .buffer_unordered(ABREAST)
        .try_collect::<()>();
    in_batches.await?;
    futures_util::stream::iter(division.large.iter().filter_map(blob))
        .map(|blob| write::write(cas, offer, blob))
        .buffer_unordered(ABREAST)
        .try_collect::<()>()
        .await?;
    Ok(lacking.iter().map(|blob| blob.size).sum())
}

/// Sends one batch; what of it fails for a while is sent again.
async fn send(cas: &Server, offer: &Offer, blobs: Vec<&Blob<'_>>) -> Result<(), GridError> {
    let mut left = Vec::with_capacity(blobs.len());
    for blob in blobs {
        left.push(request(blob, offer.zstd_batch).map_err(|error| {
            cas.error(CALL, Code::FailedPrecondition, format!("{}: {error}", blob.origin()))
        })?);
    }
    let size = left.iter().map(|request| request.data.len() as u64).sum();
    let attempt = async |wire: Wire| {
        let request = reapi::BatchUpdateBlobsRequest {
            instance_name: cas.instance(),
            requests: left.clone(),
            ..Default::default()
        };
        let mut client = ContentAddressableStorageClient::new(wire.channel.clone());
        let answer = client.batch_update_blobs(wire.request(request)).await?.into_inner();
        sort_out(&mut left, answer)
    };
    cas.call(Call::named(CALL).moving(size), attempt).await
}

fn request(blob: &Blob<'_>, zstd: bool) -> io::Result<Request> {
    let bytes = blob.read()?;
    let packed = if zstd { zip::pack(&bytes) } else { None };
    let compressor = if packed.is_some() { Zstd } else { Identity };
    Ok(Request {
        digest: Some(to_reapi(&blob.digest)),
        data: packed.unwrap_or(bytes),
        compressor: compressor as i32,
    })
}

/// Takes away what the server has now; fails if something is left, with the failure that matters most.
fn sort_out(left: &mut Vec<Request>, answer: reapi::BatchUpdateBlobsResponse) -> Result<(), Status> {
    let mut done = HashSet::new();
    let mut failures = Vec::new();
    for response in answer.responses {
        let status = response.status.unwrap_or_default();
        match response.digest.as_ref().and_then(from_reapi) {
            Some(digest) if status.code == Code::Ok as i32 => {
                done.insert(digest);
            }
            _ => failures.push(Status::new(Code::from_i32(status.code), status.message)),
        }
    }
    left.retain(|request| {
        let digest = request.digest.as_ref().and_then(from_reapi);
        !digest.is_some_and(|digest| done.contains(&digest))
    });
    if left.is_empty() {
        return Ok(());
    }
    // One that is final ends the call, even if others may pass.
    failures.sort_by_key(|status| super::error::is_transient(status.code()));
    let said_nothing = || Status::internal("the server does not say what became of a blob");
    Err(failures.into_iter().next().unwrap_or_else(said_nothing))
}
