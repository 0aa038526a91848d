//! What specctl says: to a reader who may have left, or a disk that may be full, and never with a panic.

use std::fmt::Display;
use std::io::{self, Write};

/// Standard output did not take what there was to say.
#[derive(Debug, thiserror::Error)]
pub(super) enum OutputError {
    /// Who read it has seen enough (`| head`).
    #[error("nobody reads standard output any more")]
    Left,
    /// As on a full disk.
    #[error("cannot write to standard output: {0}")]
    Refused(io::Error),
}

impl From<io::Error> for OutputError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::BrokenPipe { Self::Left } else { Self::Refused(error) }
    }
}

/// Prints a text and ends its line.
pub(super) fn line(text: impl Display) -> Result<(), OutputError> {
    bytes(format!("{text}\n").as_bytes())
}

/// Prints a text that ends its lines itself.
pub(super) fn text(text: &str) -> Result<(), OutputError> {
    bytes(text.as_bytes())
}

/// Prints a table whose first line is its heading.
pub(super) fn table(table: &str) -> Result<(), OutputError> {
    let (heading, rows) = table.split_once('\n').unwrap_or((table, ""));
    let bold = anstyle::Style::new().bold();
    let mut output = anstream::stdout().lock();
    Ok(write!(output, "{bold}{heading}{bold:#}\n{rows}").and_then(|()| output.flush())?)
}

/// Writes bytes to standard output, all of them.
pub(super) fn bytes(bytes: &[u8]) -> Result<(), OutputError> {
    let mut output = io::stdout().lock();
    Ok(output.write_all(bytes).and_then(|()| output.flush())?)
}

/// Prints a line to standard error. Should that fail there is nobody left to tell, and what else there is to do goes on.
pub(super) fn complain(text: impl Display) {
    let _ = io::stderr().write_all(format!("{text}\n").as_bytes());
}
