//! The language of a source, by suffix or `-x` (GCC manual, "Overall Options").

use super::Family;

/// What a source is compiled as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Language {
    /// C
    C,
    /// C++
    Cxx,
    /// Objective-C
    ObjC,
    /// Objective-C++
    ObjCxx,
    /// Assembler that is preprocessed (`.S`)
    AsmCpp,
    /// Assembler (`.s`)
    Asm,
    /// C that is preprocessed already (`.i`)
    CPreprocessed,
    /// C++ that is preprocessed already (`.ii`)
    CxxPreprocessed,
}

impl Language {
    /// Returns the language that `-x NAME` selects; `None` for headers, modules and languages not compiled here.
    pub(super) fn from_x(name: &str) -> Option<Self> {
        Some(match name {
            "c" => Self::C,
            "c++" => Self::Cxx,
            "objective-c" => Self::ObjC,
            "objective-c++" => Self::ObjCxx,
            "assembler-with-cpp" => Self::AsmCpp,
            "assembler" => Self::Asm,
            "cpp-output" => Self::CPreprocessed,
            "c++-cpp-output" => Self::CxxPreprocessed,
            _ => return None,
        })
    }

    /// Returns the language of `source` by its suffix; a C++ driver takes C as C++.
    pub(super) fn from_suffix(source: &str, family: Family, cplusplus: bool) -> Option<Self> {
        let name = source.rsplit('/').next()?;
        let (_, suffix) = name.rsplit_once('.')?;
        let clang = family == Family::Clang;
        let language = match suffix {
            "c" => Self::C,
            "i" => Self::CPreprocessed,
            "ii" => Self::CxxPreprocessed,
            "cc" | "cp" | "cxx" | "cpp" | "CPP" | "c++" | "C" => Self::Cxx,
            "CC" | "CXX" | "C++" if clang => Self::Cxx,
            "m" => Self::ObjC,
            "mm" | "M" => Self::ObjCxx,
            "s" => Self::Asm,
            "S" => Self::AsmCpp,
            "sx" if !clang => Self::AsmCpp,
            _ => return None,
        };
        Some(match language {
            Self::C if cplusplus => Self::Cxx,
            Self::CPreprocessed if cplusplus => Self::CxxPreprocessed,
            Self::ObjC if cplusplus && clang => Self::ObjCxx,
            other => other,
        })
    }

    /// Returns the name that `-x` knows it by.
    pub fn x_name(self) -> &'static str {
        match self {
            Self::C => "c",
            Self::Cxx => "c++",
            Self::ObjC => "objective-c",
            Self::ObjCxx => "objective-c++",
            Self::AsmCpp => "assembler-with-cpp",
            Self::Asm => "assembler",
            Self::CPreprocessed => "cpp-output",
            Self::CxxPreprocessed => "c++-cpp-output",
        }
    }

    /// Returns whether the preprocessor runs, so that `#include` and depfiles mean something.
    pub fn is_preprocessed_here(self) -> bool {
        !matches!(self, Self::Asm | Self::CPreprocessed | Self::CxxPreprocessed)
    }

    /// Returns whether the compiler proper runs, which writes `.su`, `.gcno` and `.ci` files.
    pub(super) fn is_compiled(self) -> bool {
        !matches!(self, Self::Asm | Self::AsmCpp)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn suffixes_follow_the_manual() {
        let gcc = |source| Language::from_suffix(source, Family::Gcc, false);
        let gxx = |source| Language::from_suffix(source, Family::Gcc, true);
        assert_eq!(gcc("a/b.c"), Some(Language::C));
        assert_eq!(gxx("a/b.c"), Some(Language::Cxx));
        assert_eq!(gxx("b.i"), Some(Language::CxxPreprocessed));
        assert_eq!(gxx("b.m"), Some(Language::ObjC));
        assert_eq!(gcc("b.C"), Some(Language::Cxx));
        assert_eq!(gcc("b.S"), Some(Language::AsmCpp));
        assert_eq!(gcc("b.s"), Some(Language::Asm));
        for source in ["b.h", "b.o", "b", "a.c/b", ".", "", "b.rs", "b.gch"] {
            assert_eq!(gcc(source), None, "{source}");
        }
    }
}
