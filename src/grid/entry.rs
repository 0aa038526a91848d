//! Entries of our own in a grid's action cache: a payload, and blobs that are to be kept with it, under a name.
//!
//! An action cache keeps what it is given under the digest of any action, so a name is made an action: one whose Command says
//! what the entry is and that nobody runs. Its result carries the payload as standard output, or as a file of its own where it
//! is large, and names the blobs as output files: a server that keeps a result whole keeps them along.

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use bytes::Bytes;
use prost::Message as _;

use super::provenance;
use crate::action::to_reapi;
use crate::base::digest::Digest;
use crate::grid::result::digest_of;

/// The output file that a larger one is.
const PAYLOAD: &str = "payload";

/// What an entry goes by.
#[derive(Debug, Clone)]
pub(super) struct Name {
    /// Stands for it in the action cache.
    pub(super) action: Digest,
    /// The Action and its Command, which a server is to have before a result of theirs.
    pub(super) messages: Vec<(Digest, Bytes)>,
}

/// A payload as an entry carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Payload {
    /// All of it.
    Here(Vec<u8>),
    /// A blob.
    Blob(Digest),
}

/// What is read in an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Entry {
    pub(super) payload: Payload,
    /// Of the payload.
    pub(super) digest: Digest,
    pub(super) blobs: Vec<Digest>,
    /// What else it was signed with.
    pub(super) further: Vec<Digest>,
}

impl Name {
    /// The name of the entry that these words stand for among those of a kind, which is a word and a version.
    pub(super) fn new<'a>(kind: [&'a str; 2], words: impl IntoIterator<Item = &'a str>) -> Self {
        let words = std::iter::once("spec-cc").chain(kind).chain(words);
        let command = reapi::Command { arguments: words.map(str::to_owned).collect(), ..Default::default() };
        let command = command.encode_to_vec();
        let action = reapi::Action {
            command_digest: Some(to_reapi(&Digest::of(&command))),
            input_root_digest: Some(to_reapi(&Digest::of(b""))),
            ..Default::default()
        };
        let action = action.encode_to_vec();
        let messages = [command, action].map(|bytes| (Digest::of(&bytes), Bytes::from(bytes)));
        Self { action: messages[1].0, messages: messages.into() }
    }
}

/// The result that carries `payload` under `name`, and the blob that is needed besides, if the payload has more than `inline`
/// bytes. Hundreds of results are asked for at once, and a message has 4 MiB.
pub(super) fn carrying(
    name: &Name,
    payload: Vec<u8>,
    blobs: &[Digest],
    inline: usize,
) -> (reapi::ActionResult, Option<Vec<u8>>) {
    let digest = Digest::of(&payload);
    let file = |path: String, digest: &Digest| reapi::OutputFile {
        path,
        digest: Some(to_reapi(digest)),
        ..Default::default()
    };
    let mut output_files: Vec<_> = blobs.iter().map(|blob| file(blob.hex(), blob)).collect();
    let (stdout_raw, large) =
        if payload.len() <= inline { (payload, None) } else { (Vec::new(), Some(payload)) };
    if large.is_some() {
        output_files.push(file(PAYLOAD.to_owned(), &digest));
    }
    output_files.sort_by(|one, other| one.path.cmp(&other.path));
    output_files.dedup_by(|one, other| one.path == other.path);
    let result = reapi::ActionResult { output_files, stdout_raw, ..Default::default() };
    // A payload that was cut on its way could still make sense.
    (provenance::sign(result, &[name.action, digest]), large)
}

/// The entry in a result that was found under `name`; `None` when it is none of ours, or has changed since.
pub(super) fn read(name: &Name, result: &reapi::ActionResult) -> Option<Entry> {
    let signatures = provenance::signatures(result);
    let [signed, digest, further @ ..] = signatures.as_slice() else { return None };
    (*signed == name.action).then_some(())?;
    let (digest, further) = (*digest, further.to_vec());
    let (payload, others): (Vec<_>, Vec<_>) =
        result.output_files.iter().partition(|file| file.path == PAYLOAD);
    let blob = |file: &reapi::OutputFile| digest_of(file.digest.as_ref());
    let payload = match payload.first() {
        Some(file) => blob(file).map(Payload::Blob).filter(|payload| *payload == Payload::Blob(digest)),
        None if !result.stdout_raw.is_empty() => Some(Payload::Here(result.stdout_raw.clone())),
        // A server may move what it was given to its CAS.
        None => digest_of(result.stdout_digest.as_ref()).map(Payload::Blob),
    };
    let payload = payload.filter(|payload| match payload {
        Payload::Here(bytes) => Digest::of(bytes) == digest,
        Payload::Blob(blob) => *blob == digest,
    })?;
    Some(Entry { payload, digest, blobs: others.into_iter().filter_map(blob).collect(), further })
}

#[cfg(test)]
mod tests {
    use super::*;

    const KIND: [&str; 2] = ["test", "1"];
    const INLINE: usize = 100;

    #[test]
    fn an_entry_is_read_as_it_was_written() {
        let name = Name::new(KIND, ["a", "b"]);
        assert_ne!(name.action, Name::new(KIND, ["a", "b", ""]).action);
        let blobs = [Digest::of(b"one"), Digest::of(b"two")];
        for payload in [vec![7; 10], vec![7; INLINE], vec![7; INLINE + 1]] {
            let (result, large) = carrying(&name, payload.clone(), &[blobs[0], blobs[1], blobs[0]], INLINE);
            let entry = read(&name, &result).expect("it is ours");
            let digest = Digest::of(&payload);
            assert_eq!(large.is_some(), payload.len() > INLINE);
            let carried = if large.is_some() { Payload::Blob(digest) } else { Payload::Here(payload) };
            assert_eq!((entry.payload, entry.digest), (carried, digest));
            assert_eq!(entry.blobs.len(), 2, "each blob is named once");
            assert!(entry.blobs.iter().all(|blob| blobs.contains(blob)));
            assert_eq!(entry.further, []);
            let further = provenance::sign(result, &blobs);
            assert_eq!(read(&name, &further).expect("it is ours").further, blobs);
        }
    }

    #[test]
    fn what_is_not_ours_or_has_changed_is_nothing() {
        let name = Name::new(KIND, ["a"]);
        let (whole, _) = carrying(&name, b"payload".to_vec(), &[Digest::of(b"one")], INLINE);
        assert!(read(&name, &whole).is_some());
        assert_eq!(read(&Name::new(KIND, ["b"]), &whole), None);
        let unsigned = reapi::ActionResult { execution_metadata: None, ..whole.clone() };
        let cut = reapi::ActionResult { stdout_raw: b"pay".to_vec(), ..whole.clone() };
        let empty = reapi::ActionResult { stdout_raw: Vec::new(), ..whole };
        for result in [unsigned, cut, empty, reapi::ActionResult::default()] {
            assert_eq!(read(&name, &result), None, "{result:?}");
        }
    }

    proptest::proptest! {
        #[test]
        fn a_changed_result_has_the_same_payload_or_none(at in 0_usize..1000, byte: u8, end in 0_usize..1000) {
            let name = Name::new(KIND, ["a"]);
            let (whole, _) = carrying(&name, b"payload".to_vec(), &[Digest::of(b"one")], INLINE);
            let mut bytes = whole.encode_to_vec();
            let at = at % bytes.len();
            bytes[at] = byte;
            bytes.truncate(end.max(1));
            let read = reapi::ActionResult::decode(bytes.as_slice()).ok().and_then(|result| read(&name, &result));
            proptest::prop_assert!(read.is_none_or(|entry| entry.digest == Digest::of(b"payload")));
        }
    }
}
