//! Results on their way to the grid, behind the build's back.

use std::path::PathBuf;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::thread;

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use bytes::Bytes;

use super::complaints::Complaints;
use crate::backend::reapi::{Blob, Client, Content, GridError};
use crate::inputs::digest::Digest;

/// Uploads at once: a server answers several about as fast as one.
const WIDTH: usize = 4;

/// One result and all that it names.
pub(super) struct Parcel {
    pub(super) action: Digest,
    /// Action, Command and directories: a server may want to see them before it takes a result.
    pub(super) messages: Vec<(Digest, Bytes)>,
    pub(super) files: Vec<(Digest, PathBuf)>,
    pub(super) stderr: Vec<u8>,
    pub(super) result: reapi::ActionResult,
    /// Dropped when all is done.
    pub(super) guard: Option<Box<dyn Send>>,
}

/// The threads that upload, started when there is something to upload.
pub(super) struct Uploads {
    client: Arc<Client>,
    complaints: Arc<Complaints>,
    parcels: OnceLock<Sender<Parcel>>,
}

impl Uploads {
    pub(super) fn new(client: Arc<Client>, complaints: Arc<Complaints>) -> Self {
        Self { client, complaints, parcels: OnceLock::new() }
    }

    /// Sends a parcel off.
    pub(super) fn push(&self, parcel: Parcel) {
        let parcels = self.parcels.get_or_init(|| {
            let (sender, receiver) = channel();
            let receiver = Arc::new(Mutex::new(receiver));
            for _ in 0..WIDTH {
                let (client, receiver) = (Arc::clone(&self.client), Arc::clone(&receiver));
                let complaints = Arc::clone(&self.complaints);
                thread::spawn(move || carry(&client, &complaints, &receiver));
            }
            sender
        });
        // The threads end only when the sender goes.
        let _ = parcels.send(parcel);
    }
}

fn carry(client: &Client, complaints: &Complaints, parcels: &Mutex<Receiver<Parcel>>) {
    loop {
        let next = parcels.lock().unwrap_or_else(PoisonError::into_inner).recv();
        let Ok(parcel) = next else { return };
        match deliver(client, &parcel) {
            Ok(()) => tracing::debug!("result of action {} is on the grid", parcel.action),
            Err(error) => complaints.tell("a result is not left on the grid", &error.into()),
        }
        drop(parcel.guard);
    }
}

fn deliver(client: &Client, parcel: &Parcel) -> Result<(), GridError> {
    let stderr = Blob { digest: Digest::of(&parcel.stderr), content: Content::Bytes(&parcel.stderr) };
    let messages = parcel.messages.iter();
    let messages = messages.map(|(digest, bytes)| Blob { digest: *digest, content: Content::Bytes(bytes) });
    let files = parcel.files.iter();
    let files = files.map(|(digest, path)| Blob { digest: *digest, content: Content::File(path) });
    client.upload(&messages.chain([stderr]).chain(files).collect::<Vec<_>>())?;
    client.update_result(&parcel.action, &parcel.result)
}
