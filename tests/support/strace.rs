//! Tracing in tests: whether it may be done, and what strace prints.

use std::process::{Command, Stdio};
use std::ptr;

use super::missing::Missing;

/// Whether a process may trace another; says aloud where it may not, as in a container with a filter.
pub(crate) fn may_trace() -> bool {
    let mut child =
        Command::new("cat").stdin(Stdio::piped()).stdout(Stdio::null()).spawn().expect("cat runs");
    // SAFETY: a system call on integers and null pointers, about a process of ours.
    let seized = unsafe {
        libc::ptrace(libc::PTRACE_SEIZE, child.id() as i32, ptr::null_mut::<u8>(), ptr::null_mut::<u8>())
    };
    let refused = (seized == -1).then(std::io::Error::last_os_error);
    child.kill().and_then(|()| child.wait()).expect("it can be ended");
    if let Some(error) = &refused {
        Missing::Kernel(format!("no process may be traced here: {error}")).skip();
    }
    refused.is_none()
}

/// The texts between double quotes, as strace escapes them.
pub(crate) fn quoted(text: &str) -> impl Iterator<Item = String> {
    let mut bytes = text.bytes().peekable();
    std::iter::from_fn(move || {
        bytes.find(|byte| *byte == b'"')?;
        let mut word = Vec::new();
        loop {
            match bytes.next()? {
                b'"' => return Some(String::from_utf8_lossy(&word).into_owned()),
                b'\\' => match bytes.next()? {
                    b'n' => word.push(b'\n'),
                    b't' => word.push(b'\t'),
                    digit @ b'0'..=b'7' => {
                        let mut value = u32::from(digit - b'0');
                        for _ in 0..2 {
                            if let Some(digit) = bytes.next_if(|byte| (b'0'..=b'7').contains(byte)) {
                                value = value * 8 + u32::from(digit - b'0');
                            }
                        }
                        word.push(value as u8);
                    }
                    other => word.push(other),
                },
                byte => word.push(byte),
            }
        }
    })
}
