//! The arguments of a run that only lists what a compile reads.

use super::Compile;
use super::table::{self, Effect, Mode, Token};
use super::through::{self, Preprocessor};

/// Returns the arguments for a dependency run of `compile`: the caller appends `-M -MF FILE`.
///
/// Nothing in them names an output or a depfile, so the user's files and stdout are left alone; `-w` is added. For
/// languages that are not preprocessed ([`super::Language::is_preprocessed_here`]) there is nothing to scan.
pub fn scan_args(compile: &Compile) -> Vec<String> {
    let tokens = table::tokens(&compile.args, compile.family);
    let kept = tokens.iter().filter(|token| is_kept(token)).flat_map(|token| token.words);
    kept.cloned().chain(["-w".to_owned()]).collect()
}

fn is_kept(token: &Token<'_>) -> bool {
    match token.effect {
        Effect::Object
        | Effect::Dep(_)
        | Effect::Adds(_)
        | Effect::Mode(Mode::Compile)
        | Effect::Assembler
        | Effect::AssemblerWord => false,
        Effect::Preprocessor => through::preprocessor(token.value) == Preprocessor::Macros,
        _ => true,
    }
}
