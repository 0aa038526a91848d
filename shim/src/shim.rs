//! One call of the shim, from its arguments to its exit status.

use crate::companion::Companion;
use crate::compiler::{self, Compiler};
use crate::environment::Environment;
use crate::passed::{self, Passed};
use crate::run::{self, Ran};
use crate::serve;
use crate::streams;
use crate::sys::file::Stat;
use crate::sys::process::{self, Command};
use crate::sys::{Errno, Fd, Result, STDERR, STDOUT, c_string, file, signal, terminal};
use crate::wire::{Ask, Bytes, Reply, Report, Request, Run, Serve, Through};
use alloc::borrow::ToOwned;
use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;
use core::time::Duration;

/// What `spec-cc --spec-cc-version` prints.
const VERSION: &[u8] = concat!("spec-cc ", env!("COMMIT_VERSION"), "\n").as_bytes();
/// How long what was killed may take to be gone.
const ORPHANS_END: Duration = Duration::from_secs(5);

/// Does what the call asks for and returns the exit status, unless the compiler takes this process over.
pub fn main(argv: &[&CStr]) -> i32 {
    let open = file::plug_standard_streams();
    if compiler::asks_for_version(argv) {
        return i32::from(file::write_all(STDOUT, VERSION).is_err());
    }
    let env = Environment::of_process();
    let passed = Passed::of(&env);
    let compiler = match compiler::find(argv, &env, &passed) {
        Ok(compiler) => compiler,
        Err(missing) => {
            say(&missing.message());
            return missing.exit_status();
        }
    };
    let call = Call::new(compiler, argv, env.without(passed::VARIABLE), &passed);
    if !call.env.is_off()
        && worth_asking(&call.command)
        && streams::are_sound(open)
        && let Some(status) = call.through_companion()
    {
        return status;
    }
    call.become_compiler()
}

/// Returns whether the companion could do anything about the command: it names a file, or a response file that may.
///
/// What names none asks the compiler about itself, or has its source come through standard input.
fn worth_asking(command: &Command) -> bool {
    command.argv.iter().skip(1).any(|arg| !matches!(arg.to_bytes().first(), None | Some(b'-')))
}

struct Call {
    command: Command,
    /// The build's own environment.
    env: Environment,
    /// What the command's has besides, for a shim that it runs.
    passed: Bytes,
}

impl Call {
    fn new(compiler: Compiler, argv: &[&CStr], env: Environment, passed: &Passed) -> Self {
        let own = argv.get(compiler.skip..).unwrap_or_default();
        let passed = passed.entry_with(compiler.path.to_bytes());
        let command = Command {
            path: compiler.path,
            argv: core::iter::once(compiler.argv0).chain(own.iter().map(|&arg| arg.to_owned())).collect(),
            env: env.changed(&[], core::slice::from_ref(&passed)).unwrap_or_else(|_| env.to_c_strings()),
        };
        Self { command, env, passed }
    }

    /// Returns the command's environment with these entries added, or in place of their names.
    fn environment(&self, added: &[Bytes]) -> Result<Vec<CString>> {
        self.env.changed(&[], &[core::slice::from_ref(&self.passed), added].concat())
    }

    /// Returns the exit status, or nothing when the compiler has still to be run as if there were no companion.
    fn through_companion(&self) -> Option<i32> {
        // Waiting for a child would fail, and the compiler is to inherit the same.
        if signal::children_are_ignored() {
            return None;
        }
        let companion = Companion::reach(&self.env)?;
        match companion.ask(&Request::Ask(self.ask().ok()?)).ok()? {
            (Reply::Through(through), _) => self.become_wrapper(&through),
            // What came along stays open until the compile is over: so others know that its side files are in use.
            (Reply::Run(run), _in_use) => self.run(&run, &companion),
            (Reply::Serve(serve), descriptors) => self.serve(&serve, &descriptors),
            _ => None,
        }
    }

    fn ask(&self) -> Result<Ask> {
        let cwd = file::stat(b".")?;
        Ok(Ask {
            compiler: self.command.path.to_bytes().to_vec(),
            argv0: self.command.argv.first().map(|name| name.to_bytes().to_vec()).unwrap_or_default(),
            args: self.command.argv.iter().skip(1).map(|arg| arg.to_bytes().to_vec()).collect(),
            cwd: file::working_directory()?,
            env: self.told_environment(&cwd),
            mount_ns: file::stat(b"/proc/self/ns/mnt").map_or(0, |stat| stat.ino),
            cwd_dev: cwd.dev,
            cwd_ino: cwd.ino,
            terminal: terminal::is_terminal(STDERR),
            apart: are_apart(),
        })
    }

    /// The environment, with `PWD` only if it names the working directory: what it names may be another folder to the companion
    /// (`/proc/self/cwd`).
    fn told_environment(&self, cwd: &Stat) -> Vec<Bytes> {
        let names_it = |path: &[u8]| {
            let there = file::stat(path);
            path.starts_with(b"/") && there.is_ok_and(|there| (there.dev, there.ino) == (cwd.dev, cwd.ino))
        };
        let mut entries = self.env.to_bytes();
        entries.retain(|entry| entry.strip_prefix(b"PWD=").is_none_or(names_it));
        entries
    }

    fn run(&self, how: &Run, companion: &Companion) -> Option<i32> {
        let mut command = self.command.clone();
        for arg in &how.args {
            command.argv.push(c_string(arg).ok()?);
        }
        command.env = self.environment(&how.env).ok()?;
        let Ran { report, lost } =
            Self::run_prefixed(&command, how).or_else(|| Self::run_plain(&command, how.stdout))?;
        let status = report.status;
        Self::deliver(report, companion);
        Some(match lost {
            // It was gone already, or cannot have looked at what became of its last bytes.
            Some(error) if status == 0 => failed_output(error),
            _ => end_like(status),
        })
    }

    fn run_plain(command: &Command, stdout: bool) -> Option<Ran> {
        match run::run(command, stdout) {
            Err(Errno(libc::ENOEXEC)) => run::run(&through_shell(command), stdout).ok(),
            other => other.ok(),
        }
    }

    /// Returns nothing when there is no other program to run in the compiler's place, it cannot be started, or it was killed for
    /// what we had put beside it.
    fn run_prefixed(command: &Command, how: &Run) -> Option<Ran> {
        let mut argv: Vec<CString> =
            how.prefix.iter().map(|word| c_string(word)).collect::<Result<_>>().ok()?;
        let path = argv.first()?.clone();
        argv.push(command.path.clone());
        argv.extend(command.argv.iter().cloned());
        // What such a program leaves behind itself, at the compiler's end, may find nobody else to take note of its own end.
        process::adopt_orphans(true);
        let ran = run::run(&Command { path, argv, env: command.env.clone() }, how.stdout);
        let again = ran.as_ref().is_ok_and(|ran| has_lost_its_tracer(&ran.report, how));
        // What was killed with it may be about to write still.
        let again = again && process::await_orphans(ORPHANS_END);
        process::adopt_orphans(false);
        process::forget_orphans();
        if again {
            for half in &how.undone {
                // What is not there need not go.
                let _ = file::unlink(half);
            }
        }
        ran.ok().filter(|_| !again)
    }

    /// The compile is over; what becomes of the report changes nothing for the build.
    fn deliver(report: Report, companion: &Companion) {
        let _ = companion.ask(&Request::Report(report));
    }

    fn serve(&self, serve: &Serve, descriptors: &[Fd]) -> Option<i32> {
        signal::survive_writes();
        serve::write_outputs(serve, descriptors).ok()?;
        // What a failure comes to is for the compiler to say. Of what it prints once more nothing arrives where nothing did.
        let told = serve.stdout.len();
        let printed = file::write_all(STDOUT, &serve.stdout).map_err(|_| 0);
        let printed = printed.and_then(|()| file::write_all(STDERR, &serve.stderr).map_err(|_| told));
        let Err(told) = printed else { return Some(i32::from(serve.status)) };
        serve::remove_outputs(serve);
        (told > 0).then(|| run::run_behind(&self.command, told).ok().map(end_like))?
    }

    /// Replaces this process by a wrapper of the compiler's; returns, with nothing, only when that cannot be.
    fn become_wrapper(&self, through: &Through) -> Option<i32> {
        let path = c_string(&through.program).ok()?;
        let env = self.environment(&through.env).ok()?;
        let arguments = self.command.argv.iter().skip(1);
        let argv = [&path, &self.command.path].into_iter().chain(arguments).cloned().collect();
        process::exec(&Command { path: path.clone(), argv, env });
        None
    }

    fn become_compiler(&self) -> i32 {
        let mut error = process::exec(&self.command);
        if error == Errno(libc::E2BIG) {
            // It may be a few bytes of ours that are too many.
            error = process::exec(&Command { env: self.env.to_c_strings(), ..self.command.clone() });
        }
        if error == Errno(libc::ENOEXEC) {
            error = process::exec(&through_shell(&self.command));
        }
        let (reason, status): (&[u8], _) = match error.0 {
            libc::ENOENT => (b"it or its interpreter is missing", 127),
            libc::E2BIG => (b"argument list too long", 126),
            libc::EACCES => (b"permission denied", 126),
            _ => (b"the system refuses to execute it", 126),
        };
        say(&[b"spec-cc: no compiler: ", self.command.path.to_bytes(), b": ", reason, b"\n"].concat());
        status
    }
}

/// Returns whether a command was killed by the kernel because somebody has killed its tracer. Its output would come twice if any
/// had come: then it stays killed. Had it been killed itself, the tracer would have left the witness.
fn has_lost_its_tracer(report: &Report, how: &Run) -> bool {
    let killed = libc::WIFSIGNALED(report.status) && libc::WTERMSIG(report.status) == libc::SIGKILL;
    killed && !report.stdout_seen && !how.witness.is_empty() && file::stat(&how.witness).is_err()
}

/// Returns whether standard output and standard error are known to go to different files.
fn are_apart() -> bool {
    let [output, error] = [file::stat(b"/proc/self/fd/1"), file::stat(b"/proc/self/fd/2")];
    matches!((output, error), (Ok(output), Ok(error)) if (output.dev, output.ino) != (error.dev, error.ino))
}

/// A script without `#!` goes to the shell, as `execvp(3)` and shells do it.
fn through_shell(command: &Command) -> Command {
    let mut argv = Vec::from([c"/bin/sh".to_owned(), command.path.clone()]);
    argv.extend(command.argv.iter().skip(1).cloned());
    Command { path: c"/bin/sh".to_owned(), argv, env: command.env.clone() }
}

/// Says that standard output was not all written, and returns the exit status that compilers end with then.
fn failed_output(error: Errno) -> i32 {
    let reason: &[u8] = match error.0 {
        libc::ENOSPC => b"no space left on device",
        libc::EDQUOT => b"disk quota exceeded",
        libc::EFBIG => b"file too large",
        _ => b"input/output error",
    };
    say(&[b"spec-cc: writing standard output: ", reason, b"\n"].concat());
    1
}

/// Returns the exit status of a wait status; ends this process by the same signal when it was one.
fn end_like(status: i32) -> i32 {
    if libc::WIFSIGNALED(status) {
        signal::die_by(libc::WTERMSIG(status));
        // What a shell makes of it, should we have survived.
        return 128 + libc::WTERMSIG(status);
    }
    libc::WEXITSTATUS(status)
}

fn say(message: &[u8]) {
    // Without a standard error there is nobody to tell.
    let _ = file::write_all(STDERR, message);
}
