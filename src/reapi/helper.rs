//! Asks a credential helper, by the protocol of Bazel's `--credential_helper`: `HELPER get`, JSON in, JSON out.

use std::collections::HashMap;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, SystemTime};

use serde::Deserialize;
use tokio::io::AsyncWriteExt as _;
use tonic::metadata::{AsciiMetadataKey, AsciiMetadataValue};

/// How long an answer without `expires` is good; Bazel's default for `--credential_helper_cache_duration`.
const LIFETIME: Duration = Duration::from_mins(30);
/// A credential is not used when it is this close to its end.
const MARGIN: Duration = Duration::from_secs(10);
/// A helper that takes longer is stuck, perhaps at a question that nobody sees; Bazel's default.
const PATIENCE: Duration = Duration::from_secs(10);

/// Why a helper gave nothing.
#[derive(Debug, thiserror::Error)]
pub(super) enum HelperError {
    /// It cannot be run.
    #[error("{0}")]
    System(#[from] std::io::Error),
    /// It does not end.
    #[error("gave no answer within {} s", PATIENCE.as_secs())]
    Stuck,
    /// It said that it failed.
    #[error("ended with {status}: {stderr}")]
    Failed { status: std::process::ExitStatus, stderr: String },
    /// Its answer is not of the protocol.
    #[error("its answer is not understood: {0}")]
    Answer(String),
}

/// Header names and values, and how long they are good.
pub(super) type Answer = (Vec<(AsciiMetadataKey, AsciiMetadataValue)>, Duration);

#[derive(Deserialize)]
struct Reply {
    #[serde(default)]
    headers: HashMap<String, Vec<String>>,
    expires: Option<String>,
}

/// Runs the helper for `uri`.
pub(super) async fn ask(helper: &Path, uri: &str) -> Result<Answer, HelperError> {
    let run = async {
        let mut child = tokio::process::Command::new(helper)
            .arg("get")
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()?;
        if let Some(mut stdin) = child.stdin.take() {
            // One that does not read its input may answer all the same.
            let _ = stdin.write_all(serde_json::json!({ "uri": uri }).to_string().as_bytes()).await;
        }
        child.wait_with_output().await
    };
    let output = tokio::time::timeout(PATIENCE, run).await.map_err(|_| HelperError::Stuck)??;
    if !output.status.success() {
        let stderr = String::from_utf8_lossy(&output.stderr).trim().to_owned();
        return Err(HelperError::Failed { status: output.status, stderr });
    }
    read(&output.stdout, SystemTime::now())
}

fn read(answer: &[u8], now: SystemTime) -> Result<Answer, HelperError> {
    // What is not understood may hold a secret, and is not repeated.
    let reply: Reply =
        serde_json::from_slice(answer).map_err(|error| HelperError::Answer(error.to_string()))?;
    let mut headers = Vec::new();
    for (name, values) in reply.headers {
        let unfit = || HelperError::Answer(format!("no header can be {name:?}"));
        let key = AsciiMetadataKey::from_bytes(name.to_lowercase().as_bytes()).map_err(|_| unfit())?;
        for value in values {
            headers.push((key.clone(), AsciiMetadataValue::try_from(value).map_err(|_| unfit())?));
        }
    }
    Ok((headers, reply.expires.map_or(Ok(LIFETIME), |text| lifetime(&text, now))?))
}

/// The time from `now` until shortly before `expires` (RFC 3339).
fn lifetime(expires: &str, now: SystemTime) -> Result<Duration, HelperError> {
    let wrong = || HelperError::Answer(format!("{expires:?} is no time"));
    let end = expires.parse::<prost_types::Timestamp>().map_err(|_| wrong())?;
    let end = SystemTime::try_from(end).map_err(|_| wrong())?;
    Ok(end.duration_since(now).unwrap_or_default().saturating_sub(MARGIN))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_answer_has_headers_and_an_end() {
        let now = SystemTime::UNIX_EPOCH;
        let text =
            br#"{"headers": {"Authorization": ["Bearer a"]}, "expires": "1970-01-01T01:00:00Z", "x": 1}"#;
        let (headers, lifetime) = read(text, now).unwrap();
        assert_eq!(headers.len(), 1);
        assert_eq!((headers[0].0.as_str(), headers[0].1.to_str().unwrap()), ("authorization", "Bearer a"));
        assert_eq!(lifetime, Duration::from_secs(3590));
        assert_eq!(read(b"{}", now).unwrap().1, LIFETIME);
    }

    #[test]
    fn answers_that_are_none() {
        let now = SystemTime::UNIX_EPOCH;
        for wrong in [
            "",
            "[]",
            r#"{"headers": {"a b": ["c"]}}"#,
            r#"{"headers": {"a": ["\n"]}}"#,
            r#"{"expires": "soon"}"#,
        ] {
            assert!(matches!(read(wrong.as_bytes(), now), Err(HelperError::Answer(_))), "{wrong}");
        }
    }
}
