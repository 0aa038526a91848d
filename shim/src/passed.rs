//! What the shims above this one have run: a wrapper that looks for a compiler may find spec-cc, whose next one is the wrapper.

use crate::compiler::basename;
use crate::environment::Environment;
use crate::sys::{c_string, file};
use crate::wire::Bytes;
use alloc::vec::Vec;

/// Tells the shims below which programs those above have run, each by its path, with `:` between them.
pub(crate) const VARIABLE: &str = "SPEC_CC_PASSED";

/// So many shims are below one another only where they call one another for ever.
const DEEPEST: usize = 16;

/// Caches of compiles that take the next compiler on `PATH`. One that finds spec-cc there takes its file for the compiler, and
/// would not notice that the compiler behind it has changed.
const CACHES: [&[u8]; 3] = [b"ccache", b"sccache", b"buildcache"];

/// Other wrappers that are called by compilers' names and take the next compiler on `PATH`.
const OTHERS: [&[u8]; 4] = [b"distcc", b"icecc", b"colorgcc", b"gomacc"];

/// The programs that shims above this one have run.
#[derive(Debug)]
pub(crate) struct Passed(Vec<Bytes>);

impl Passed {
    pub(crate) fn of(env: &Environment) -> Self {
        let all = env.get(VARIABLE).unwrap_or_default();
        Self(all.split(|&byte| byte == b':').filter(|path| !path.is_empty()).map(<[u8]>::to_vec).collect())
    }

    /// Returns whether there is no end to it.
    pub(crate) fn is_endless(&self) -> bool {
        self.0.len() >= DEEPEST
    }

    /// Returns whether the program is a wrapper under a compiler's name that has been run already. It wants a compiler now.
    pub(crate) fn has_wrapper(&self, program: &[u8]) -> bool {
        let same = |above: &Bytes| match (file::stat(above), file::stat(program)) {
            (Ok(above), Ok(program)) => (above.dev, above.ino) == (program.dev, program.ino),
            _ => false,
        };
        (is_cache(program) || is_link_to(program, &OTHERS)) && self.0.iter().any(same)
    }

    /// Returns the variable's entry for what `program` runs.
    pub(crate) fn entry_with(&self, program: &[u8]) -> Bytes {
        let mut entry = [VARIABLE.as_bytes(), b"="].concat();
        for path in &self.0 {
            entry.extend_from_slice(path);
            entry.push(b':');
        }
        entry.extend_from_slice(program);
        entry
    }
}

/// Returns whether the program is, under a compiler's name, a cache of compiles that takes the next compiler on `PATH`.
pub(crate) fn is_cache(program: &[u8]) -> bool {
    is_link_to(program, &CACHES)
}

/// Wrappers get compilers' names by symbolic links. Who calls one by its own name means it.
fn is_link_to(program: &[u8], names: &[&[u8]]) -> bool {
    let to = c_string(program).and_then(|path| file::read_link(&path)).unwrap_or_default();
    names.contains(&basename(&to)) && !names.contains(&basename(program))
}
