//! The recc backend with the real recc: what a launch does, and what it never does to the tree.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use crate::support::peers::{Casd, CasdOptions, Peers};
use spec_cc::action::ActionDigest;
use spec_cc::recc::log::ReccLog;
use spec_cc::recc::{Fate, Handed, Recc, fate};

/// A folder with a source, a recc, and a server for it.
struct Room {
    folder: tempfile::TempDir,
    recc: Recc,
    environment: Vec<(String, String)>,
    _casd: Casd,
}

impl Room {
    /// `None`, said aloud, where the peers cannot be had.
    fn new() -> Option<Self> {
        let peers = Peers::get()?;
        let casd = peers.casd(&CasdOptions::default());
        let folder = tempfile::tempdir().expect("a folder");
        fs::write(folder.path().join("a.c"), "int f(void) { return 1; }\n").expect("written");
        let home = folder.path().to_str().expect("UTF-8").to_owned();
        let environment =
            [("PATH", "/usr/bin:/bin".to_owned()), ("HOME", home), ("RECC_SERVER", casd.url.clone())]
                .map(|(name, value)| (name.to_owned(), value));
        let recc = Recc::find(Some(&peers.program("recc")), None).expect("recc is a program");
        Some(Self { folder, recc, environment: environment.into(), _casd: casd })
    }

    fn with(&self, name: &str, value: &str) -> Vec<(String, String)> {
        let mut environment = self.environment.clone();
        environment.retain(|(other, _)| other != name);
        environment.push((name.to_owned(), value.to_owned()));
        environment
    }

    fn run(&self, handed: &Handed) -> Output {
        Command::new(&handed.program)
            .args(&handed.args)
            .env_clear()
            .envs(handed.environment.iter().map(|(name, value)| (name, value)))
            .current_dir(self.folder.path())
            .stdin(Stdio::null())
            .output()
            .expect("recc runs")
    }

    fn fate(&self, handed: &Handed) -> Fate {
        fate(&self.run(handed).stderr)
    }

    /// The action that recc would ask its server for, as it says itself when it is told to run nothing.
    fn action(&self, args: &[String]) -> ActionDigest {
        let mut handed = self.recc.launch(GCC, args, &self.environment, &[]);
        let told = [("RECC_NO_EXECUTE", "1"), ("RECC_LOG_LEVEL", "debug")];
        handed.environment.retain(|(name, _)| !told.iter().any(|(other, _)| other == name));
        handed.environment.extend(told.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let said = String::from_utf8_lossy(&self.run(&handed).stderr).into_owned();
        let (_, digest) = said.split_once("Action Digest: ").unwrap_or_else(|| panic!("no action: {said}"));
        ActionDigest(digest.split(' ').next().expect("a word").parse().expect("a digest"))
    }

    fn object(&self) -> PathBuf {
        self.folder.path().join("a.o")
    }

    fn files(&self) -> Vec<String> {
        let names = fs::read_dir(self.folder.path()).expect("listed");
        names.map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned()).collect()
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

const GCC: &str = "/usr/bin/gcc";

#[test]
fn a_launch_is_executed_by_the_server_and_leaves_nothing_here() {
    let Some(room) = Room::new() else { return };
    let args = words(&["-c", "a.c"]);
    let action = room.action(&args);
    // A policy of the build's must not make recc compile here, nor its log tell of launches.
    for variable in ["RECC_CACHE_ONLY", "RECC_PASSTHROUGH", "RECC_LOG_DIRECTORY"] {
        let launch = room.recc.launch(GCC, &args, &room.with(variable, "1"), &[]);
        let found = room.fate(&launch);
        assert!(
            matches!(found, Fate::Executed { action: of, exit_code: 0 } if of == action)
                || found == Fate::Hit(action)
        );
        assert_eq!(room.files(), ["a.c"], "with {variable}");
    }
    let compile = room.recc.compile(GCC, &args, &room.with("RECC_LOG_LEVEL", "info"), &[]);
    assert_eq!(room.fate(&compile), Fate::Hit(action), "what was launched serves the build");
    assert!(room.object().exists());
}

#[test]
fn a_recc_conf_in_the_tree_does_not_bring_a_launch_home() {
    let Some(room) = Room::new() else { return };
    let folder = room.folder.path().join("recc");
    fs::create_dir(&folder).expect("made");
    fs::write(folder.join("recc.conf"), "cache_only=1\nfallback_to_local=1\nlog_directory=log\n")
        .expect("written");
    let launch = room.recc.launch(GCC, &words(&["-c", "a.c"]), &room.environment, &[]);
    assert!(matches!(room.fate(&launch), Fate::Executed { exit_code: 0, .. }));
    assert!(!room.object().exists() && !room.folder.path().join("log").exists());
}

/// Why a launch needs a private view: nothing keeps recc from compiling here what it takes for no compile.
#[test]
fn a_launch_that_recc_does_not_understand_runs_here() {
    let Some(room) = Room::new() else { return };
    let launch = room.recc.launch(GCC, &words(&["-march=native", "-c", "a.c"]), &room.environment, &[]);
    assert_eq!(room.fate(&launch), Fate::Local);
    assert!(room.object().exists(), "then a view is needed no more");
}

#[test]
fn a_build_gets_its_object_and_its_messages_without_a_server() {
    let Some(room) = Room::new() else { return };
    let dead = room.with("RECC_SERVER", "unix:/nowhere/socket");
    let launch = room.recc.launch(GCC, &words(&["-c", "a.c"]), &dead, &[]);
    assert_eq!(room.fate(&launch), Fate::Failed);
    assert_eq!(room.files(), ["a.c"]);
    let compile = room.recc.compile(GCC, &words(&["-c", "a.c"]), &dead, &[]);
    assert!(room.run(&compile).status.success());
    assert!(room.object().exists());
    fs::write(room.folder.path().join("a.c"), "int f(void) { return x; }\n").expect("written");
    let failed = room.run(&room.recc.compile(GCC, &words(&["-c", "a.c"]), &dead, &[]));
    assert_eq!(failed.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&failed.stderr).contains("undeclared"));
}

#[test]
fn our_own_server_is_taken_over_recc_s() {
    let Some(room) = Room::new() else { return };
    let server = room.environment.iter().find(|(name, _)| name == "RECC_SERVER").expect("set").1.clone();
    let wrong = room.with("RECC_SERVER", "unix:/nowhere/socket");
    let variables = [("SPEC_CC_REMOTE", server.as_str()), ("RECC_SERVER", "unix:/nowhere/socket")];
    let settings = spec_cc::settings::Settings::read(variables, Path::new("/")).expect("settings");
    let launch = room.recc.launch(GCC, &words(&["-c", "a.c"]), &wrong, &settings.for_recc());
    assert!(matches!(room.fate(&launch), Fate::Executed { exit_code: 0, .. }));
}

/// The events in the log files of a folder, which is emptied.
fn events(folder: &Path) -> Vec<String> {
    let files: Vec<_> = fs::read_dir(folder).expect("a log").map(|entry| entry.expect("an entry")).collect();
    assert_eq!(files.len(), 1, "one file for one command: {files:?}");
    let name = files[0].file_name().to_string_lossy().into_owned();
    assert!(name.starts_with("recc.") && name.contains(".log."), "{name}");
    let text = fs::read_to_string(files[0].path()).expect("read");
    fs::remove_dir_all(folder).expect("removed");
    let told = text.lines().filter_map(|line| Some(line.split_once(" [INFO] ")?.1.to_owned()));
    // We upload when nobody waits for it any more.
    told.filter(|event| !["Resolved ", "Action cache updated "].iter().any(|start| event.starts_with(start)))
        .collect()
}

#[test]
fn our_log_says_what_recc_s_says() {
    let Some(room) = Room::new() else { return };
    let folder = room.folder.path().join("log");
    let variables = [("RECC_LOG_DIRECTORY", "log"), ("RECC_LOG_LEVEL", "info")];
    let settings = spec_cc::settings::Settings::read(variables, room.folder.path()).expect("settings");
    // The same command, of which a server knows nothing, then something.
    let check = |args: &[&str], more: &[(&str, &str)], ours: &dyn Fn(&ReccLog, ActionDigest)| {
        let args = words(args);
        let mut environment = room.environment.clone();
        let added = variables.iter().chain(more);
        environment.extend(added.map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        room.run(&room.recc.compile(GCC, &args, &environment, &[]));
        let theirs = events(&folder);
        ours(&ReccLog::of(&settings, room.folder.path()).expect("a log"), room.action(&args));
        assert_eq!(events(&folder), theirs, "{args:?} {more:?}");
    };
    let plain = ["-c", "a.c"];
    check(&plain, &[], &|log, action| {
        log.executing(action);
        log.finished(0);
    });
    check(&plain, &[], &|log, action| log.cache_hit(action));
    let other = ["-O1", "-c", "a.c"];
    let cache_only = ("RECC_CACHE_ONLY", "1");
    check(&other, &[cache_only], &|log, _| log.local_in_cache_only());
    check(&other, &[cache_only, ("RECC_CACHE_UPLOAD_LOCAL_BUILD", "1")], &|log, _| log.local_in_cache_only());
    check(&other, &[cache_only], &|log, action| log.cache_hit(action));
    check(&["-Df=4", "-c", "a.c"], &[], &|log, action| {
        log.executing(action);
        log.finished(1);
    });
}
