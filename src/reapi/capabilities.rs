//! Offer: what a grid's servers say they can do (REAPI, `GetCapabilities`).

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use reapi::capabilities_client::CapabilitiesClient;
use reapi::compressor::Value::Zstd;
use reapi::digest_function::Value::{Sha256, Unknown};
use tonic::Code;

use super::GridError;
use super::server::{Call, Server};

/// gRPC refuses messages above 4 MiB unless told otherwise, and a message is more than its blobs.
pub(super) const MESSAGE_LIMIT: u64 = (4 << 20) - (64 << 10);

const CALL: &str = "GetCapabilities";

/// What the servers can do for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The most bytes that one batch of blobs may have in all, the message around them included.
    pub max_batch: u64,
    /// The largest blob that the server takes; `None` when it states no limit (`max_cas_blob_size_bytes`).
    pub max_blob: Option<u64>,
    /// Whether actions may be executed (`exec_enabled`).
    pub execute: bool,
    /// The priorities that executions may have, lowest and highest of each range; empty when the server names none
    /// (`execution_priority_capabilities`).
    pub priorities: Vec<(i32, i32)>,
    /// Whether we may write to the action cache (`update_enabled`). Some servers say so and refuse later.
    pub update: bool,
    /// Whether blobs may be fetched, and streamed either way, with zstd (`supported_compressors`).
    pub zstd: bool,
    /// Whether blobs in a batch may be sent with zstd (`supported_batch_update_compressors`).
    pub zstd_batch: bool,
}

impl Offer {
    /// The priority nearest to the wanted one that the server takes, on the same side of 0, which is all servers' default.
    pub fn priority(&self, wanted: i32) -> i32 {
        if self.priorities.is_empty() {
            return wanted;
        }
        let nearest = self.priorities.iter().filter(|(low, high)| low <= high);
        let nearest = nearest.map(|&(low, high)| wanted.clamp(low, high));
        let nearest = nearest.min_by_key(|near| near.abs_diff(wanted)).unwrap_or_default();
        if nearest.signum() == wanted.signum() { nearest } else { 0 }
    }
}

/// Asks each of the servers once.
pub(super) async fn ask(
    cas: &Server,
    action_cache: &Server,
    execution: Option<&Server>,
) -> Result<Offer, GridError> {
    let at_cas = capabilities(cas).await?;
    let storage = at_cas.cache_capabilities.clone().unwrap_or_default();
    hashes_as_we_do(cas, &storage.digest_functions)?;
    let at_action_cache =
        if action_cache.is(cas) { at_cas.clone() } else { capabilities(action_cache).await? };
    let results = at_action_cache.cache_capabilities.unwrap_or_default();
    hashes_as_we_do(action_cache, &results.digest_functions)?;
    let execution = match execution {
        Some(server) if server.is(cas) => executes(server, at_cas.execution_capabilities)?,
        Some(server) => executes(server, capabilities(server).await?.execution_capabilities)?,
        None => None,
    };
    let limit = |stated: i64| u64::try_from(stated).ok().filter(|limit| *limit > 0);
    let zstd = Zstd as i32;
    Ok(Offer {
        max_batch: limit(storage.max_batch_total_size_bytes).unwrap_or(MESSAGE_LIMIT).min(MESSAGE_LIMIT),
        max_blob: limit(storage.max_cas_blob_size_bytes),
        execute: execution.is_some(),
        priorities: execution.map(|execution| priorities(&execution)).unwrap_or_default(),
        update: results.action_cache_update_capabilities.is_some_and(|update| update.update_enabled),
        zstd: storage.supported_compressors.contains(&zstd),
        zstd_batch: storage.supported_batch_update_compressors.contains(&zstd),
    })
}

async fn capabilities(server: &Server) -> Result<reapi::ServerCapabilities, GridError> {
    let ask = async |wire: super::server::Wire| {
        let request = reapi::GetCapabilitiesRequest { instance_name: server.instance() };
        let mut client = CapabilitiesClient::new(wire.channel.clone());
        Ok(client.get_capabilities(wire.request(request)).await?.into_inner())
    };
    server.call(Call::named(CALL), ask).await
}

/// What a server can do that executes as we do; `None` if it does not execute.
fn executes(
    server: &Server,
    capabilities: Option<reapi::ExecutionCapabilities>,
) -> Result<Option<reapi::ExecutionCapabilities>, GridError> {
    let Some(capabilities) = capabilities.filter(|execution| execution.exec_enabled) else {
        return Ok(None);
    };
    let mut functions = capabilities.digest_functions.clone();
    // Before version 2.2 there was only the one field.
    if functions.is_empty() && capabilities.digest_function != Unknown as i32 {
        functions.push(capabilities.digest_function);
    }
    hashes_as_we_do(server, &functions).map(|()| Some(capabilities))
}

fn priorities(execution: &reapi::ExecutionCapabilities) -> Vec<(i32, i32)> {
    let ranges = execution.execution_priority_capabilities.iter().flat_map(|stated| &stated.priorities);
    ranges.map(|range| (range.min_priority, range.max_priority)).collect()
}

/// Refuses a server that names its digest functions, and not ours.
fn hashes_as_we_do(server: &Server, functions: &[i32]) -> Result<(), GridError> {
    if functions.is_empty() || functions.contains(&(Sha256 as i32)) {
        return Ok(());
    }
    let named = functions.iter().map(|function| {
        let value = reapi::digest_function::Value::try_from(*function).unwrap_or(Unknown);
        value.as_str_name()
    });
    let text = format!("the server knows no SHA256, only {}", named.collect::<Vec<_>>().join(", "));
    Err(server.error(CALL, Code::Unimplemented, text))
}
