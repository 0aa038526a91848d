//! Results on their way to the grid, behind the build's back.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use bytes::Bytes;
use parking_lot::{Condvar, Mutex, MutexGuard};

use super::complaints::Complaints;
use crate::base::digest::Digest;
use crate::base::threads;
use crate::reapi::{Blob, Client, Code, Content, GridError};

/// Uploads at once: a server answers several about as fast as one.
const WIDTH: usize = 4;
/// Results whose blobs are sent together: asking what a server lacks takes as long for one as for many.
const TOGETHER: usize = 16;

/// One result and all that it names.
pub(super) struct Parcel {
    pub(super) action: Digest,
    /// Action, Command and directories, as a server may want to see them before it takes a result, and messages.
    pub(super) messages: Vec<(Digest, Bytes)>,
    pub(super) files: Vec<(Digest, PathBuf)>,
    pub(super) result: reapi::ActionResult,
}

/// The threads that upload, started when there is something to upload.
pub(super) struct Uploads {
    desk: Arc<Desk>,
    parcels: OnceLock<Sender<Parcel>>,
}

/// What the threads share.
struct Desk {
    client: Arc<Client>,
    complaints: Arc<Complaints>,
    /// What the server said that takes no results.
    barred: OnceLock<GridError>,
    under_way: Mutex<usize>,
    delivered: Condvar,
}

impl Uploads {
    pub(super) fn new(client: Arc<Client>, complaints: Arc<Complaints>) -> Self {
        let desk = Desk {
            client,
            complaints,
            barred: OnceLock::new(),
            under_way: Mutex::default(),
            delivered: Condvar::new(),
        };
        Self { desk: Arc::new(desk), parcels: OnceLock::new() }
    }

    /// What the server has said if it takes no results.
    pub(super) fn barred(&self) -> Option<&GridError> {
        self.desk.barred.get()
    }

    /// Sends a parcel off.
    pub(super) fn push(&self, parcel: Parcel) {
        if self.barred().is_some() {
            return;
        }
        let parcels = self.parcels.get_or_init(|| {
            let (sender, receiver) = channel();
            let receiver = Arc::new(Mutex::new(receiver));
            for _ in 0..WIDTH {
                let (desk, receiver) = (Arc::clone(&self.desk), Arc::clone(&receiver));
                threads::start(move || carry(&desk, &receiver));
            }
            sender
        });
        let mut under_way = self.desk.under_way();
        // It is not taken where no thread could be had; else those end only when the sender goes.
        *under_way += usize::from(parcels.send(parcel).is_ok());
    }

    /// Delivers a parcel now. The error has been told.
    pub(super) fn deliver(&self, parcel: &Parcel) -> Result<(), GridError> {
        let parcel = std::slice::from_ref(parcel);
        self.desk
            .ship(parcel)
            .and_then(|()| self.desk.register(&parcel[0]))
            .inspect_err(|error| self.desk.tell(error))
    }

    /// Waits until all that was sent off is there, or has failed; no longer than `patience`.
    pub(super) fn finish(&self, patience: Duration) {
        let until = Instant::now() + patience;
        let mut under_way = self.desk.under_way();
        while *under_way > 0 {
            let left = until.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return;
            }
            self.desk.delivered.wait_for(&mut under_way, left);
        }
    }
}

fn carry(desk: &Desk, parcels: &Mutex<Receiver<Parcel>>) {
    loop {
        let batch: Vec<Parcel> = {
            let parcels = parcels.lock();
            let Ok(first) = parcels.recv() else { return };
            std::iter::once(first).chain(parcels.try_iter().take(TOGETHER - 1)).collect()
        };
        desk.deliver(&batch);
        *desk.under_way() -= batch.len();
        desk.delivered.notify_all();
    }
}

impl Desk {
    fn deliver(&self, batch: &[Parcel]) {
        let together = self.ship(batch);
        for parcel in batch {
            // A file that has gone meanwhile holds up its own result only.
            let shipped = if together.is_ok() { Ok(()) } else { self.ship(std::slice::from_ref(parcel)) };
            match shipped.and_then(|()| self.register(parcel)) {
                Ok(()) => tracing::debug!("result of action {} is on the grid", parcel.action),
                Err(error) => self.tell(&error),
            }
        }
    }

    /// Sends the blobs that results name.
    fn ship(&self, parcels: &[Parcel]) -> Result<(), GridError> {
        if self.barred.get().is_some() {
            return Ok(());
        }
        let messages = parcels.iter().flat_map(|parcel| &parcel.messages);
        let messages =
            messages.map(|(digest, bytes)| Blob { digest: *digest, content: Content::Bytes(bytes) });
        let files = parcels.iter().flat_map(|parcel| &parcel.files);
        let files = files.map(|(digest, path)| Blob { digest: *digest, content: Content::File(path) });
        self.client.upload(&messages.chain(files).collect::<Vec<_>>()).map(drop)
    }

    /// Puts a result into the action cache.
    fn register(&self, parcel: &Parcel) -> Result<(), GridError> {
        if self.barred.get().is_some() {
            return Ok(());
        }
        let registered = self.client.update_result(&parcel.action, &parcel.result);
        if let Err(error) = &registered
            && matches!(error.code, Code::PermissionDenied | Code::Unimplemented | Code::Unauthenticated)
            && self.barred.set(error.clone()).is_ok()
        {
            tracing::warn!(
                "neither results nor records are left on the grid, which takes no updates: {error}"
            );
        }
        registered
    }

    fn tell(&self, error: &GridError) {
        // That is told once.
        if self.barred.get().is_some() {
            return;
        }
        self.complaints.tell("a result is not left on the grid", &error.clone().into());
    }

    fn under_way(&self) -> MutexGuard<'_, usize> {
        self.under_way.lock()
    }
}
