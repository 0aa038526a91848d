//! Compiler drivers by the name they are called with.

use super::Kind;
use crate::command::family::Family;

/// What a program's name says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Driver {
    /// `None` for names that either family goes by (`cc`, `c++`, `c89`, `c99`): ask the program itself.
    pub family_hint: Option<Family>,
    /// A C++ driver, which compiles `.c` as C++.
    pub cplusplus: bool,
}

/// Returns what kind of driver `basename` is: `gcc`, `x86_64-linux-gnu-g++-12`, `clang-14.0`; `None` for anything else.
pub fn driver(basename: &str) -> Option<Driver> {
    let (family_hint, cplusplus) = match plain_name(basename) {
        "gcc" => (Some(Family::Gcc), false),
        "g++" => (Some(Family::Gcc), true),
        "clang" => (Some(Family::Clang), false),
        "clang++" => (Some(Family::Clang), true),
        "cc" | "c89" | "c99" => (None, false),
        "c++" => (None, true),
        _ => return None,
    };
    Some(Driver { family_hint, cplusplus })
}

/// Returns what running `basename` would be counted as, for programs that are no compiler drivers.
pub fn kind_of_program(basename: &str) -> Kind {
    match plain_name(basename) {
        "ar" | "ranlib" => Kind::Archive,
        "ld" | "ld.bfd" | "ld.gold" | "ld.lld" | "ld.mold" | "lld" | "mold" | "collect2" => Kind::Link,
        "cpp" => Kind::Preprocess,
        _ => Kind::Other,
    }
}

/// `basename` less its version suffix (`-12`, `-12.2`) and target or vendor prefix (`x86_64-linux-gnu-`, `llvm-`).
fn plain_name(basename: &str) -> &str {
    let name = match basename.rsplit_once('-') {
        Some((name, version)) if is_version(version) => name,
        _ => basename,
    };
    match name.rsplit_once('-') {
        Some((prefix, program)) if !prefix.is_empty() => program,
        _ => name,
    }
}

fn is_version(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_digit()) && text.chars().all(|c| c.is_ascii_digit() || c == '.')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn drivers_are_known_with_prefix_and_version() {
        let gcc = Some(Driver { family_hint: Some(Family::Gcc), cplusplus: false });
        let clangxx = Some(Driver { family_hint: Some(Family::Clang), cplusplus: true });
        let cc = Some(Driver { family_hint: None, cplusplus: false });
        for name in ["gcc", "gcc-12", "gcc-12.2", "x86_64-linux-gnu-gcc", "arm-none-eabi-gcc-12"] {
            assert_eq!(driver(name), gcc, "{name}");
        }
        for name in ["clang++", "clang++-14", "aarch64-linux-android21-clang++"] {
            assert_eq!(driver(name), clangxx, "{name}");
        }
        for name in ["cc", "c89", "c99", "x86_64-linux-gnu-cc"] {
            assert_eq!(driver(name), cc, "{name}");
        }
    }

    #[test]
    fn other_programs_are_no_drivers() {
        for name in [
            "ar",
            "ld",
            "gcc-ar",
            "gcc-ar-12",
            "clang-cl",
            "clang-format-14",
            "clang-cpp",
            "rustc",
            "",
            "-12",
        ] {
            assert_eq!(driver(name), None, "{name}");
        }
        for name in ["ar", "llvm-ar-14", "gcc-ar-12", "x86_64-linux-gnu-ranlib"] {
            assert_eq!(kind_of_program(name), Kind::Archive, "{name}");
        }
        assert_eq!(kind_of_program("ld.gold"), Kind::Link);
        assert_eq!(kind_of_program("make"), Kind::Other);
    }
}
