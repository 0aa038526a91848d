//! What the stand-in knows.
use super::execution::{Operations, Work};
use super::fault::Plan;
use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use reapi::ServerCapabilities;
use reapi::compressor::Value::Zstd;
use reapi::digest_function::Value::Sha256;
use spec_cc::base::digest::Digest;
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use tokio::sync::{Semaphore, watch};

/// Says what comes of an action.
pub(crate) type Worker = Arc<dyn Fn(&Digest) -> Work + Send + Sync>;

/// Everything that a running grid keeps.
#[derive(Default)]
pub(crate) struct State {
    /// What is to go wrong.
    pub(crate) plan: Plan,
    pub(super) blobs: Mutex<HashMap<Digest, Vec<u8>>>,
    /// Uploads that have begun, by their names.
    pub(super) uploads: Mutex<HashMap<String, Vec<u8>>>,
    pub(super) results: Mutex<HashMap<Digest, reapi::ActionResult>>,
    pub(super) operations: Operations,
    pub(super) worker: Mutex<Option<Worker>>,
    pub(super) slots: Mutex<Option<Arc<Semaphore>>>,
    /// The priority of every execution that was asked for.
    pub(super) executes: Mutex<Vec<i32>>,
    capabilities: Mutex<Option<ServerCapabilities>>,
    pub(super) broken: watch::Sender<u64>,
}

impl State {
    /// Keeps a blob.
    pub(crate) fn put(&self, content: &[u8]) -> Digest {
        let digest = Digest::of(content);
        self.put_as(digest, content);
        digest
    }

    /// Keeps bytes under a digest that need not be theirs.
    pub(crate) fn put_as(&self, digest: Digest, content: &[u8]) {
        self.blobs.lock().unwrap().insert(digest, content.to_vec());
    }

    /// The blob, if it is there.
    pub(crate) fn get(&self, digest: &Digest) -> Option<Vec<u8>> {
        self.blobs.lock().unwrap().get(digest).cloned()
    }

    /// Loses a blob.
    pub(crate) fn forget(&self, digest: &Digest) {
        self.blobs.lock().unwrap().remove(digest);
    }

    /// Loses every blob, and keeps the results that name them.
    pub(crate) fn evict(&self) {
        self.blobs.lock().unwrap().clear();
    }

    /// Puts a result into the action cache.
    pub(crate) fn cache(&self, action: Digest, result: reapi::ActionResult) {
        self.results.lock().unwrap().insert(action, result);
    }

    /// The cached result of an action.
    pub(crate) fn cached(&self, action: &Digest) -> Option<reapi::ActionResult> {
        self.results.lock().unwrap().get(action).cloned()
    }

    /// Changes every result that is kept.
    pub(crate) fn change_results(&self, change: impl Fn(&mut reapi::ActionResult)) {
        self.results.lock().unwrap().values_mut().for_each(change);
    }

    /// All results that it has.
    pub(crate) fn results(&self) -> HashMap<Digest, reapi::ActionResult> {
        self.results.lock().unwrap().clone()
    }

    /// Has these results and no others from now on.
    pub(crate) fn restore_results(&self, results: HashMap<Digest, reapi::ActionResult>) {
        *self.results.lock().unwrap() = results;
    }

    /// The priorities that executions were asked for with, in order.
    pub(crate) fn priorities(&self) -> Vec<i32> {
        self.executes.lock().unwrap().clone()
    }

    /// From now on, `worker` says what comes of an action that is not in the cache.
    pub(crate) fn work(&self, worker: impl Fn(&Digest) -> Work + Send + Sync + 'static) {
        *self.worker.lock().unwrap() = Some(Arc::new(worker));
    }

    /// Changes what the grid says it can do.
    pub(crate) fn offer(&self, change: impl FnOnce(&mut ServerCapabilities)) {
        change(self.capabilities.lock().unwrap().get_or_insert_with(everything));
    }

    /// Changes what it says its cache can do.
    pub(crate) fn offer_cache(&self, change: impl FnOnce(&mut reapi::CacheCapabilities)) {
        self.offer(|capabilities| change(capabilities.cache_capabilities.get_or_insert_default()));
    }

    /// Offers compression of everything.
    pub(crate) fn offer_zstd(&self) {
        self.offer_cache(|cache| {
            cache.supported_compressors = vec![Zstd as i32];
            cache.supported_batch_update_compressors = vec![Zstd as i32];
        });
    }

    /// The names of the operations that were cancelled.
    pub(crate) fn cancelled(&self) -> Vec<String> {
        self.operations.cancelled()
    }

    pub(super) fn capabilities(&self) -> ServerCapabilities {
        self.capabilities.lock().unwrap().get_or_insert_with(everything).clone()
    }

    /// Breaks all connections.
    pub(crate) fn break_connections(&self) {
        self.broken.send_modify(|count| *count += 1);
    }
}

/// A server that can do all that we ask for, without compression.
fn everything() -> ServerCapabilities {
    ServerCapabilities {
        cache_capabilities: Some(reapi::CacheCapabilities {
            digest_functions: vec![Sha256 as i32],
            action_cache_update_capabilities: Some(reapi::ActionCacheUpdateCapabilities {
                update_enabled: true,
            }),
            ..Default::default()
        }),
        execution_capabilities: Some(reapi::ExecutionCapabilities {
            digest_function: Sha256 as i32,
            exec_enabled: true,
            ..Default::default()
        }),
        ..Default::default()
    }
}
