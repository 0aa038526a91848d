//! What strace sees a command touch, in the words of a trace.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use super::room::Room;
use crate::support::shell::succeed;
use crate::support::strace::quoted;

/// The calls that name a file; `readlink` is not asked for.
const CALLS: &str = "open,openat,openat2,creat,stat,lstat,newfstatat,statx,access,faccessat,faccessat2,execve,execveat,chdir,\
    rename,renameat,renameat2,link,linkat,symlink,symlinkat,mkdir,mkdirat,mknod,mknodat,truncate,unlink,unlinkat,rmdir,chmod,\
    fchmodat,utimensat,getdents64";

/// Runs a command under strace; returns each path once, with whether something was there the first time.
///
/// A path whose first call does not say so (a file that is made) has no such word.
pub(crate) fn paths(room: &Room, program: &str, args: &[&str]) -> HashMap<String, Option<bool>> {
    let log = room.folder().join("log");
    let options = ["-f", "-qq", "-s", "65536", "-e", "signal=none", "-o", log.to_str().unwrap()];
    let calls = format!("trace={CALLS}");
    let mut command = room.command("strace", &options);
    command.args(["-e", &calls, program]).args(args);
    // The command may be one that fails.
    if command.output().unwrap().status.code().is_none() {
        succeed(&mut command);
    }
    read(&fs::read_to_string(&log).unwrap(), &room.work(""))
}

fn read(log: &str, folder: &Path) -> HashMap<String, Option<bool>> {
    let mut paths = HashMap::new();
    let mut begun: HashMap<&str, &str> = HashMap::new();
    for line in log.lines() {
        let Some((pid, call)) = line.split_once(' ') else { continue };
        let call = call.trim_start();
        if let Some(beginning) = call.strip_suffix(" <unfinished ...>") {
            begun.insert(pid, beginning);
            // Its order among the other processes' calls is that of its beginning; how it ends is not known there.
            take(&mut paths, beginning, "", folder);
        } else if !call.starts_with("<...") {
            let (call, result) = call.rsplit_once(" = ").unwrap_or((call, ""));
            take(&mut paths, call, result, folder);
        }
    }
    paths
}

fn take(paths: &mut HashMap<String, Option<bool>>, call: &str, result: &str, folder: &Path) {
    let Some((name, args)) = call.split_once('(') else { return };
    let texts: Vec<String> = match name {
        "symlink" | "symlinkat" => quoted(args).skip(1).collect(),
        "rename" | "renameat" | "renameat2" | "link" | "linkat" => quoted(args).take(2).collect(),
        // The arguments of a program are texts, too.
        _ => quoted(args).take(1).collect(),
    };
    let makes = ["O_CREAT", "O_EXCL"].iter().any(|flag| args.contains(flag))
        || ["link", "rename", "mkdir", "mknod", "unlink"].iter().any(|start| name.contains(start));
    let existed = match result {
        _ if makes || result.is_empty() => None,
        result => Some(!result.starts_with('-')),
    };
    for text in texts.into_iter().filter(|text| !text.is_empty()) {
        let path = folder.join(text).display().to_string();
        let path = path.replace("//", "/").replace("/./", "/");
        paths
            .entry(path.strip_suffix('.').filter(|path| path.ends_with('/')).unwrap_or(&path).to_owned())
            .or_insert(existed);
    }
}
