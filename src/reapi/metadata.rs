//! Metadata: the header that tells a server on whose behalf a request comes (REAPI, message `RequestMetadata`).

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use prost::Message as _;
use tonic::metadata::{MetadataMap, MetadataValue};

use crate::base::digest::Digest;

/// The header's name; some workers refuse calls without it.
const HEADER: &str = "build.bazel.remote.execution.v2.requestmetadata-bin";

/// Who asks: the same for all requests of one client.
#[derive(Debug)]
pub(super) struct Caller {
    invocation: String,
}

impl Caller {
    /// A caller unlike any other.
    pub(super) fn new() -> Self {
        Self { invocation: uuid() }
    }

    /// The headers of a request; `action` is the one that it is about.
    pub(super) fn headers(&self, action: Option<&Digest>) -> MetadataMap {
        let metadata = reapi::RequestMetadata {
            tool_details: Some(reapi::ToolDetails {
                tool_name: env!("CARGO_PKG_NAME").to_owned(),
                tool_version: env!("CARGO_PKG_VERSION").to_owned(),
            }),
            action_id: action.map(Digest::hex).unwrap_or_default(),
            tool_invocation_id: self.invocation.clone(),
            ..Default::default()
        };
        let mut headers = MetadataMap::new();
        headers.insert_bin(HEADER, MetadataValue::from_bytes(&metadata.encode_to_vec()));
        headers
    }
}

/// A random UUID (RFC 9562, version 4) as text. It tells requests apart and guards nothing.
pub(super) fn uuid() -> String {
    let bits = fastrand::u128(..);
    let bits = bits & !(0xf << 76) & !(0b11 << 62) | 0x4 << 76 | 0b10 << 62;
    let hex = format!("{bits:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

#[cfg(test)]
mod tests {
    #[test]
    fn uuids_are_of_version_4_and_differ() {
        let (one, other) = (super::uuid(), super::uuid());
        assert_ne!(one, other);
        assert_eq!((one.len(), &one[14..15]), (36, "4"));
        assert!("89ab".contains(&one[19..20]), "{one}");
    }
}
