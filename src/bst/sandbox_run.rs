//! Runs one sandbox as BuildStream does, on a root of our choice.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use std::{fs, io};

use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use prost::Message;

use super::plan::{Integration, Plan, Sandbox};
use crate::action::to_reapi;
use crate::base::digest::Digest;
use crate::reapi::{Blob, Client, Content, GridError};

/// How long a sandbox may take to end when it is told to.
const TO_END: Duration = Duration::from_secs(15);
/// How often it is looked at.
const LOOK: Duration = Duration::from_millis(20);
/// Bytes of its messages that are shown when it fails.
const SHOWN: u64 = 4096;

/// Why a sandbox did not do what it was for.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// It was told to end.
    #[error("it was ended")]
    Stopped,
    /// casd does not take its root.
    #[error("casd: {0}")]
    Casd(#[from] GridError),
    /// The program that runs it.
    #[error("cannot run {}: {source}", program.display())]
    Program {
        /// The program.
        program: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It failed.
    #[error("its sandbox failed: {0}")]
    Failed(String),
}

/// A sandbox that is ready to run: its action is in casd's CAS.
#[derive(Debug)]
pub(super) struct SandboxRun {
    command: Command,
    folder: tempfile::TempDir,
}

impl SandboxRun {
    /// Prepares to run `arguments` in `sandbox` on the tree `root`; `blobs` are those of it that casd may lack, and `variables` are added
    /// to the sandbox's own. The integration commands are run before.
    pub(super) fn new(
        plan: &Plan,
        casd: &Client,
        sandbox: &Sandbox,
        (root, blobs): (Digest, &[(Digest, &[u8])]),
        variables: &BTreeMap<String, String>,
        integration: &[&Integration],
        arguments: &[&str],
    ) -> Result<Self, RunError> {
        let platform = reapi::Platform {
            properties: sandbox
                .platform
                .iter()
                .map(|(name, value)| reapi::platform::Property { name: name.clone(), value: value.clone() })
                .collect(),
        };
        let mut environment = sandbox.environment.clone();
        environment.extend(variables.clone());
        let writable = if integration.is_empty() {
            vec![sandbox.build_root.as_str(), &sandbox.install_root]
        } else {
            // As BuildStream's own: they may write anywhere.
            vec!["/"]
        };
        let script = script(integration, arguments);
        let command = reapi::Command {
            arguments: vec!["sh".into(), "-c".into(), script],
            environment_variables: environment
                .into_iter()
                .map(|(name, value)| reapi::command::EnvironmentVariable { name, value })
                .collect(),
            working_directory: sandbox.directory.trim_start_matches('/').to_owned(),
            output_paths: writable.iter().map(|path| relative(path, &sandbox.directory)).collect(),
            output_directory_format: reapi::command::OutputDirectoryFormat::DirectoryOnly.into(),
            #[allow(deprecated, reason = "BuildStream sets it, too")]
            platform: Some(platform.clone()),
            ..reapi::Command::default()
        };
        let command = command.encode_to_vec();
        let command_digest = Digest::of(&command);
        let action = reapi::Action {
            command_digest: Some(to_reapi(&command_digest)),
            input_root_digest: Some(to_reapi(&root)),
            platform: Some(platform),
            ..reapi::Action::default()
        };
        let blob = |(digest, bytes)| Blob { digest, content: Content::Bytes(bytes) };
        let mut all: Vec<Blob<'_>> = blobs.iter().copied().map(blob).collect();
        all.push(blob((command_digest, command.as_slice())));
        casd.upload(&all)?;
        Self::of_action(plan, sandbox, &action.encode_to_vec())
            .map_err(|source| RunError::Program { program: plan.buildbox_run.clone(), source })
    }

    fn of_action(plan: &Plan, sandbox: &Sandbox, action: &[u8]) -> io::Result<Self> {
        let folder = tempfile::Builder::new().prefix("spec-cc-prime-").tempdir()?;
        let file = |name: &str| folder.path().join(name);
        fs::write(file("action"), action)?;
        let mut command = Command::new(&plan.buildbox_run);
        command.arg(format!("--remote={}", plan.casd)).arg("--no-logs-capture");
        command.arg(format!("--action={}", file("action").display()));
        command.arg(format!("--action-result={}", file("result").display()));
        if !plan.instance.is_empty() {
            command.arg(format!("--instance={}", plan.instance));
        }
        if sandbox.updates {
            command.arg("--nested-ac-enable-update");
        }
        command.stdin(Stdio::null());
        command.stdout(File::create(file("stdout"))?).stderr(File::create(file("stderr"))?);
        // Ctrl-C is for bst alone.
        command.process_group(0);
        Ok(Self { command, folder })
    }

    /// Runs it, and returns what it wrote to standard output; ends it once `stop` is true.
    pub(super) fn run(mut self, stop: &AtomicBool) -> Result<Vec<u8>, RunError> {
        let program = PathBuf::from(self.command.get_program());
        let fault = |source| RunError::Program { program: program.clone(), source };
        // It is of use to nobody else. What counts is the thread that starts it, which is this one.
        let die_with_us = || Ok(nix::sys::prctl::set_pdeathsig(nix::sys::signal::Signal::SIGTERM)?);
        // SAFETY: it makes one system call.
        unsafe { self.command.pre_exec(die_with_us) };
        let mut child = self.command.spawn().map_err(fault)?;
        let status = loop {
            if let Some(status) = child.try_wait().map_err(fault)? {
                break status;
            }
            if stop.load(Ordering::Relaxed) {
                end(&mut child);
                return Err(RunError::Stopped);
            }
            std::thread::sleep(LOOK);
        };
        let written = fs::read(self.folder.path().join("stdout")).map_err(fault)?;
        if status.success() && !written.is_empty() {
            return Ok(written);
        }
        Err(RunError::Failed(format!("{status}: {}", last_of(&self.folder.path().join("stderr")))))
    }
}

/// Has buildbox-run end its sandbox and unmount what it has mounted.
fn end(child: &mut Child) {
    let signal = |signal| {
        // SAFETY: the process is our child and is not waited for yet, so that the number is its own.
        unsafe { libc::kill(child.id() as i32, signal) }
    };
    signal(libc::SIGTERM);
    let late = Instant::now() + TO_END;
    while Instant::now() < late {
        if !matches!(child.try_wait(), Ok(None)) {
            return;
        }
        std::thread::sleep(LOOK);
    }
    let _ = child.kill();
    let _ = child.wait();
}

/// The end of a file of messages, on one line.
fn last_of(path: &Path) -> String {
    let read = || {
        let mut file = File::open(path)?;
        let size = file.metadata()?.len();
        io::Seek::seek(&mut file, io::SeekFrom::Start(size.saturating_sub(SHOWN)))?;
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        io::Result::Ok(String::from_utf8_lossy(&text).into_owned())
    };
    let text = read().unwrap_or_default();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty()).collect();
    lines[lines.len().saturating_sub(2)..].join("; ")
}

/// A shell script that runs the integration commands, whatever comes of them, and then `arguments`.
fn script(integration: &[&Integration], arguments: &[&str]) -> String {
    let mut script = String::new();
    for Integration { commands, environment } in integration {
        let variables: String = environment
            .iter()
            .map(|(name, value)| format!("export {name}={}; ", shell_words::quote(value)))
            .collect();
        for command in commands {
            let command = shell_words::quote(command);
            script += &format!("(cd /; {variables}sh -e -c {command}) >/dev/null 2>&1 </dev/null\n");
        }
    }
    script + "exec " + &shell_words::join(arguments)
}

/// An absolute path as seen from an absolute folder.
fn relative(path: &str, from: &str) -> String {
    let names = |path: &'_ str| path.split('/').filter(|name| !name.is_empty()).count();
    let up = vec![".."; names(from)].join("/");
    let path = path.trim_matches('/');
    if path.is_empty() { up } else { format!("{up}/{path}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_are_named_from_the_working_directory() {
        assert_eq!(relative("/buildstream-install", "/buildstream/p/e.bst"), "../../../buildstream-install");
        assert_eq!(relative("/", "/a/b"), "../..");
    }

    #[test]
    fn a_script_integrates_first_and_quotes() {
        let environment = BTreeMap::from([("A".to_owned(), "it's".to_owned())]);
        let integration = Integration { commands: vec!["ldconfig".into()], environment };
        assert_eq!(
            script(&[&integration], &["specctl", "a b"]),
            "(cd /; export A='it'\\''s'; sh -e -c ldconfig) >/dev/null 2>&1 </dev/null\nexec specctl 'a b'"
        );
    }
}
