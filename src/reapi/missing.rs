//! Asks which blobs a server lacks.

use std::collections::HashSet;

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use reapi::content_addressable_storage_client::ContentAddressableStorageClient;

use super::GridError;
use super::server::{Call, Server, Wire};
use crate::action::{from_reapi, to_reapi};
use crate::base::digest::Digest;

/// Digests in one request: each takes some 75 bytes, and a message 4 MiB.
const AT_ONCE: usize = 40_000;

/// Those of `blobs` that the server lacks, each once and in their order. The empty blob is never missing.
pub(super) async fn missing(cas: &Server, blobs: &[Digest]) -> Result<Vec<Digest>, GridError> {
    let mut seen = HashSet::new();
    let wanted: Vec<Digest> =
        blobs.iter().filter(|blob| blob.size > 0 && seen.insert(**blob)).copied().collect();
    let mut lacking = HashSet::new();
    for part in wanted.chunks(AT_ONCE) {
        let request = reapi::FindMissingBlobsRequest {
            instance_name: cas.instance(),
            blob_digests: part.iter().map(to_reapi).collect(),
            ..Default::default()
        };
        let ask = async |wire: Wire| {
            let mut client = ContentAddressableStorageClient::new(wire.channel.clone())
                .max_decoding_message_size(super::LARGEST_ANSWER);
            Ok(client.find_missing_blobs(wire.request(request.clone())).await?.into_inner())
        };
        let answer = cas.call(Call::named("FindMissingBlobs"), ask).await?;
        lacking.extend(answer.missing_blob_digests.iter().filter_map(from_reapi));
    }
    Ok(wanted.into_iter().filter(|blob| lacking.contains(blob)).collect())
}
