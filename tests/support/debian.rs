//! Debian packages, through an apt that has its own lists and touches nothing of the machine's.
use super::shell::{ended_well, succeed};
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Where the machine gets its own suite from.
#[derive(Debug, PartialEq)]
struct Archive {
    uri: String,
    signed_by: Option<String>,
}

/// Downloads source package `name` and lays it out, with Debian's patches, as the new folder `at`.
///
/// apt keeps its state below `shelf`. Panics when the package cannot be had.
pub(crate) fn unpack(name: &str, shelf: &Path, at: &Path) {
    let apt = shelf.join("apt");
    prepare(&apt);
    let downloads = shelf.join(format!("{name}.download"));
    fs::create_dir_all(&downloads).expect("make a folder for downloads");
    succeed(apt_get(&apt).args(["source", "--download-only", name]).current_dir(&downloads));
    succeed(
        Command::new("dpkg-source")
            .args(["--extract", "--no-check", "--no-copy"])
            .arg(description(&downloads))
            .arg(at),
    );
    let _ = fs::remove_dir_all(&downloads);
}

/// The `.dsc` file that apt left in `folder`.
fn description(folder: &Path) -> PathBuf {
    fs::read_dir(folder)
        .expect("list the downloads")
        .filter_map(|entry| Some(entry.ok()?.path()))
        .find(|path| path.extension() == Some(OsStr::new("dsc")))
        .expect("apt left no .dsc file")
}

/// Unpacks `package` of Debian's suite `suite`, with everything it depends on that `wanted` picks by name, below the folder
/// `at`. Nothing is configured and no script of a package runs. The error says what apt had to say.
pub(crate) fn unpack_binaries(
    package: &str,
    suite: &str,
    wanted: fn(&str) -> bool,
    shelf: &Path,
    at: &Path,
) -> Result<(), String> {
    let apt = shelf.join(format!("apt-{suite}"));
    write_sources(&apt, "deb", suite, &machine_archive());
    // As if nothing were installed: a newer suite's programs need that suite's libraries.
    let status = apt.join("status");
    fs::write(&status, "").expect("write an empty list of installed packages");
    let apt_get = || {
        let mut command = apt_get(&apt);
        command.arg("-o").arg(format!("Dir::State::status={}", status.display()));
        command.args(["-o", "APT::Install-Recommends=false"]);
        command
    };
    ended_well(apt_get().arg("update"))?;
    let plan = ended_well(apt_get().args(["--simulate", "install", package]))?;
    let plan = String::from_utf8_lossy(&plan.stdout).into_owned();
    let names = plan.lines().filter_map(|line| line.strip_prefix("Inst ")?.split_whitespace().next());
    let downloads = shelf.join(format!("{package}.download"));
    let _ = fs::remove_dir_all(&downloads);
    fs::create_dir_all(&downloads).expect("make a folder for downloads");
    ended_well(apt_get().arg("download").args(names.filter(|name| wanted(name))).current_dir(&downloads))?;
    fs::create_dir_all(at).expect("make the folder to unpack in");
    for entry in fs::read_dir(&downloads).expect("list the downloads") {
        let archive = entry.expect("list the downloads").path();
        ended_well(Command::new("dpkg-deb").arg("--extract").arg(archive).arg(at))?;
    }
    let _ = fs::remove_dir_all(&downloads);
    Ok(())
}

/// Writes a sources file for the machine's own suite and downloads its index of sources.
fn prepare(apt: &Path) {
    write_sources(apt, "deb-src", &machine_suite(), &machine_archive());
    succeed(apt_get(apt).arg("update"));
}

/// The code name of the machine's suite.
fn machine_suite() -> String {
    let release = fs::read_to_string("/etc/os-release").expect("read /etc/os-release");
    let suite = release.lines().find_map(|line| line.strip_prefix("VERSION_CODENAME="));
    suite.expect("/etc/os-release names no suite").trim_matches('"').to_owned()
}

/// The archive that the machine has its own suite from.
fn machine_archive() -> Archive {
    let suite = machine_suite();
    machine_sources()
        .iter()
        .find_map(|text| archive_in(text, &suite))
        .unwrap_or_else(|| panic!("apt's sources have no entry for {suite}"))
}

/// Makes apt's folders, and tells it of one suite.
fn write_sources(apt: &Path, kind: &str, suite: &str, archive: &Archive) {
    for folder in ["etc", "lists/partial", "cache/archives/partial"] {
        fs::create_dir_all(apt.join(folder)).expect("make apt's folders");
    }
    let key = archive.signed_by.as_ref().map_or(String::new(), |key| format!("Signed-By: {key}\n"));
    let stanza = format!("Types: {kind}\nURIs: {}\nSuites: {suite}\nComponents: main\n{key}", archive.uri);
    fs::write(apt.join("etc/own.sources"), stanza).expect("write apt's sources");
}

/// The text of every sources file of the machine.
fn machine_sources() -> Vec<String> {
    let mut paths = vec![PathBuf::from("/etc/apt/sources.list")];
    if let Ok(entries) = fs::read_dir("/etc/apt/sources.list.d") {
        paths.extend(entries.filter_map(|entry| Some(entry.ok()?.path())));
    }
    paths
        .iter()
        .filter(|path| {
            let known = path.extension().and_then(OsStr::to_str);
            matches!(known, Some("list" | "sources"))
        })
        .filter_map(|path| fs::read_to_string(path).ok())
        .collect()
}

/// The archive that `text` names for `suite`, in either of the forms of sources.list(5).
fn archive_in(text: &str, suite: &str) -> Option<Archive> {
    text.lines()
        .find_map(|line| one_line(line, suite))
        .or_else(|| text.split("\n\n").find_map(|part| stanza(part, suite)))
}

fn one_line(line: &str, suite: &str) -> Option<Archive> {
    let rest = line.strip_prefix("deb ")?.trim_start();
    let (options, rest) = match rest.strip_prefix('[') {
        Some(rest) => rest.split_once(']')?,
        None => ("", rest),
    };
    let mut words = rest.split_whitespace();
    let uri = words.next()?.to_owned();
    let signed_by =
        options.split_whitespace().find_map(|option| option.strip_prefix("signed-by=")).map(str::to_owned);
    (words.next()? == suite).then_some(Archive { uri, signed_by })
}

fn stanza(text: &str, suite: &str) -> Option<Archive> {
    let field =
        |name: &str| text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':')).map(str::trim);
    let wanted = field("Suites")?.split_whitespace().any(|one| one == suite);
    wanted.then_some(Archive {
        uri: field("URIs")?.split_whitespace().next()?.to_owned(),
        signed_by: field("Signed-By").map(str::to_owned),
    })
}

/// apt-get with lists and cache below `apt`.
fn apt_get(apt: &Path) -> Command {
    let mut command = Command::new("apt-get");
    command.arg("-qq");
    for (name, value) in [
        ("Dir::Etc::sourcelist", "/dev/null".to_owned()),
        ("Dir::Etc::sourceparts", below(apt, "etc")),
        ("Dir::State::lists", below(apt, "lists")),
        ("Dir::Cache", below(apt, "cache")),
        ("Acquire::Languages", "none".to_owned()),
        ("Acquire::Retries", "3".to_owned()),
        // apt's own user cannot write below a home folder.
        ("APT::Sandbox::User", "root".to_owned()),
    ] {
        command.arg("-o").arg(format!("{name}={value}"));
    }
    command
}

fn below(apt: &Path, folder: &str) -> String {
    apt.join(folder).display().to_string()
}

#[test]
fn both_forms_of_apt_sources_are_understood() {
    let key = Some("/usr/share/keyrings/k.gpg".to_owned());
    let wanted = Some(Archive { uri: "http://mirror/debian".to_owned(), signed_by: key });
    let list = "# deb no\ndeb http://other x main\n\
                deb [arch=amd64 signed-by=/usr/share/keyrings/k.gpg] http://mirror/debian stable main\n";
    let stanzas = "Types: deb\nURIs: http://other\nSuites: stable-security\n\n\
                   Types: deb\nURIs: http://mirror/debian\nSuites: stable stable-updates\n\
                   Signed-By: /usr/share/keyrings/k.gpg\n";
    assert_eq!(archive_in(list, "stable"), wanted);
    assert_eq!(archive_in(stanzas, "stable"), wanted);
    assert_eq!(archive_in(stanzas, "sid"), None);
}
