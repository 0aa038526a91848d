//! What happens to a tree, a command or its environment between two runs.
use super::case::Change;
use proptest::prelude::*;
use proptest::sample::select;

/// Changes to the tree of `yard.rs`.
const TREE: &[&str] = &[
    // Sources
    "for f in *.c lib/*.c *.cc *.S; do echo 'int added;' >>\"$f\"; done",
    "for f in *.c lib/*.c *.cc; do echo '/* no more than a comment */' >>\"$f\"; done",
    "for f in *.c *.cc; do sed -i '1i #include \"k.h\"' \"$f\"; done",
    "sed -i '/sys.h/d; s/SYS/0/' a.c p.cc",
    "touch *.c *.h; touch -d '2001-01-01' a.c",
    "for f in *.c; do cp \"$f\" x && mv x \"$f\"; done",
    "cp a.c x; sed -i 's/n \\* H/n + H/' x; touch -r a.c x; mv x a.c",
    "echo 'int broken(' >>a.c",
    "rm a.c; echo 'int other;' >a.c",
    "rm -f a.c lib/b.c p.cc",
    "mv a.c elsewhere.c; ln -s elsewhere.c a.c; sed -i 's/int a/int b/' elsewhere.c",
    // Headers
    "sed -i 's/K 5/K 6/' k.h",
    "sed -i '1i // no more than a comment' h.h k.h",
    "echo '#define K 7' >x; touch -r k.h x; mv x k.h",
    "sed -i 's/#include \"k.h\"/#define K 8/' h.h",
    "echo '#include \"inc1/other.h\"' >>h.h",
    "sed -i 's/SYS 2/SYS 20/' inc2/sys.h; sed -i 's/SYS 3/SYS 30/' sys/sys.h",
    "rm k.h",
    "rm k.h; mkdir k.h",
    "mv k.h real.h; ln -s real.h k.h; echo '#define K 9' >real.h",
    "rm inc2/sys.h",
    "sed -i 's/NEAR 4/NEAR 40/' lib/near.h",
    "echo '#error no' >>k.h",
    "echo '#warning new' >>k.h",
    // New files and folders, found first
    "echo '#define SYS 100' >inc1/sys.h",
    "mkdir -p nowhere; echo '#define SYS 101' >nowhere/sys.h; echo '#define K 102' >nowhere/k.h",
    "mkdir -p nowhere",
    "touch nowhere",
    "echo '#define K 103' >lib/k.h; echo '#define H 104' >lib/h.h",
    "echo '#define X 105' >opt.h",
    "echo '#define H 106' >nowhere.h",
    "rm -rf inc2; ln -s sys inc2",
    "mv inc1 x; mv inc2 inc1; mv x inc2",
    "rm -rf inc1",
    "gcc -c -x c-header k.h -o k.h.gch; gcc -c -x c-header pre.h -o pre.h.gch",
    "clang -x c-header forced.h -o forced.h.pch",
    "mkdir -p nodir",
    // Other inputs
    "echo two >data.bin; echo 'part: .long 2' >part.inc",
    "echo '-DX=8' >flags.rsp; echo '-DMORE=2' >more.rsp",
    "echo 'fun:b' >ignore.txt",
    "printf 'other first\\nother second, longer\\n' >gram.y; printf 'int idle;\\n' >done.c",
    "touch -d '2041-01-01' gram.y",
    "printf '*cpp:\\n-DSPECS=2\\n' >odd.specs",
    "sed -i 's/FORCED 1/FORCED 2/' forced.h",
    // Where outputs go
    "rm -rf out",
    "touch out/a.o; chmod 444 out/a.o; echo old >a.o; chmod 400 a.o",
    "echo old >target; ln -sf target a.o; ln -sf ../target out/a.o",
    "mkdir a.o out/a.o",
    "mkfifo fifo; chmod 700 out",
];

const ARGUMENTS: &[&str] = &[
    "-DX=11",
    "-UX",
    "-O1",
    "-g",
    "-Wall",
    "-Inowhere",
    "-Iinc1",
    "-isystemsys",
    "-fPIC",
    "-MD",
    "-DK",
    "-H",
    "-include",
    "-march=native",
];

const VARIABLES: &[(&str, &str)] = &[
    ("CPATH", "inc1"),
    ("CPATH", "nowhere:"),
    ("C_INCLUDE_PATH", "sys"),
    ("CPLUS_INCLUDE_PATH", "sys"),
    ("LC_ALL", "C"),
    ("SOURCE_DATE_EPOCH", "2000000"),
    ("DEPENDENCIES_OUTPUT", "deps.out"),
    ("SUNPRO_DEPENDENCIES", "sun.out"),
    ("COLUMNS", "30"),
    ("CCC_OVERRIDE_OPTIONS", "# +-DX=9"),
    ("GCC_COMPARE_DEBUG", "1"),
    ("TMPDIR", "/var/tmp"),
    ("UNRELATED", "y"),
];

/// Any of them.
pub(crate) fn change() -> impl Strategy<Value = Change> {
    let own = str::to_owned;
    prop_oneof![
        8 => select(TREE).prop_map(move |script| Change::Tree(own(script))),
        2 => select(ARGUMENTS).prop_map(move |word| Change::Argument(own(word))),
        1 => select(VARIABLES).prop_map(move |(name, value)| Change::Variable(own(name), own(value))),
    ]
}
