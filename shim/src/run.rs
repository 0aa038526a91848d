//! Running the compiler under our eyes: what it writes, what it costs and how it ends.

use crate::capture::Capture;
use crate::sys::process::{self, Command, Ended};
use crate::sys::{self, Errno, Fd, Result, STDERR, STDOUT, now, signal};
use crate::wire::{MAX_STDERR, Report};
use alloc::vec::Vec;
use core::ffi::c_int;
use core::time::Duration;

const BUFFER: usize = 64 << 10;
/// How long a stream that something else holds open may stay silent once the compiler has ended.
const GRACE: Duration = Duration::from_millis(20);
/// How often to look for the compiler's end where the kernel cannot tell.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// A compiler's run.
#[derive(Debug)]
pub struct Ran {
    /// What to report.
    pub report: Report,
    /// Why not all that it wrote to standard output arrived, if it was not that nobody reads that.
    pub lost: Option<Errno>,
}

/// Runs the compiler to its end and returns what to report. An error means that nothing was started.
///
/// `stdout` says whether the report is to tell what it wrote there.
pub fn run(command: &Command, stdout: bool) -> Result<Ran> {
    attend(command, Streams::open(if stdout { MAX_STDERR } else { 0 }))
}

/// Runs the compiler whose standard output has arrived already, `told` bytes of it, for all else that it does; returns its wait
/// status. An error means that nothing was started.
pub fn run_behind(command: &Command, told: usize) -> Result<c_int> {
    let (capture, theirs) = Capture::open_behind(STDOUT, told)?;
    let streams =
        Streams { captures: [(STDOUT, capture)].into(), theirs: [(theirs, STDOUT)].into(), complete: false };
    attend(command, streams).map(|ran| ran.report.status)
}

fn attend(command: &Command, streams: Streams) -> Result<Ran> {
    let started = now();
    let Streams { mut captures, theirs, complete } = streams;
    let mut child = Child::start(command, &theirs)?;
    // Held by us as well, they would never end.
    drop(theirs);
    let ended = child.attend(&mut captures);
    signal::restore();
    let ended = ended?;
    let mut report = Report {
        status: ended.status,
        user_us: ended.user_us,
        sys_us: ended.sys_us,
        wall_us: now().saturating_sub(started).as_micros() as u64,
        truncated: !complete || captures.iter().any(|(_, capture)| !capture.whole),
        stdout_seen: !complete,
        ..Report::default()
    };
    let mut lost = None;
    for (number, capture) in captures {
        match number {
            STDOUT => {
                lost = capture.lost;
                report.stdout_seen |= capture.seen;
                report.stdout = capture.bytes;
            }
            _ => report.stderr = capture.bytes,
        }
    }
    Ok(Ran { report, lost })
}

/// The captures, each with its standard descriptor's number, and the compiler's ends.
struct Streams {
    captures: Vec<(c_int, Capture)>,
    theirs: Vec<(Fd, c_int)>,
    /// Whether the compiler can write nothing that is not seen.
    complete: bool,
}

impl Streams {
    fn open(keep: usize) -> Self {
        let mut streams = Self { captures: Vec::new(), theirs: Vec::new(), complete: true };
        for (number, keep) in [(STDOUT, keep), (STDERR, MAX_STDERR)] {
            match Capture::open(number, keep) {
                Ok((capture, theirs)) => {
                    streams.captures.push((number, capture));
                    streams.theirs.push((theirs, number));
                }
                Err(_) => return Self { captures: Vec::new(), theirs: Vec::new(), complete: false },
            }
        }
        streams
    }
}

struct Child {
    pid: c_int,
    watch: Option<Fd>,
    ended: Option<Ended>,
}

impl Child {
    fn start(command: &Command, theirs: &[(Fd, c_int)]) -> Result<Self> {
        let streams: Vec<(&Fd, c_int)> = theirs.iter().map(|(fd, number)| (fd, *number)).collect();
        // Held back until there is a child to pass them to.
        let mask = signal::block();
        signal::forward();
        let spawned = process::spawn(command, &streams, &mask);
        match spawned {
            Ok(pid) => signal::forward_to(pid),
            Err(_) => signal::restore(),
        }
        signal::unblock(&mask);
        let pid = spawned?;
        Ok(Self { pid, watch: process::watch(pid).ok(), ended: None })
    }

    /// Passes the streams on until the compiler has ended and they have, or hold nothing more of its.
    fn attend(&mut self, captures: &mut [(c_int, Capture)]) -> Result<Ended> {
        let mut buffer = alloc::vec![0; BUFFER];
        loop {
            let mut awaited: Vec<c_int> = captures.iter().filter_map(|(_, c)| c.descriptor()).collect();
            if let Some(ended) = self.ended
                && awaited.is_empty()
            {
                return Ok(ended);
            }
            awaited.extend(self.watch.as_ref().map(Fd::number));
            let timeout = match (&self.ended, &self.watch) {
                (Some(_), _) => Some(GRACE),
                (None, Some(_)) => None,
                (None, None) => Some(LOOK_EVERY),
            };
            // An interruption is a signal that has been passed on.
            let Ok(readable) = sys::wait_readable(&awaited, timeout) else { continue };
            let ready = |number: c_int| awaited.iter().zip(&readable).any(|(&a, &r)| r && a == number);
            for (_, capture) in captures.iter_mut() {
                if capture.descriptor().is_some_and(ready) {
                    capture.pass_on(&mut buffer);
                } else if self.ended.is_some() && !readable.contains(&true) {
                    capture.abandon();
                }
            }
            if self.ended.is_none() && self.watch.as_ref().is_none_or(|watch| ready(watch.number())) {
                self.look()?;
            }
            if self.ended.is_some() {
                for (_, capture) in captures.iter_mut() {
                    capture.finish();
                }
            }
        }
    }

    /// Takes the child's status if it has ended. No signal may go to its id after that: it may be another's by then.
    fn look(&mut self) -> Result<()> {
        let mask = signal::block();
        // Where the kernel has told of the end, a tracer may still hold the status back for a moment.
        let ended = process::wait(self.pid, self.watch.is_some());
        if !matches!(ended, Ok(None)) {
            signal::forward_to(0);
            self.watch = None;
        }
        signal::unblock(&mask);
        self.ended = ended?;
        Ok(())
    }
}
