//! The file that a trace is kept in, from the end of a run until somebody has read it.
//!
//! `spec-cc trace 4`, a line feed, then items that end with a NUL: an access (`@` plus its bits, then the path), when the one before it
//! was settled (`#` and nanoseconds), a listed folder (`=` and the path), a doubt (`!`, its letter, what it is about), and `.` with the
//! number of items as the last.

use std::fmt;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::access::{Access, Log};
use super::doubt::Doubt;

const HEADER: &[u8] = b"spec-cc trace 4\n";
const BITS: u8 = b'@';
const EXISTED: u8 = 1;
const READ: u8 = 2;
const WRITTEN: u8 = 4;
const EXECUTED: u8 = 8;
const LEFT: u8 = 16;
const EXECUTABLE: u8 = 32;

/// Why there is no trace to go by.
#[derive(Debug)]
pub enum TraceError {
    /// The file cannot be read.
    Io(io::Error),
    /// The file is none of ours, or is cut off.
    Broken,
    /// The run did something that paths do not account for.
    Doubt {
        /// What it is.
        doubt: Doubt,
        /// The path or the call.
        detail: String,
    },
}

impl fmt::Display for TraceError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io(error) => write!(f, "cannot read the trace: {error}"),
            Self::Broken => f.write_str("the trace is broken"),
            Self::Doubt { doubt, detail } => write!(f, "{doubt}: {detail}"),
        }
    }
}

impl std::error::Error for TraceError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        if let Self::Io(error) = self { Some(error) } else { None }
    }
}

/// All that a run touched.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Touched {
    /// Every path, in the order of the first time.
    pub accesses: Vec<Access>,
    /// The folders whose names were listed: what is in them counts. Absolute.
    pub listed: Vec<String>,
}

/// Returns the accesses of a trace and the folders that were listed; an error when they do not account for the run.
pub fn read(file: &Path) -> Result<Touched, TraceError> {
    parse(&fs::read(file).map_err(TraceError::Io)?)
}

/// Writes a trace, whole or not at all.
pub(super) fn write(log: &Log, file: &Path) -> io::Result<()> {
    let mut beside = file.as_os_str().to_owned();
    beside.push(".part");
    let beside = PathBuf::from(beside);
    let written = fs::write(&beside, print(log)).and_then(|()| fs::rename(&beside, file));
    if written.is_err() {
        // It may never have been there.
        let _ = fs::remove_file(&beside);
    }
    written
}

fn print(log: &Log) -> Vec<u8> {
    let mut text = HEADER.to_vec();
    let mut items = 0;
    let mut item = |parts: &[&[u8]]| {
        text.extend(parts.concat());
        text.push(0);
        items += 1;
    };
    if let Some(doubted) = &log.doubt {
        item(&[&[b'!', doubted.doubt.letter()], &doubted.detail]);
    }
    for folder in &log.listed {
        item(&[b"=", folder]);
    }
    for entry in &log.entries {
        let bits = u8::from(entry.existed) * EXISTED
            + u8::from(entry.read) * READ
            + u8::from(entry.written) * WRITTEN
            + u8::from(entry.executed) * EXECUTED
            + u8::from(entry.left) * LEFT
            + u8::from(entry.executable) * EXECUTABLE;
        item(&[&[BITS + bits], &entry.path]);
        if let Some(time) = entry.settled_ns {
            item(&[b"#", time.to_string().as_bytes()]);
        }
    }
    text.extend(format!(".{items}\0").bytes());
    text
}

fn parse(text: &[u8]) -> Result<Touched, TraceError> {
    let body = text.strip_prefix(HEADER).and_then(|body| body.strip_suffix(b"\0"));
    let mut items: Vec<&[u8]> = body.ok_or(TraceError::Broken)?.split(|byte| *byte == 0).collect();
    let end = items.pop().unwrap_or_default();
    if end != format!(".{}", items.len()).as_bytes() {
        return Err(TraceError::Broken);
    }
    let mut touched = Touched::default();
    for item in items {
        touched.take(item)?;
    }
    Ok(touched)
}

impl Touched {
    fn take(&mut self, item: &[u8]) -> Result<(), TraceError> {
        match item {
            [b'!', letter, detail @ ..] => Err(TraceError::Doubt {
                doubt: Doubt::of_letter(*letter).ok_or(TraceError::Broken)?,
                detail: String::from_utf8_lossy(detail).into_owned(),
            }),
            [b'=', folder @ ..] => {
                self.listed.push(text(folder)?);
                Ok(())
            }
            [bits, path @ ..]
                if bits & !(EXISTED | READ | WRITTEN | EXECUTED | LEFT | EXECUTABLE) == BITS =>
            {
                self.accesses.push(Access {
                    path: text(path)?,
                    existed: bits & EXISTED != 0,
                    read: bits & READ != 0,
                    written: bits & WRITTEN != 0,
                    executed: bits & EXECUTED != 0,
                    left: bits & LEFT != 0,
                    executable: bits & EXECUTABLE != 0,
                    settled_ns: None,
                });
                Ok(())
            }
            [b'#', time @ ..] => {
                let access = self.accesses.last_mut().ok_or(TraceError::Broken)?;
                let time = std::str::from_utf8(time).ok().and_then(|time| time.parse().ok());
                access.settled_ns = Some(time.ok_or(TraceError::Broken)?);
                Ok(())
            }
            _ => Err(TraceError::Broken),
        }
    }
}

fn text(path: &[u8]) -> Result<String, TraceError> {
    String::from_utf8(path.to_vec()).map_err(|_| TraceError::Doubt {
        doubt: Doubt::NotUtf8,
        detail: String::from_utf8_lossy(path).into_owned(),
    })
}

#[cfg(test)]
mod tests {
    use super::super::access::Touch;
    use super::*;
    use proptest::prelude::*;

    fn sample() -> Log {
        let mut log = Log::default();
        log.touch(b"/usr/include/stdio.h".to_vec(), Touch::Read, true, None);
        log.touch(b"/a b\n.h".to_vec(), Touch::Look, false, None);
        log.touch(b"/x.o".to_vec(), Touch::Change, true, None);
        log.touch(b"/bin/as".to_vec(), Touch::Execute, true, None);
        log.listed.insert(b"/opt".to_vec());
        log.touch(b"/new.c".to_vec(), Touch::Read, true, Some(17));
        (log.entries[2].left, log.entries[2].executable) = (true, true);
        log
    }

    #[test]
    fn what_is_printed_is_parsed() {
        let touched = parse(&print(&sample())).unwrap();
        let access = |path: &str, existed, read, written, executed| Access {
            path: path.into(),
            existed,
            read,
            written,
            executed,
            left: path == "/x.o",
            executable: path == "/x.o",
            settled_ns: (path == "/new.c").then_some(17),
        };
        assert_eq!(
            touched.accesses,
            [
                access("/usr/include/stdio.h", true, true, false, false),
                access("/a b\n.h", false, false, false, false),
                access("/x.o", true, true, true, false),
                access("/bin/as", true, true, false, true),
                access("/new.c", true, true, false, false),
            ]
        );
        assert_eq!(touched.listed, ["/opt"]);
    }

    #[test]
    fn doubts_are_errors() {
        let mut log = sample();
        log.doubt(Doubt::Socket, "/run/nscd");
        let error = parse(&print(&log)).unwrap_err();
        assert_eq!(error.to_string(), "it used a socket: /run/nscd");
        let mut log = sample();
        log.touch(b"/\xff".to_vec(), Touch::Look, true, None);
        assert!(matches!(parse(&print(&log)), Err(TraceError::Doubt { doubt: Doubt::NotUtf8, .. })));
    }

    #[test]
    fn a_part_of_a_trace_is_none() {
        let whole = print(&sample());
        for end in 0..whole.len() {
            assert!(matches!(parse(&whole[..end]), Err(TraceError::Broken)), "{end}");
        }
    }

    proptest! {
        #[test]
        fn hostile_bytes_are_errors(mut body in prop::collection::vec(any::<u8>(), 0..200), at in 0usize..400) {
            let mut changed = print(&sample());
            let at = at % changed.len();
            changed[at] = changed[at].wrapping_add(1);
            let _ = parse(&changed);
            body.splice(0..0, HEADER.iter().copied());
            let _ = parse(&body);
        }
    }
}
