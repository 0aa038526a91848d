//! Whatever else comes from outside: frames of the wire, traces, outcomes, requests, settings; none of it may panic.
#![no_main]

use std::fs;

use libfuzzer_sys::fuzz_target;
use spec_cc::cache::outcome::Outcome;
use spec_cc::companion::control::Control;
use spec_cc::settings::Settings;
use spec_cc_shim::wire::{Reply, Request};

fuzz_target!(|data: &[u8]| {
    let Some((&way, bytes)) = data.split_first() else { return };
    match way % 6 {
        0 => {
            if let Ok(request) = Request::decode(bytes) {
                let frame = request.encode().expect("what was a frame is one");
                assert_eq!(Request::decode(&frame[4..]), Ok(request));
            }
        }
        1 => {
            if let Ok(reply) = Reply::decode(bytes) {
                let frame = reply.encode().expect("what was a frame is one");
                assert_eq!(Reply::decode(&frame[4..]), Ok(reply));
            }
        }
        2 => {
            if let Some(outcome) = Outcome::decode(bytes) {
                assert_eq!(Outcome::decode(&outcome.encode()), Some(outcome));
            }
        }
        3 => drop(serde_json::from_slice::<Control>(bytes)),
        4 => in_a_file("trace", bytes, |path| drop(spec_cc_tracer::read(path))),
        _ => in_a_file(".recc/recc.conf", bytes, |path| {
            let home = path.ancestors().nth(2).expect("it lies below");
            drop(Settings::read([("HOME", home.to_str().expect("UTF-8"))], home));
        }),
    }
});

fn in_a_file(name: &str, bytes: &[u8], read: impl FnOnce(&std::path::Path)) {
    let folder = tempfile::tempdir_in("/dev/shm").expect("a folder in memory");
    let path = folder.path().join(name);
    fs::create_dir_all(path.parent().expect("it lies in a folder")).expect("a folder");
    fs::write(&path, bytes).expect("a file in memory");
    read(&path);
}
