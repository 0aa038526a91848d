//! A worker of the stand-in's that really runs actions: in a folder of its own, with this machine's programs.
use super::execution::Work;
use super::state::State;
use bazel_remote_apis::build::bazel::remote::execution::v2 as reapi;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use prost::Message;
use spec_cc::action::to_reapi;
use spec_cc::base::digest::Digest;
use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;
use std::time::Duration;

/// What comes of an action when it is run, as `change` has it.
pub(crate) fn run(state: &State, action: &Digest, change: impl FnOnce(&mut reapi::ActionResult)) -> Work {
    let done = tokio::task::block_in_place(|| attempt(state, action));
    match done {
        Ok(mut result) => {
            change(&mut result);
            Work::result(result)
        }
        Err(lacking) => Work::status(&tonic::Status::failed_precondition(format!("no blob {lacking}"))),
    }
}

/// The result of an action that is run, and the CPU time of that, which another load of the machine changes little.
pub(crate) fn measure(state: &State, action: &Digest) -> Result<(reapi::ActionResult, Duration), String> {
    let _one_at_a_time = MEASURED.lock().unwrap();
    let spent = || {
        let usage = getrusage(UsageWho::RUSAGE_CHILDREN).expect("ask for the children's CPU time");
        usage.user_time() + usage.system_time()
    };
    let before = spent();
    let result = tokio::task::block_in_place(|| attempt(state, action))?;
    let micros = (spent() - before).num_microseconds();
    Ok((result, Duration::from_micros(micros.unsigned_abs())))
}

static MEASURED: Mutex<()> = Mutex::new(());

fn attempt(state: &State, action: &Digest) -> Result<reapi::ActionResult, String> {
    let action: reapi::Action = message(state, Some(&to_reapi(action)))?;
    let command: reapi::Command = message(state, action.command_digest.as_ref())?;
    let folder = tempfile::tempdir().expect("make a folder for an action");
    lay_out(state, action.input_root_digest.as_ref(), folder.path())?;
    let directory = folder.path().join(&command.working_directory);
    // "The worker will ensure that the directories leading up to the output paths exist" (REAPI, `Command.output_paths`)
    for folder in command.output_paths.iter().filter_map(|path| Path::new(path).parent()) {
        fs::create_dir_all(directory.join(folder)).expect("make a folder for outputs");
    }
    let (program, arguments) = command.arguments.split_first().expect("a command has a program");
    let output = Command::new(program)
        .args(arguments)
        .env_clear()
        .envs(command.environment_variables.iter().map(|variable| (&variable.name, &variable.value)))
        .current_dir(&directory)
        .output()
        .expect("run an action");
    let mut result = reapi::ActionResult {
        exit_code: output.status.code().unwrap_or(-1),
        stdout_raw: output.stdout,
        stderr_raw: output.stderr,
        ..Default::default()
    };
    for path in &command.output_paths {
        let Ok(content) = fs::read(directory.join(path)) else { continue };
        let digest = Some(to_reapi(&state.put(&content)));
        result.output_files.push(reapi::OutputFile { path: path.clone(), digest, ..Default::default() });
    }
    Ok(result)
}

fn lay_out(state: &State, root: Option<&reapi::Digest>, at: &Path) -> Result<(), String> {
    let directory: reapi::Directory = message(state, root)?;
    fs::create_dir_all(at).expect("make a folder");
    for file in &directory.files {
        let path = at.join(&file.name);
        fs::write(&path, bytes(state, file.digest.as_ref())?).expect("write an input");
        let mode = if file.is_executable { 0o755 } else { 0o644 };
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).expect("set an input's mode");
    }
    for link in &directory.symlinks {
        std::os::unix::fs::symlink(&link.target, at.join(&link.name)).expect("make a link");
    }
    directory
        .directories
        .iter()
        .try_for_each(|folder| lay_out(state, folder.digest.as_ref(), &at.join(&folder.name)))
}

fn message<T: Message + Default>(state: &State, digest: Option<&reapi::Digest>) -> Result<T, String> {
    Ok(T::decode(&*bytes(state, digest)?).expect("a message of the protocol"))
}

fn bytes(state: &State, digest: Option<&reapi::Digest>) -> Result<Vec<u8>, String> {
    let digest = super::cas::digest(digest).map_err(|status| status.message().to_owned())?;
    if digest.size == 0 {
        return Ok(Vec::new());
    }
    state.get(&digest).ok_or_else(|| digest.to_string())
}
