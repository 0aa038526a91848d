//! Objects that quote the command line they were made by.

use super::{Compile, Family, table};

/// GCC writes the driver's options, those for the assembler among them, beside the code for the linker's plugin
/// (`.gnu.lto_.opts`; `gcc/lto-opts.cc`).
const GCC: &[&str] = &["-flto"];

/// Clang quotes all of the driver's arguments (`RenderDebugOptions` and `ConstructJob` in `Clang.cpp`) or of the
/// frontend's (`.llvmcmd`). GCC's options of these names leave out what does not change the code.
const CLANG: &[&str] = &[
    "-frecord-command-line",
    "-frecord-gcc-switches",
    "-grecord-command-line",
    "-grecord-gcc-switches",
    "-fembed-bitcode",
];

/// Returns whether an argument more would show in the object, so that none may be added.
pub fn quotes_arguments(compile: &Compile) -> bool {
    let quoting = match compile.family {
        Family::Gcc => GCC,
        Family::Clang => CLANG,
    };
    let tokens = table::tokens(&compile.args, compile.family);
    tokens.iter().any(|token| quoting.iter().any(|option| token.option().starts_with(option)))
}
