//! clangd, which reads the compilation databases that `specctl export` writes.
use std::fs;
use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::missing::Missing;
use super::shell::{quiet, succeed};

/// Panics unless clangd finds a command in `database` for some of its files, the first and the last among them, and parses each
/// without an error. `room` is an empty folder.
pub(crate) fn assert_loads(database: &Value, room: &Path) {
    if let Err(error) = Command::new("clangd").arg("--version").output() {
        return Missing::Peer(format!("clangd cannot be run: {error}")).skip();
    }
    fs::write(room.join("compile_commands.json"), database.to_string()).expect("written");
    let entries = database.as_array().expect("a database is an array");
    // Some are enough: a compiler's worth of time each, and one package's entries are like each other.
    let some = [0, entries.len() / 2, entries.len() - 1].map(|number| &entries[number]);
    for entry in some {
        let text = |name: &str| Path::new(entry[name].as_str().expect("a path"));
        let file = text("directory").join(text("file"));
        let mut clangd = Command::new("clangd");
        quiet(&mut clangd, room);
        // One line of the file is looked at token by token; all of it is parsed.
        clangd.args(["--background-index=false", "--check-lines=1-1"]);
        clangd.arg(format!("--compile-commands-dir={}", room.display()));
        clangd.arg(format!("--check={}", file.display()));
        // Its configuration is the user's.
        clangd.env("XDG_CONFIG_HOME", room).env("XDG_CACHE_HOME", room);
        let said = succeed(&mut clangd);
        let log = String::from_utf8_lossy(&said.stderr).into_owned();
        let found = log.contains("Compile command from CDB is");
        assert!(found && log.contains("All checks completed, 0 errors"), "{}: {log}", file.display());
    }
}
