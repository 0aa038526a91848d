//! The recc backend: commands are handed to an installed recc.

pub mod log;
mod said;
pub mod wrapper;

use std::ffi::OsStr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use crate::base::variable::Variable;
pub use said::{Fate, fate};

/// An installed recc.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recc {
    program: PathBuf,
}

/// A command to run instead of the compiler, in the compiler's directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Handed {
    /// recc.
    pub program: PathBuf,
    /// The compiler's path, then its arguments.
    pub args: Vec<String>,
    /// The whole environment, as `name`, `value`.
    pub environment: Vec<Variable>,
}

/// What makes recc run a command on this machine, or touch what is the build's: a launch has none of it. Set to nothing
/// rather than left out, for recc's files may set them, too.
const NOT_IN_LAUNCHES: &[&str] = &[
    "RECC_CACHE_ONLY",
    "RECC_COMPILE_CACHE_ONLY",
    "RECC_LINK_CACHE_ONLY",
    "RECC_LINK_METRICS_ONLY",
    "RECC_FALLBACK_TO_LOCAL",
    "RECC_PASSTHROUGH",
    "RECC_VERIFY",
    "RECC_NO_EXECUTE",
    "RECC_RUNNER_COMMAND",
    // It would hand back a job slot of make's that a launch never had.
    "RECC_USE_JOBSERVER",
    // Its log and its metrics tell of what the build asked for. Without a folder it logs to standard error.
    "RECC_LOG_DIRECTORY",
    "RECC_ENABLE_METRICS",
    "RECC_COMPILATION_METADATA_UDP_PORT",
];

/// What switches something on in recc even when it is empty.
const GONE_IN_LAUNCHES: &[&str] = &["RECC_VERBOSE", "RECC_LOG_STDERR_DIRECTORY"];

/// How recc is told to have the server execute a command and to leave the outputs there.
const LAUNCH: (&str, &str) = ("RECC_DONT_SAVE_OUTPUT", "1");
/// The level that tells what became of a command.
const TELL: (&str, &str) = ("RECC_LOG_LEVEL", "info");
/// How recc is told to run the compiler when the server fails it.
const FALL_BACK: (&str, &str) = ("RECC_FALLBACK_TO_LOCAL", "1");

impl Recc {
    /// The recc a setting names, else the first on a `PATH`; `None` when that is no program.
    pub fn find(configured: Option<&Path>, path: Option<&OsStr>) -> Option<Self> {
        let program = match configured {
            Some(program) => Some(program.to_owned()).filter(|program| is_program(program)),
            None => std::env::split_paths(path?)
                .map(|folder| folder.join("recc"))
                .find(|program| is_program(program)),
        };
        program.map(|program| Self { program })
    }

    /// A compile of the build's own: the user's command and environment as they are, and `settings` of ours in recc's
    /// names (`Settings::for_recc`). When the server fails it, recc runs the compiler.
    pub fn compile(
        &self,
        compiler: &str,
        args: &[String],
        environment: &[Variable],
        settings: &[Variable],
    ) -> Handed {
        let environment = overlay(overlay(environment, pairs(settings)), [FALL_BACK]);
        self.hand(compiler, args, environment)
    }

    /// A launch: the same action as [`compile`](Self::compile) makes, executed by the server, its outputs left there.
    ///
    /// recc 1.4.30 still runs the compiler here, outputs and all, when it takes the command for no compile or cannot find
    /// the dependencies (say, of a header that has just gone). So a launch must run in a private view of the tree, or
    /// not at all, and not under a policy of `cache-only`, which is set aside here. What became of it [`fate`] reads off
    /// its standard error. To be ended with `SIGTERM`: then recc cancels what the server runs (it takes up to 2 s and
    /// exits with 130); after `SIGKILL` the server goes on.
    pub fn launch(
        &self,
        compiler: &str,
        args: &[String],
        environment: &[Variable],
        settings: &[Variable],
    ) -> Handed {
        self.hand(compiler, args, overlay(bounded(environment, settings), [LAUNCH, TELL]))
    }

    fn hand(&self, compiler: &str, args: &[String], environment: Vec<Variable>) -> Handed {
        let args = std::iter::once(compiler).chain(args.iter().map(String::as_str));
        Handed { program: self.program.clone(), args: args.map(str::to_owned).collect(), environment }
    }
}

fn bounded(environment: &[Variable], settings: &[Variable]) -> Vec<Variable> {
    let mut environment = overlay(environment, pairs(settings));
    environment.retain(|(name, _)| !GONE_IN_LAUNCHES.contains(&name.as_str()));
    overlay(&environment, NOT_IN_LAUNCHES.iter().map(|name| (*name, "")))
}

fn pairs(settings: &[Variable]) -> impl Iterator<Item = (&str, &str)> {
    settings.iter().map(|(name, value)| (name.as_str(), value.as_str()))
}

/// An environment with these variables in place of those of the same name.
fn overlay<'a>(
    environment: impl AsRef<[Variable]>,
    added: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> Vec<Variable> {
    let added: Vec<_> = added.into_iter().collect();
    let kept = environment
        .as_ref()
        .iter()
        .filter(|(name, _)| !added.iter().any(|(other, _)| other == name))
        .cloned();
    let added = added.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    kept.chain(added).collect()
}

fn is_program(path: &Path) -> bool {
    path.metadata().is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn owned(pairs: &[(&str, &str)]) -> Vec<Variable> {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    fn value<'a>(handed: &'a Handed, name: &str) -> Option<&'a str> {
        let mut found = handed.environment.iter().filter(|(other, _)| other == name);
        let (value, again) = (found.next().map(|(_, value)| value.as_str()), found.next());
        assert!(again.is_none(), "{name} is there twice");
        value
    }

    fn recc() -> Recc {
        Recc { program: "/usr/bin/recc".into() }
    }

    #[test]
    fn the_one_named_is_taken_else_the_first_on_the_path() {
        let room = tempfile::tempdir().unwrap();
        let (one, two) = (room.path().join("one"), room.path().join("two"));
        for (folder, mode) in [(&one, 0o644), (&two, 0o755)] {
            std::fs::create_dir(folder).unwrap();
            std::fs::write(folder.join("recc"), "").unwrap();
            std::fs::set_permissions(folder.join("recc"), std::fs::Permissions::from_mode(mode)).unwrap();
        }
        let path = std::env::join_paths([&one, &two]).unwrap();
        assert_eq!(Recc::find(None, Some(&path)), Some(Recc { program: two.join("recc") }));
        assert_eq!(Recc::find(Some(&one.join("recc")), Some(&path)), None, "what is named is no program");
        assert_eq!(Recc::find(None, None), None);
    }

    #[test]
    fn a_compile_is_the_users_own() {
        let environment = owned(&[("PATH", "/bin"), ("RECC_SERVER", "old"), ("RECC_CACHE_ONLY", "1")]);
        let settings = owned(&[("RECC_SERVER", "new")]);
        let handed = recc().compile("/usr/bin/gcc", &["-c".into(), "a.c".into()], &environment, &settings);
        assert_eq!(handed.program, Path::new("/usr/bin/recc"));
        assert_eq!(handed.args, ["/usr/bin/gcc", "-c", "a.c"]);
        let expected = [
            ("PATH", "/bin"),
            ("RECC_CACHE_ONLY", "1"),
            ("RECC_SERVER", "new"),
            ("RECC_FALLBACK_TO_LOCAL", "1"),
        ];
        assert_eq!(handed.environment, owned(&expected));
    }

    #[test]
    fn a_launch_has_nothing_that_would_run_it_here() {
        let environment = owned(&[
            ("RECC_CACHE_ONLY", "1"),
            ("RECC_LOG_DIRECTORY", "log"),
            ("RECC_VERBOSE", ""),
            ("RECC_REMOTE_PLATFORM_OSFamily", "Linux"),
        ]);
        let launch = recc().launch("/usr/bin/gcc", &[], &environment, &owned(&[("RECC_PASSTHROUGH", "1")]));
        for name in NOT_IN_LAUNCHES {
            assert_eq!(value(&launch, name), Some(""), "{name}");
        }
        assert_eq!(value(&launch, "RECC_VERBOSE"), None);
        assert_eq!(value(&launch, "RECC_DONT_SAVE_OUTPUT"), Some("1"));
        assert_eq!(value(&launch, "RECC_REMOTE_PLATFORM_OSFamily"), Some("Linux"));
    }
}
