//! Which names are input files of a compile, by their suffix.

/// What GCC takes by suffix (GCC manual, 3.2 "Options Controlling the Kind of Output"), clang's additions, and what
/// linkers read.
const INPUTS: [&[u8]; 64] = [
    b"c", b"i", b"ii", b"m", b"mi", b"mm", b"M", b"mii", b"h", b"cc", b"cp", b"cxx", b"cpp", b"CPP", b"c++",
    b"C", b"H", b"hh", b"hp", b"hxx", b"hpp", b"HPP", b"h++", b"tcc", b"ixx", b"cppm", b"f", b"for", b"ftn",
    b"F", b"FOR", b"fpp", b"FPP", b"FTN", b"f90", b"f95", b"f03", b"f08", b"F90", b"F95", b"F03", b"F08",
    b"go", b"d", b"di", b"dd", b"adb", b"ads", b"s", b"S", b"sx", b"asm", b"cu", b"cl", b"bc", b"ll", b"gch",
    b"pch", b"o", b"obj", b"lo", b"a", b"so", b"ld",
];

/// Returns whether the name is that of a source, an object, a library or a linker script.
pub(crate) fn is_input_name(name: &[u8]) -> bool {
    let base = name.rsplit(|&byte| byte == b'/').next().unwrap_or(name);
    let mut parts = base.rsplit(|&byte| byte == b'.');
    let suffix = parts.next().unwrap_or_default();
    // `.c` alone is a hidden file, not a source; `libx.so.1.2` is a library.
    suffix.len() + 1 < base.len() && INPUTS.contains(&suffix)
        || base.windows(4).any(|window| window == b".so.")
}

#[cfg(test)]
mod tests {
    use super::is_input_name;

    #[test]
    fn sources_are_told_from_compilers() {
        for input in ["x.c", "dir/x.C", "a b.cpp", "x.S", "libz.so", "libz.so.1.2.3", "x.o", "pre.ii"] {
            assert!(is_input_name(input.as_bytes()), "{input}");
        }
        for program in
            ["gcc", "gcc-4.8", "x86_64-linux-gnu-g++-12", "./c", "cc", "clang-14.0.6", "wrap.sh", ".c"]
        {
            assert!(!is_input_name(program.as_bytes()), "{program}");
        }
    }
}
