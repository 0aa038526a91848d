//! Tool: whether a program is one of the toolchain's own, by what is in its file.
//!
//! What such a program can observe is known (`docs/exactness.md`). Any other, a wrapper by the name of a compiler above all, may
//! read variables, clocks or files that nobody accounts for, and may write wherever it likes.

use std::collections::HashMap;
use std::path::Path;
use std::{fs, io};

use memchr::memmem;
use parking_lot::Mutex;

use crate::base::digest::Digest;

/// A kind of program: the names it goes by, and texts that are in every release of it and in no wrapper.
struct Tool {
    /// One of these is a part of its name, between dashes: `x86_64-linux-gnu-gcc-12`.
    names: &'static [&'static str],
    texts: &'static [&'static str],
}

const TOOLS: &[Tool] = &[
    Tool {
        names: &["gcc", "g++", "cc", "c++", "cpp"],
        texts: &["Using built-in specs.", "COLLECT_GCC_OPTIONS", "GCC_EXEC_PREFIX"],
    },
    Tool {
        names: &["cc1", "cc1plus", "cc1obj", "cc1objplus", "lto1", "f951"],
        texts: &["GGC heuristics: --param", "ggc-min-expand", "-quiet"],
    },
    Tool { names: &["collect2"], texts: &["collect2 version %s", "COLLECT_GCC_OPTIONS"] },
    Tool { names: &["lto-wrapper"], texts: &["COLLECT_GCC_OPTIONS", "-fresolution=", ".ltrans"] },
    Tool { names: &["ar", "ranlib", "nm"], texts: &["Cannot find plugin '%s'", "GCC_EXEC_PREFIX"] },
    Tool { names: &["as"], texts: &["GNU assembler version %s", "Assembler messages:"] },
    Tool { names: &["ld", "ld.bfd"], texts: &["GNU ld %s", "Supported emulations: "] },
    Tool { names: &["ld", "ld.gold", "gold"], texts: &["N4gold15General_options"] },
    Tool { names: &["ar", "ranlib"], texts: &["[emulation options]", "Generate an index to speed access"] },
    Tool { names: &["objcopy"], texts: &["extract-dwo", "Copies a binary file, possibly transforming it"] },
    Tool { names: &["clang", "clang++"], texts: &["clang LLVM compiler", "unknown integrated tool '"] },
    Tool { names: &["lld", "ld.lld"], texts: &["lld is a generic driver.", "Invoke ld.lld"] },
    Tool { names: &["ar", "ranlib"], texts: &["LLVM Archiver", "LLVM Ranlib"] },
    Tool { names: &["mold", "ld.mold"], texts: &["mold: ", "MOLD_DEBUG", "Supported emulations"] },
];

/// The programs that were looked into, by their contents; shared between threads.
#[derive(Debug, Default)]
pub struct Tools(Mutex<HashMap<Digest, bool>>);

impl Tools {
    /// Whether the file at `path`, links followed, is a program of a toolchain; `content` is what is in it. Fails as
    /// `realpath(3)` and `open(2)` do.
    pub fn has(&self, path: &Path, content: &Digest) -> io::Result<bool> {
        // One at a time: hundreds of shims that are the first to ask would each have a compiler of 30 MB in memory.
        let mut known = self.0.lock();
        if let Some(known) = known.get(content) {
            return Ok(*known);
        }
        let real = fs::canonicalize(path)?;
        let name = real.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let bytes = fs::read(&real)?;
        let is = is_tool(&name, &bytes);
        // A name is no part of the content: one under which it is not known says nothing of the others.
        if is && Digest::of(&bytes) == *content {
            known.insert(*content, is);
        }
        Ok(is)
    }
}

/// Whether a file of this name is a program of a toolchain.
fn is_tool(name: &str, bytes: &[u8]) -> bool {
    let named = |tool: &&Tool| {
        let is_part = |known: &&str| name == *known || name.split('-').any(|part| part == *known);
        tool.names.iter().any(is_part)
    };
    let has = |text: &&str| memmem::find(bytes, text.as_bytes()).is_some();
    bytes.starts_with(b"\x7fELF") && TOOLS.iter().filter(named).any(|tool| tool.texts.iter().all(&has))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_known(path: &str) -> bool {
        let bytes = fs::read(path).expect("a program");
        Tools::default().has(Path::new(path), &Digest::of(&bytes)).expect("readable")
    }

    #[test]
    fn the_toolchains_programs_are_known() {
        let mut programs: Vec<String> = [
            "gcc", "g++", "clang", "clang++", "as", "ld", "ld.bfd", "ld.gold", "ar", "ranlib", "gcc-ar",
            "cpp", "objcopy",
        ]
        .map(|name| format!("/usr/bin/{name}"))
        .to_vec();
        for name in ["cc1", "cc1plus", "collect2", "lto1", "lto-wrapper"] {
            let said = std::process::Command::new("gcc").arg(format!("-print-prog-name={name}")).output();
            programs.push(String::from_utf8(said.expect("gcc").stdout).expect("UTF-8").trim().to_owned());
        }
        for program in programs {
            assert!(is_known(&program), "{program}");
        }
    }

    #[test]
    fn others_are_not_whatever_their_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let wrapper = folder.path().join("gcc");
        for program in ["/bin/sh", "/usr/bin/make", "/usr/bin/strace", "/usr/bin/env"] {
            assert!(!is_known(program), "{program}");
            fs::copy(program, &wrapper).expect("copied");
            assert!(!is_known(wrapper.to_str().expect("UTF-8")), "{program} as gcc");
        }
        fs::write(&wrapper, "#!/bin/sh\n# Using built-in specs. COLLECT_GCC_OPTIONS GCC_EXEC_PREFIX\n")
            .expect("written");
        assert!(!is_known(wrapper.to_str().expect("UTF-8")));
    }
}
