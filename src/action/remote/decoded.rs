//! An action as people read it.

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use prost::Message;
use serde_json::{Value, json};

use super::Built;

/// The messages of an action, in the JSON form that Protocol Buffers define, and the files of its input root.
pub fn decoded(built: &Built) -> Value {
    let message = |digest: Option<&reapi::Digest>| {
        let hash = digest.map(|digest| digest.hash.as_str()).unwrap_or_default();
        let found = built.messages.iter().find(|(digest, _)| digest.hex() == hash);
        found.map(|(_, bytes)| bytes.as_ref()).unwrap_or_default()
    };
    let own = built.messages.iter().find(|(digest, _)| *digest == built.action.0);
    let action = own.and_then(|(_, bytes)| reapi::Action::decode(bytes.as_ref()).ok()).unwrap_or_default();
    let mut files = Vec::new();
    list(&message, action.input_root_digest.as_ref(), "", &mut files);
    json!({ "action": action, "command": built.command, "input_root": files })
}

/// Adds a line for each file and each empty folder below a folder of the input root.
fn list<'a>(
    message: &dyn Fn(Option<&reapi::Digest>) -> &'a [u8],
    folder: Option<&reapi::Digest>,
    path: &str,
    lines: &mut Vec<String>,
) {
    let folder = reapi::Directory::decode(message(folder)).unwrap_or_default();
    if folder.files.is_empty() && folder.directories.is_empty() && folder.symlinks.is_empty() {
        lines.push(format!("{path}/"));
    }
    for file in &folder.files {
        let digest = file.digest.as_ref().map(|digest| format!("{}/{}", digest.hash, digest.size_bytes));
        let mark = if file.is_executable { "*" } else { "" };
        lines.push(format!("{path}/{}{mark} {}", file.name, digest.unwrap_or_default()));
    }
    for link in &folder.symlinks {
        lines.push(format!("{path}/{} -> {}", link.name, link.target));
    }
    for below in &folder.directories {
        list(message, below.digest.as_ref(), &format!("{path}/{}", below.name), lines);
    }
}
