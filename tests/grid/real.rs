//! The client against the real buildbox-casd.
use super::action::{bytes, client, noise, shell, store};
use crate::support::peers::{CasdOptions, Peers};
use crate::support::shell::succeed;
use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use spec_cc::action::to_reapi;
use spec_cc::base::digest::Digest;
use spec_cc::reapi::{Cancel, Client, Code, Endpoint, Execute};
use std::time::Duration;

#[test]
fn recc_compiles_on_casd_and_hits_its_cache() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let project = tempfile::tempdir().unwrap();
    let mut logs = Vec::new();
    for round in ["first", "second"] {
        std::fs::write(project.path().join("a.c"), "int answer(void) { return 42; }\n").unwrap();
        let mut recc = peers.recc();
        recc.args(["gcc", "-c", "a.c", "-o", "a.o"])
            .current_dir(project.path())
            .env("RECC_SERVER", &casd.url)
            .env("RECC_REMOTE_PLATFORM_round", "same")
            .env("RECC_VERBOSE", "1");
        logs.push(String::from_utf8_lossy(&succeed(&mut recc).stderr).into_owned());
        std::fs::remove_file(project.path().join("a.o")).unwrap_or_else(|error| panic!("{round}: {error}"));
    }
    let hit = "Action Cache hit";
    assert!(!logs[0].contains(hit) && logs[1].contains(hit), "{logs:#?}\n{}", casd.log());
}

#[test]
fn an_action_is_executed_once_and_cached() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let client = client(&Endpoint::new(&casd.url));
    let offer = client.offer().unwrap();
    assert!(offer.execute && offer.update, "{offer:?}");
    let action = shell("echo said; echo warned >&2; echo 42 > out", "once");
    assert_eq!(client.result(&action.digest, &[]).unwrap(), None);
    action.upload(&client).unwrap();
    for cached in [false, true] {
        let executed = client.execute(&action.digest, &Execute::default(), &Cancel::new()).unwrap();
        assert_eq!((executed.cached, executed.result.exit_code), (cached, 0), "{executed:?}");
    }
    let result = client.result(&action.digest, &["out".to_owned()]).unwrap().unwrap();
    let digest = Digest::of(b"42\n");
    assert_eq!(result.output_files[0].digest, Some(to_reapi(&digest)));
    assert_eq!(message(&client, &result.stderr_raw, result.stderr_digest.as_ref()), b"warned\n");
    let (blobs, _folder) = store();
    client.download(&[digest], &blobs).unwrap();
    assert_eq!(blobs.read(&digest).unwrap().unwrap(), b"42\n");
    client.update_result(&action.digest, &result).unwrap();
}

#[test]
fn blobs_of_every_size_go_there_and_back() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let client = client(&Endpoint::new(&casd.url));
    let zeros = vec![0; 9 << 20];
    let contents: Vec<Vec<u8>> = vec![
        Vec::new(),
        b"small".to_vec(),
        noise(3 << 20, 1),
        noise(3 << 20, 2),
        noise(9 << 20, 3),
        zeros,
        noise(2000, 4),
    ];
    let blobs: Vec<_> = contents.iter().map(|content| bytes(content)).collect();
    let digests: Vec<_> = blobs.iter().map(|blob| blob.digest).collect();
    assert_eq!(client.missing(&digests).unwrap().len(), contents.len() - 1, "all but the empty one");
    client.upload(&blobs).unwrap();
    assert_eq!(client.missing(&digests).unwrap(), []);
    let (store, _folder) = store();
    client.download(&digests, &store).unwrap();
    for (digest, content) in digests.iter().zip(&contents) {
        assert!(store.read(digest).unwrap().as_ref() == Some(content), "{digest}");
        assert!(&client.read(digest).unwrap() == content, "{digest}");
    }
}

#[test]
fn what_is_cancelled_stops_at_once() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions { jobs: 1, ..CasdOptions::default() });
    let client = client(&Endpoint::new(&casd.url));
    let endless = shell("sleep 600", "endless");
    endless.upload(&client).unwrap();
    let cancel = Cancel::new();
    let begun = std::time::Instant::now();
    std::thread::scope(|scope| {
        let waiting = scope.spawn(|| client.execute(&endless.digest, &Execute::default(), &cancel));
        std::thread::sleep(Duration::from_millis(300));
        cancel.fire();
        assert_eq!(waiting.join().unwrap().unwrap_err().code, Code::Cancelled);
    });
    // With its only job taken, casd would not get to this one.
    let next = shell("echo > out", "next");
    next.upload(&client).unwrap();
    client.execute(&next.digest, &Execute::default(), &Cancel::new()).unwrap();
    assert!(begun.elapsed() < Duration::from_secs(30), "{}", casd.log());
}

#[test]
fn a_missing_input_is_an_error() {
    let Some(peers) = Peers::get() else { return };
    let casd = peers.casd(&CasdOptions::default());
    let client = client(&Endpoint::new(&casd.url));
    let action = shell("echo > out", "missing");
    let error = client.execute(&action.digest, &Execute::default(), &Cancel::new()).unwrap_err();
    assert!(matches!(error.code, Code::NotFound | Code::FailedPrecondition | Code::Internal), "{error}");
    let lost = Digest::of(b"lost");
    assert_eq!(client.read(&lost).unwrap_err().missing_blobs(), [lost]);
}

/// A message of a result, wherever the server put it.
fn message(client: &Client, raw: &[u8], digest: Option<&reapi::Digest>) -> Vec<u8> {
    match digest.filter(|_| raw.is_empty()) {
        Some(digest) => {
            client.read(&format!("{}/{}", digest.hash, digest.size_bytes).parse().unwrap()).unwrap()
        }
        None => raw.to_vec(),
    }
}
