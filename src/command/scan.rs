//! The arguments of a run that only lists what a compile reads.

use super::passthrough::{self, Preprocessor};
use super::table::{self, Token};
use super::{Compile, Family};
use crate::command::table::row::{Effect, Mode};

/// Returns the arguments for a dependency run of `compile`: the caller appends `-M -MF FILE`.
///
/// Nothing in them names an output or a depfile, so the user's files and stdout are left alone; `-w` is added. For
/// languages that are not preprocessed ([`super::Language::is_preprocessed_here`]) there is nothing to scan.
pub fn scan_args(compile: &Compile) -> Vec<String> {
    let tokens = table::tokens(&compile.args, compile.family);
    let kept = tokens.iter().filter(|token| is_kept(token)).flat_map(|token| token.words);
    kept.cloned().chain(["-w".to_owned()]).collect()
}

/// Returns the arguments of a run that writes nothing but the depfile that `compile` asks for, to `path`; `None` when it asks
/// Clang for it by `-Wp,`, which takes the target from the output then.
///
/// The target is named as the compile would name it, since this run has another output.
pub fn depfile_args(compile: &Compile, path: &str) -> Option<Vec<String>> {
    let request = compile.depfile.as_ref()?;
    let tokens = table::tokens(&compile.args, compile.family);
    let wanted = |token: &&Token<'_>| is_kept(token) || token.effect == Effect::Dep(table::Dep::Content);
    let mut args: Vec<String> = tokens.iter().filter(wanted).flat_map(|token| token.words).cloned().collect();
    let flag = if request.system_headers { "-MD" } else { "-MMD" };
    let handed_on =
        |token: &Token<'_>| matches!(passthrough::preprocessor(token.value), Preprocessor::Depfile { .. });
    if tokens.iter().any(|token| token.effect == Effect::Preprocessor && handed_on(token)) {
        // GCC's preprocessor names the target after the source, whatever the output.
        let known = compile.family == Family::Gcc && !path.contains(',');
        args.push(known.then(|| format!("-Wp,{flag},{path}"))?);
        args.extend(["-E", "-o", "/dev/null", "-w"].map(str::to_owned));
        return Some(args);
    }
    if !args.iter().any(|arg| arg.starts_with("-MT") || arg.starts_with("-MQ")) {
        args.extend(["-MQ".to_owned(), compile.object().to_owned()]);
    }
    args.push(flag.to_owned());
    args.extend(["-MF", path, "-E", "-o", "/dev/null", "-w"].map(str::to_owned));
    Some(args)
}

fn is_kept(token: &Token<'_>) -> bool {
    match token.effect {
        Effect::Object
        | Effect::Dep(_)
        | Effect::Adds(_)
        | Effect::Mode(Mode::Compile)
        | Effect::Assembler
        | Effect::AssemblerWord => false,
        Effect::Preprocessor => passthrough::preprocessor(token.value) == Preprocessor::Macros,
        _ => true,
    }
}
