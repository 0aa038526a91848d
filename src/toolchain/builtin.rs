//! Builtin: the header directories a compiler has of its own.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::ask::Surroundings;
use super::clang::crtbegin;
use super::watch::Watch;
use crate::inputs::snapshot::Snapshot;
use crate::toolchain::error::ToolchainError;

/// A question for a compiler's directories.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(super) struct Key {
    compiler: PathBuf,
    args: Vec<String>,
    /// Where it is asked, if that can matter.
    cwd: Option<PathBuf>,
    around: Surroundings,
}

/// The answer, and on what it rests.
#[derive(Debug)]
pub struct Builtin {
    /// The folders that are searched for headers, in their order.
    pub dirs: Arc<[String]>,
    /// `crtbegin.o` of the GCC that Clang goes by; `None` for GCC, and where it is not known.
    pub crtbegin: Option<String>,
    pub(super) watch: Watch,
}

/// Arguments with these beginnings name no file.
const PLACELESS: [&str; 6] = ["-m", "-std=", "-nostd", "-stdlib=", "-pthread", "-f"];

impl Key {
    pub(super) fn new(compiler: &Path, args: &[String], cwd: &Path, around: Surroundings) -> Self {
        let mut args = args.to_vec();
        if !args.iter().any(|arg| arg.starts_with("-x")) {
            let name = compiler.file_name().unwrap_or_default().to_string_lossy();
            let language = if name.contains("++") { "c++" } else { "c" };
            args.extend(["-x".to_owned(), language.to_owned()]);
        }
        let cwd = (!is_placeless(&args)).then(|| cwd.to_owned());
        Self { compiler: compiler.to_owned(), args, cwd, around }
    }
}

fn is_placeless(args: &[String]) -> bool {
    let mut language = false;
    args.iter().all(|arg| {
        let is_name = std::mem::replace(&mut language, arg == "-x");
        is_name || arg.starts_with("-x") || PLACELESS.iter().any(|start| arg.starts_with(start))
    })
}

impl Builtin {
    /// Has the compiler preprocess nothing and reads which directories it would have looked in.
    pub(super) fn ask(key: &Key, cwd: &Path, snapshot: &mut Snapshot<'_>) -> Result<Self, ToolchainError> {
        let args = key.args.iter().map(String::as_str).chain(["-E", "-v", "-o", "/dev/null", "/dev/null"]);
        // Where the place does not matter, it need not be there either.
        let place = key.cwd.as_deref().map_or(Path::new("/"), |_| cwd);
        let mut answer = key.around.run(&key.compiler, args.clone(), place)?;
        if !answer.success {
            // The kernel's code model needs what the command had elsewhere, and where headers are does not.
            answer = key.around.run(&key.compiler, args.chain(["-fno-pie"]), place)?;
        }
        let dirs = directories(&answer.stderr).filter(|_| answer.success).ok_or_else(|| {
            ToolchainError::unknown(&key.compiler, "it does not say where it looks for headers")
        })?;
        let mut watch = watch(key, &answer.stderr, snapshot);
        if answer.stderr.contains("clang version ") {
            watch_silent(key, &answer.stderr, &dirs, &mut watch, snapshot);
        }
        Ok(Self { dirs: dirs.into(), crtbegin: crtbegin(&answer.stderr), watch })
    }
}

/// The list that `-v` prints (GCC manual, "Overall Options"; Clang prints the same, but no heading without a directory).
fn directories(text: &str) -> Option<Vec<String>> {
    let (_, lists) = text.split_once("#include \"...\" search starts here:\n")?;
    let (lists, _) = lists.split_once("End of search list.")?;
    let (_, list) = lists.split_once("#include <...> search starts here:\n").unwrap_or_default();
    Some(list.lines().map(|line| line.strip_prefix(' ').unwrap_or(line).to_owned()).collect())
}

/// The compiler, the directories it dropped since they do not exist, and the folders among which Clang chose a GCC.
fn watch(key: &Key, text: &str, snapshot: &mut Snapshot<'_>) -> Watch {
    let mut watch = Watch::default();
    // If it cannot be read the answer is not kept long: its digest is asked for with each compile.
    let _ = watch.file(&key.compiler, snapshot);
    let _ = watch.resolved(&key.compiler);
    let cwd = key.cwd.as_deref().unwrap_or(Path::new("/"));
    for line in text.lines() {
        if let Some(dir) = line.strip_prefix("ignoring nonexistent directory \"") {
            watch.absent(&cwd.join(dir.trim_end_matches('"')), snapshot);
        } else if let Some(found) = line.strip_prefix("Found candidate GCC installation: ")
            && let Some(folder) = Path::new(found).parent()
        {
            watch.folder(&cwd.join(folder), snapshot);
        }
    }
    watch
}

/// Clang's driver does not mention all that it would take if it existed (`addIfExists` in `ToolChains/Linux.cpp` and
/// `Gnu.cpp`): a folder named for the target, and those of C++ libraries, all below folders that it does take.
fn watch_silent(key: &Key, text: &str, dirs: &[String], watch: &mut Watch, snapshot: &mut Snapshot<'_>) {
    let cwd = key.cwd.as_deref().unwrap_or(Path::new("/"));
    let target = text.lines().find_map(|line| line.strip_prefix("Target: ")).unwrap_or_default();
    let processor = target.split('-').next().unwrap_or_default();
    for dir in dirs.iter().map(|dir| cwd.join(dir)) {
        watch.absent(&dir.join(format!("{processor}-linux-gnu")), snapshot);
        let library = dir.parent().filter(|above| above.ends_with("c++")).map(Path::to_owned);
        for folder in [Some(dir), library].into_iter().flatten() {
            watch.folder(&folder, snapshot);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_the_list_with_its_blanks() {
        let text = "x\n#include \"...\" search starts here:\n#include <...> search starts here:\n /a b\n rel/../c\nEnd of search list.\n";
        assert_eq!(directories(text), Some(vec!["/a b".to_owned(), "rel/../c".to_owned()]));
        let none = "#include \"...\" search starts here:\nEnd of search list.\n";
        assert_eq!(directories(none), Some(vec![]), "as Clang says it with -nostdinc");
        assert_eq!(directories("nothing"), None);
    }

    #[test]
    fn only_arguments_that_may_name_files_tie_the_answer_to_a_folder() {
        let args = |list: &[&str]| list.iter().map(|&arg| arg.to_owned()).collect::<Vec<_>>();
        assert!(is_placeless(&args(&["-m32", "-x", "c++", "-nostdinc++"])));
        assert!(!is_placeless(&args(&["--sysroot=root"])));
        assert!(!is_placeless(&args(&["-isysroot", "root"])));
    }
}
