//! Actions to execute, and clients to execute them with.
use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use prost::Message as _;
use spec_cc::action::to_reapi;
use spec_cc::base::digest::Digest;
use spec_cc::cache::cas::Blobs;
use spec_cc::cache::limit::Limit;
use spec_cc::reapi::{Blob, Client, Content, Endpoint, Endpoints, GridError};
use std::sync::Arc;

/// An action with the blobs that it is made of.
pub(crate) struct Prepared {
    pub(crate) digest: Digest,
    blobs: Vec<(Digest, Vec<u8>)>,
}

/// A shell script that leaves a file named `out`; every salt makes another action.
pub(crate) fn shell(script: &str, salt: &str) -> Prepared {
    let blob = |message: Vec<u8>| (Digest::of(&message), message);
    let root = blob(reapi::Directory::default().encode_to_vec());
    let command = reapi::Command {
        arguments: ["/bin/sh", "-c", script].map(String::from).to_vec(),
        output_paths: vec!["out".to_owned()],
        environment_variables: vec![reapi::command::EnvironmentVariable {
            name: "PATH".to_owned(),
            value: "/usr/bin:/bin".to_owned(),
        }],
        ..Default::default()
    };
    let command = blob(command.encode_to_vec());
    let action = reapi::Action {
        command_digest: Some(to_reapi(&command.0)),
        input_root_digest: Some(to_reapi(&root.0)),
        salt: salt.as_bytes().to_vec(),
        ..Default::default()
    };
    let action = blob(action.encode_to_vec());
    Prepared { digest: action.0, blobs: vec![root, command, action] }
}

impl Prepared {
    pub(crate) fn upload(&self, client: &Client) -> Result<(), GridError> {
        let blobs = self.blobs.iter();
        client
            .upload(
                &blobs
                    .map(|(digest, bytes)| Blob { digest: *digest, content: Content::Bytes(bytes) })
                    .collect::<Vec<_>>(),
            )
            .map(drop)
    }
}

/// One server for everything.
pub(crate) fn everything(endpoint: &Endpoint) -> Endpoints {
    Endpoints { cas: endpoint.clone(), action_cache: endpoint.clone(), execution: Some(endpoint.clone()) }
}

/// A client of one server.
pub(crate) fn client(endpoint: &Endpoint) -> Client {
    Client::new(&everything(endpoint)).expect("the endpoint can be used")
}

/// A blob of one's own bytes.
pub(crate) fn bytes(content: &[u8]) -> Blob<'_> {
    Blob { digest: Digest::of(content), content: Content::Bytes(content) }
}

/// Bytes that no compression shortens and no other seed gives.
pub(crate) fn noise(size: usize, seed: u64) -> Vec<u8> {
    let mut random = fastrand::Rng::with_seed(seed);
    std::iter::repeat_with(|| random.u8(..)).take(size).collect()
}

/// A local store, and the folder that it is in.
pub(crate) fn store() -> (Blobs, tempfile::TempDir) {
    let folder = tempfile::tempdir().expect("make a folder");
    let limit = Arc::new(Limit::new(folder.path(), 1 << 40));
    (Blobs::new(folder.path(), limit), folder)
}
