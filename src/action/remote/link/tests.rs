//! Links as compilers describe them.

use super::*;

const SAID: &str = "Using built-in specs.\nCOLLECT_GCC=gcc\n /usr/lib/gcc/collect2 -plugin /usr/lib/gcc/plugin.so \
    \"-plugin-opt=-pass-through=-lgcc\" -dynamic-linker /lib64/ld.so.2 -o prog /usr/lib/crt1.o -Llib -L/usr/lib \
    a.o -ls -ld --push-state -Bstatic -ld --pop-state -rpath lib -rpath-link up -lc\nCOLLECT_GCC_OPTIONS='-o'\n";

const FILES: &[&str] =
    &["lib/libd.so", "lib/libd.a", "/usr/lib/libs.a", "/usr/lib/libc.so", "/local/libm.so.6", "up/libx.so.1"];

fn libraries() -> Libraries<'static> {
    Libraries {
        has: &|path| FILES.contains(&path),
        needed: &|path| match path {
            "/usr/lib/libc.so" => None,
            "lib/libd.so" => Some(vec!["libx.so.1".to_owned()]),
            "up/libx.so.1" => Some(vec!["libm.so.6".to_owned(), "libx.so.1".to_owned()]),
            _ => Some(Vec::new()),
        },
        is_archive: &|_| true,
        linker_folders: &[],
        loader_folders: LOADER.get_or_init(|| vec!["/local".to_owned()]),
    }
}

static LOADER: std::sync::OnceLock<Vec<String>> = std::sync::OnceLock::new();

fn inputs(said: &str, libraries: &Libraries<'_>) -> Result<Vec<String>, NotRemote> {
    link_inputs(&linker_command(said).expect("a command"), libraries)
}

#[test]
fn a_link_reads_files_libraries_and_what_these_need() {
    let files = inputs(SAID, &libraries()).expect("inputs");
    let expected = "/usr/lib/gcc/plugin.so /lib64/ld.so.2 /usr/lib/crt1.o a.o /usr/lib/libs.a lib/libd.so lib/libd.a \
                    /usr/lib/libc.so up/libx.so.1 /local/libm.so.6";
    assert_eq!(files.join(" "), expected);
}

#[test]
fn what_recc_cannot_follow_is_an_error() {
    let fails = |said: &str| inputs(said, &libraries()).expect_err("no inputs");
    assert_eq!(fails(" /ld a.o -lnone"), NotRemote::Library("none".to_owned()));
    assert_eq!(fails(" /ld --version-script=x a.o"), NotRemote::Option("--version-script=x".to_owned()));
    assert_eq!(fails(" /ld -T x a.o"), NotRemote::Option("-T".to_owned()));
    let thin = Libraries { is_archive: &|_| false, ..libraries() };
    assert_eq!(inputs(" /ld x.a", &thin), Err(NotRemote::Library("x.a".to_owned())));
    let script = Libraries { needed: &|_| None, ..libraries() };
    assert_eq!(inputs(" /ld -Llib -ld", &script), Err(NotRemote::Library("lib/libd.so".to_owned())));
}

#[test]
fn more_than_one_command_is_none() {
    assert_eq!(linker_command(" /cc1 a.c\n /ld a.o\n"), None);
    assert_eq!(linker_command("gcc: error\n"), None);
    assert_eq!(
        linker_command(" \"/usr/bin/ld\" \"-o\" \"a b\"\n"),
        Some(vec!["/usr/bin/ld".into(), "-o".into(), "a b".into()])
    );
}

#[test]
fn the_linkers_own_folders_lose_the_sysroot() {
    let said =
        "using internal linker script:\nSEARCH_DIR(\"=/usr/local/lib\"); SEARCH_DIR(\"/x\");\nSECTIONS\n";
    assert_eq!(linker_folders(said), ["/usr/local/lib", "/x"]);
}
