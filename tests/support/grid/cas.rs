//! The stand-in's blobs in batches, its action cache, and what it says it can do.
use super::fault::{Fault, Method};
use super::state::State;
use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use bazel_remote_apis::google::rpc;
use reapi::action_cache_server::ActionCache;
use reapi::capabilities_server::Capabilities;
use reapi::compressor::Value::{Identity, Zstd};
use reapi::content_addressable_storage_server::ContentAddressableStorage;
use reapi::{batch_read_blobs_response, batch_update_blobs_response};
use spec_cc::action::to_reapi;
use spec_cc::base::digest::Digest;
use tonic::{Code, Request, Response, Status, Streaming};

type Answer<T> = Result<Response<T>, Status>;
type Nothing<T> = tokio_stream::Empty<Result<T, Status>>;

/// The digest in a request.
pub(super) fn digest(digest: Option<&reapi::Digest>) -> Result<Digest, Status> {
    let digest = digest.ok_or_else(|| Status::invalid_argument("a digest is needed"))?;
    let text = format!("{}/{}", digest.hash, digest.size_bytes);
    text.parse().map_err(|_| Status::invalid_argument("a digest of SHA-256 is needed"))
}

impl State {
    /// Notes a call; an error, broken connections, or the fault that is left to do.
    pub(super) async fn enter<T>(&self, method: Method, request: &Request<T>) -> Result<Fault, Status> {
        let fault = self.plan.enter(method, request.metadata()).await?;
        if matches!(fault, Fault::Reset) {
            self.break_connections();
            return Err(Status::unavailable("nobody will read this"));
        }
        Ok(fault)
    }
}

fn status(code: Code) -> rpc::Status {
    let message = if code == Code::Ok { "" } else { "on purpose" };
    rpc::Status { code: code as i32, message: message.to_owned(), details: Vec::new() }
}

#[tonic::async_trait]
impl Capabilities for State {
    async fn get_capabilities(
        &self,
        request: Request<reapi::GetCapabilitiesRequest>,
    ) -> Answer<reapi::ServerCapabilities> {
        self.enter(Method::GetCapabilities, &request).await?;
        Ok(Response::new(self.capabilities()))
    }
}

#[tonic::async_trait]
impl ActionCache for State {
    async fn get_action_result(
        &self,
        request: Request<reapi::GetActionResultRequest>,
    ) -> Answer<reapi::ActionResult> {
        self.enter(Method::GetActionResult, &request).await?;
        let action = digest(request.get_ref().action_digest.as_ref())?;
        self.cached(&action).map(Response::new).ok_or_else(|| Status::not_found("no result"))
    }

    async fn update_action_result(
        &self,
        request: Request<reapi::UpdateActionResultRequest>,
    ) -> Answer<reapi::ActionResult> {
        self.enter(Method::UpdateActionResult, &request).await?;
        let request = request.into_inner();
        let result = request.action_result.unwrap_or_default();
        self.cache(digest(request.action_digest.as_ref())?, result.clone());
        Ok(Response::new(result))
    }
}

#[tonic::async_trait]
impl ContentAddressableStorage for State {
    async fn find_missing_blobs(
        &self,
        request: Request<reapi::FindMissingBlobsRequest>,
    ) -> Answer<reapi::FindMissingBlobsResponse> {
        self.enter(Method::FindMissingBlobs, &request).await?;
        let asked = request.into_inner().blob_digests;
        let is_missing = |blob: &reapi::Digest| digest(Some(blob)).is_ok_and(|it| self.get(&it).is_none());
        let missing_blob_digests = asked.into_iter().filter(is_missing).collect();
        Ok(Response::new(reapi::FindMissingBlobsResponse { missing_blob_digests }))
    }

    async fn batch_update_blobs(
        &self,
        request: Request<reapi::BatchUpdateBlobsRequest>,
    ) -> Answer<reapi::BatchUpdateBlobsResponse> {
        let fault = self.enter(Method::BatchUpdateBlobs, &request).await?;
        let mut responses = Vec::new();
        for blob in request.into_inner().requests {
            let named = digest(blob.digest.as_ref())?;
            let data = match blob.compressor {
                zstd if zstd == Zstd as i32 => zstd::decode_all(&*blob.data).unwrap_or_default(),
                _ => blob.data,
            };
            let code = match &fault {
                Fault::Blobs(code) => *code,
                Fault::Silence => continue,
                _ if Digest::of(&data) != named => Code::InvalidArgument,
                _ => Code::Ok,
            };
            if code == Code::Ok {
                self.put(&data);
            }
            responses.push(batch_update_blobs_response::Response {
                digest: Some(to_reapi(&named)),
                status: Some(status(code)),
            });
        }
        Ok(Response::new(reapi::BatchUpdateBlobsResponse { responses }))
    }

    async fn batch_read_blobs(
        &self,
        request: Request<reapi::BatchReadBlobsRequest>,
    ) -> Answer<reapi::BatchReadBlobsResponse> {
        let fault = self.enter(Method::BatchReadBlobs, &request).await?;
        let request = request.into_inner();
        let zstd = request.acceptable_compressors.contains(&(Zstd as i32));
        let mut responses = Vec::new();
        for blob in request.digests {
            let data = self.get(&digest(Some(&blob))?);
            let code = match &fault {
                Fault::Blobs(code) => *code,
                Fault::Silence => continue,
                _ if data.is_none() => Code::NotFound,
                _ => Code::Ok,
            };
            let data = data.filter(|_| code == Code::Ok).unwrap_or_default();
            let data = if zstd { zstd::encode_all(&*data, 1).unwrap_or_default() } else { data };
            responses.push(batch_read_blobs_response::Response {
                digest: Some(blob),
                data,
                compressor: if zstd { Zstd } else { Identity } as i32,
                status: Some(status(code)),
            });
        }
        Ok(Response::new(reapi::BatchReadBlobsResponse { responses }))
    }

    type GetTreeStream = Nothing<reapi::GetTreeResponse>;

    async fn get_tree(&self, _: Request<reapi::GetTreeRequest>) -> Answer<Self::GetTreeStream> {
        Err(Status::unimplemented(""))
    }

    async fn split_blob(&self, _: Request<reapi::SplitBlobRequest>) -> Answer<reapi::SplitBlobResponse> {
        Err(Status::unimplemented(""))
    }

    type GetChunkMappingStream = Nothing<reapi::GetChunkMappingResponse>;

    async fn get_chunk_mapping(
        &self,
        _: Request<reapi::GetChunkMappingRequest>,
    ) -> Answer<Self::GetChunkMappingStream> {
        Err(Status::unimplemented(""))
    }

    async fn splice_blob(&self, _: Request<reapi::SpliceBlobRequest>) -> Answer<reapi::SpliceBlobResponse> {
        Err(Status::unimplemented(""))
    }

    async fn register_chunk_mapping(
        &self,
        _: Request<Streaming<reapi::RegisterChunkMappingRequest>>,
    ) -> Answer<reapi::RegisterChunkMappingResponse> {
        Err(Status::unimplemented(""))
    }
}
