//! Resource names: how `ByteStream` names blobs (REAPI, service `ContentAddressableStorage`).

use super::metadata::uuid;
use crate::base::digest::Digest;

/// The name to read a blob by.
pub(super) fn reading(instance: &str, blob: &Digest, zstd: bool) -> String {
    below(instance, &format!("{}/{blob}", kind(zstd)))
}

/// A new name to write a blob by.
pub(super) fn writing(instance: &str, blob: &Digest, zstd: bool) -> String {
    below(instance, &format!("uploads/{}/{}/{blob}", uuid(), kind(zstd)))
}

fn kind(zstd: bool) -> &'static str {
    if zstd { "compressed-blobs/zstd" } else { "blobs" }
}

fn below(instance: &str, name: &str) -> String {
    if instance.is_empty() { name.to_owned() } else { format!("{instance}/{name}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_instance_has_no_slash() {
        let blob = Digest::of(b"x");
        assert_eq!(reading("", &blob, false), format!("blobs/{}/1", blob.hex()));
        assert_eq!(reading("a/b", &blob, true), format!("a/b/compressed-blobs/zstd/{}/1", blob.hex()));
        assert!(writing("", &blob, false).starts_with("uploads/"));
    }
}
