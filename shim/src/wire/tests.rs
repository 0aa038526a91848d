//! Every message survives the wire, and nothing that arrives on it can panic.

use super::*;
use std::vec;

fn ask() -> Request {
    Request::Ask(Ask {
        compiler: b"/usr/bin/gcc".to_vec(),
        argv0: b"gcc".to_vec(),
        args: vec![b"-c".to_vec(), b"a b\n\xff.c".to_vec(), Vec::new()],
        cwd: b"/src".to_vec(),
        env: vec![b"A=1".to_vec()],
        mount_ns: u64::MAX,
        cwd_dev: 1,
        cwd_ino: 2,
        terminal: true,
        apart: true,
    })
}

fn report() -> Request {
    Request::Report(Report {
        status: -1,
        user_us: 1,
        sys_us: 2,
        wall_us: 3,
        stderr: b"warning".to_vec(),
        truncated: true,
        stdout_seen: false,
        stdout: b"told".to_vec(),
    })
}

fn replies() -> Vec<Reply> {
    let served = Served { path: b"x.o".to_vec(), mode: 0o666, size: 1 << 40, modified: 1 << 50 };
    vec![
        Reply::Exec,
        Reply::Through(Through { program: b"/usr/bin/recc".to_vec(), env: vec![b"K=V".to_vec()] }),
        Reply::Run(Run {
            env: vec![b"K=V".to_vec()],
            args: vec![b"-MD".to_vec()],
            prefix: vec![b"/usr/bin/env".to_vec()],
            stdout: true,
            witness: b"/tmp/trace".to_vec(),
            undone: vec![b"lib.a".to_vec()],
        }),
        Reply::Serve(Serve {
            outputs: vec![served],
            stdout: b"note".to_vec(),
            stderr: b"w".to_vec(),
            status: 1,
        }),
        Reply::Wait,
        Reply::Done,
    ]
}

/// The frame without its length field, which must be true.
fn body(frame: &[u8]) -> &[u8] {
    let (length, body) = frame.split_first_chunk().unwrap();
    assert_eq!(frame_length(*length), Ok(body.len()));
    body
}

#[test]
fn messages_come_back_as_they_were() {
    for request in [ask(), report()] {
        assert_eq!(Request::decode(body(&request.encode().unwrap())), Ok(request));
    }
    for reply in replies() {
        assert_eq!(Reply::decode(body(&reply.encode().unwrap())), Ok(reply));
    }
}

#[test]
fn every_cut_and_every_extra_byte_is_an_error() {
    for request in [ask(), report()] {
        let frame = request.encode().unwrap();
        for end in 0..body(&frame).len() {
            assert!(Request::decode(&body(&frame)[..end]).is_err(), "cut at {end}");
        }
        let longer = [body(&frame), b"x"].concat();
        assert_eq!(Request::decode(&longer), Err(WireError::Trailing));
    }
    for reply in replies() {
        let frame = reply.encode().unwrap();
        for end in 0..body(&frame).len() {
            assert!(Reply::decode(&body(&frame)[..end]).is_err(), "{reply:?} cut at {end}");
        }
    }
}

#[test]
fn another_version_is_told_from_garbage() {
    let mut frame = ask().encode().unwrap();
    frame[5] = 99;
    assert_eq!(Request::decode(body(&frame)), Err(WireError::Version(99)));
}

#[test]
fn a_hostile_count_costs_no_memory() {
    let frame = [&[RUN][..], &u32::MAX.to_le_bytes(), &[0; 64]].concat();
    assert_eq!(Reply::decode(&frame), Err(WireError::Truncated));
    assert_eq!(frame_length(u32::MAX.to_le_bytes()), Err(WireError::TooLong));
    assert_eq!(frame_length([0; 4]), Err(WireError::Truncated));
}

#[test]
fn a_frame_past_the_limit_is_not_made() {
    let run = Run { env: vec![vec![b'x'; MAX_FRAME]], ..Run::default() };
    assert_eq!(Reply::Run(run).encode(), Err(WireError::TooLong));
}

#[test]
fn changed_bytes_never_panic() {
    for seed in 0..20_000_u64 {
        let mut frame = body(&ask().encode().unwrap()).to_vec();
        let mixed = seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
        let at = (mixed >> 32) as usize % frame.len();
        frame[at] = mixed as u8;
        let _ = (Request::decode(&frame), Reply::decode(&frame));
    }
}
