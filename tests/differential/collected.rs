//! Command lines as the builds of real packages issue them, one or more for each build system; all of them must be served.
use super::case::{Case, Change, Command};
use super::stand::Stand;

/// Whose it is, and the command, its sources replaced by those of `yard.rs`.
#[rustfmt::skip]
const LINES: &[(&str, &str)] = &[
    ("Linux", "gcc -Wp,-MMD,out/.a.o.d -nostdinc -I./inc2 -I./inc1 -include ./forced.h -D__KERNEL__ -std=gnu11 -fshort-wchar -funsigned-char -fno-common -fno-PIE -fno-strict-aliasing -mno-sse -mno-mmx -m64 -falign-jumps=1 -mno-80387 -mno-red-zone -mcmodel=kernel -Wno-sign-compare -fno-asynchronous-unwind-tables -mindirect-branch=thunk-extern -fno-jump-tables -fno-delete-null-pointer-checks -O2 -fno-allow-store-data-races -fstack-protector-strong -ftrivial-auto-var-init=zero -pg -mrecord-mcount -mfentry -Wframe-larger-than=2048 -DKBUILD_MODFILE='\"a\"' -DKBUILD_BASENAME='\"a\"' -D__KBUILD_MODNAME=kmod_a -c -o out/a.o a.c"),
    ("Linux, assembler", "gcc -Wp,-MMD,out/.asm.o.d -nostdinc -I./inc2 -D__KERNEL__ -D__ASSEMBLY__ -fno-PIE -m64 -c -o out/asm.o asm.S"),
    ("Linux by Clang", "clang -Wp,-MMD,out/.a.o.d -nostdinc -I./inc2 -D__KERNEL__ --target=x86_64-linux-gnu -fintegrated-as -Werror=unknown-warning-option -Werror=option-ignored -std=gnu11 -fno-strict-aliasing -mno-sse -fno-PIE -mcmodel=kernel -Wno-gnu -O2 -c -o out/a.o a.c"),
    ("U-Boot", "gcc -Wp,-MD,out/.a.o.d -Iinc2 -Iinc1 -D__UBOOT__ -Wall -Wstrict-prototypes -Wno-format-security -fno-builtin -ffreestanding -std=gnu11 -fshort-wchar -fno-strict-aliasing -fno-PIE -Os -fno-stack-protector -g -fstack-usage -pipe -c -o out/a.o a.c"),
    ("busybox", "gcc -Wp,-MD,out/.a.o.d -std=gnu99 -Iinc2 -include forced.h -D_GNU_SOURCE -DNDEBUG -D_LARGEFILE_SOURCE -DBB_VER='\"1.36\"' -Wall -Wshadow -Wwrite-strings -Wundef -finline-limit=0 -fno-builtin-strlen -fomit-frame-pointer -ffunction-sections -fdata-sections -fno-guess-branch-probability -funsigned-char -static-libgcc -falign-functions=1 -Oz -D'KBUILD_STR(s)=#s' -c -o out/a.o a.c"),
    ("automake", "gcc -DHAVE_CONFIG_H -I. -I./inc1 -I./inc2 -g -O2 -MT a.o -MD -MP -MF out/a.Tpo -c -o a.o a.c"),
    ("automake, subdir objects", "gcc -DPACKAGE_NAME='\"hello\"' -DVERSION='\"1 0\"' -I. -g -O2 -MT lib/b.o -MD -MP -MF lib/b.Tpo -c -o lib/b.o lib/b.c"),
    ("automake and C++", "g++ -DHAVE_CONFIG_H -I. -Iinc2 -Wall -g -O2 -MT p.o -MD -MP -MF out/p.Tpo -c -o p.o p.cc"),
    ("libtool, shared", "gcc -DHAVE_CONFIG_H -I. -Iinc2 -g -O2 -MT a.lo -MD -MP -MF out/a.Tpo -c a.c -fPIC -DPIC -o out/a.o"),
    ("libtool, static", "gcc -DHAVE_CONFIG_H -I. -Iinc2 -g -O2 -MT a.lo -MD -MP -MF out/a.Tpo -c a.c -o a.o"),
    ("libtool, assembler", "gcc -Iinc2 -D__ASM__ -c asm.S -fPIC -DPIC -o out/asm.o"),
    ("gnulib", "gcc -I. -Iinc2 -fvisibility=hidden -Wno-cast-qual -Wno-conversion -Wno-float-equal -Wno-sign-compare -Wno-undef -Wno-unused-function -Wno-unused-parameter -Wno-pedantic -g -O2 -MT out/a.o -MD -MP -MF out/a.Tpo -c -o out/a.o a.c"),
    ("CMake, make", "gcc -Dproject_EXPORTS -I.. -Iinc2 -isystem sys -O3 -DNDEBUG -fPIC -std=gnu11 -MD -MT out/a.c.o -MF out/a.c.o.d -o out/a.c.o -c a.c"),
    ("CMake, ninja", "g++ -DQT_CORE_LIB -DQT_NO_DEBUG -Iinc2 -isystem sys -O2 -g -DNDEBUG -fvisibility=hidden -fvisibility-inlines-hidden -std=gnu++17 -flto=auto -fno-fat-lto-objects -MD -MT out/p.cc.o -MF out/p.cc.o.d -o out/p.cc.o -c p.cc"),
    ("CMake, colours", "clang++ -Iinc2 -Wall -Wextra -fcolor-diagnostics -std=c++17 -O2 -g -MD -MT out/p.cc.o -MF out/p.cc.o.d -o out/p.cc.o -c p.cc"),
    ("CMake, coverage", "gcc -Iinc2 --coverage -fprofile-abs-path -g -O0 -MD -MT out/a.c.o -MF out/a.c.o.d -o out/a.c.o -c a.c"),
    ("LLVM", "clang++ -DGTEST_HAS_RTTI=0 -D_GNU_SOURCE -D__STDC_LIMIT_MACROS -Iinc2 -fPIC -fno-semantic-interposition -fvisibility-inlines-hidden -Werror=date-time -Werror=unguarded-availability-new -Wall -Wextra -Wno-unused-parameter -Wwrite-strings -Wcovered-switch-default -Wno-noexcept-type -Wdelete-non-virtual-dtor -Wsuggest-override -Wstring-conversion -fdiagnostics-color -ffunction-sections -fdata-sections -O3 -DNDEBUG -fno-exceptions -fno-rtti -std=c++17 -MD -MT out/p.o -MF out/p.o.d -o out/p.o -c p.cc"),
    ("meson", "gcc -Iinc1 -Iinc2 -I. -I.. -fdiagnostics-color=always -D_FILE_OFFSET_BITS=64 -Wall -Winvalid-pch -Wextra -std=c11 -O2 -g -D_GNU_SOURCE -fPIC -pthread -DG_LOG_DOMAIN='\"GLib\"' -fvisibility=hidden -fno-strict-aliasing -MD -MQ out/a.c.o -MF out/a.c.o.d -o out/a.c.o -c a.c"),
    ("meson, unity and C++", "g++ -Iinc2 -fdiagnostics-color=always -D_GLIBCXX_ASSERTIONS=1 -D_FILE_OFFSET_BITS=64 -Wall -Winvalid-pch -std=c++17 -O0 -g -MD -MQ out/p.cc.o -MF out/p.cc.o.d -o out/p.cc.o -c p.cc"),
    ("systemd", "gcc -Iinc2 -include forced.h -std=gnu11 -O2 -g -Wno-missing-field-initializers -Wno-unused-parameter -Werror=incompatible-pointer-types -Wdate-time -Wendif-labels -Wformat=2 -Wimplicit-fallthrough=5 -fdiagnostics-show-option -fno-common -fstack-protector -fstack-protector-strong -fvisibility=hidden --param=ssp-buffer-size=4 -ffunction-sections -fdata-sections -Werror=shadow -MD -MQ out/a.o -MF out/a.o.d -o out/a.o -c a.c"),
    ("qmake", "g++ -c -pipe -O2 -std=gnu++1z -Wall -Wextra -D_REENTRANT -fPIC -DQT_NO_DEBUG -DQT_WIDGETS_LIB -I. -Iinc2 -isystem sys -o out/p.o p.cc"),
    ("SCons", "gcc -o out/a.os -c -O2 -Wall -fPIC -DNDEBUG -Iinc2 a.c"),
    ("waf", "gcc -g -O2 -fPIC -MMD -D_SAMBA_BUILD_=4 -DHAVE_CONFIG_H=1 -Iinc2 -I../none a.c -c -oout/a.c.1.o"),
    ("GNU make's own rule", "gcc -Iinc2 -c -o a.o a.c"),
    ("POSIX make's own rule", "gcc -O -Iinc2 -c a.c"),
    ("Debian", "gcc -g -O2 -ffile-prefix-map=/build/x=. -fstack-protector-strong -Wformat -Werror=format-security -Wdate-time -D_FORTIFY_SOURCE=2 -Iinc2 -c a.c -o a.o"),
    ("Fedora", "gcc -O2 -flto=auto -ffat-lto-objects -fexceptions -g -grecord-gcc-switches -pipe -Wall -Werror=format-security -Wp,-U_FORTIFY_SOURCE,-D_FORTIFY_SOURCE=3 -Wp,-D_GLIBCXX_ASSERTIONS -fstack-protector-strong -m64 -march=x86-64 -mtune=generic -fasynchronous-unwind-tables -fstack-clash-protection -fcf-protection -fno-omit-frame-pointer -mno-omit-leaf-frame-pointer -Iinc2 -c a.c"),
    ("Yocto", "gcc -m64 -march=x86-64 -fstack-protector-strong -O2 -D_FORTIFY_SOURCE=2 -Wformat -Wformat-security -Werror=format-security --sysroot=/ -O2 -pipe -g -feliminate-unused-debug-types -fmacro-prefix-map=/w=/usr/src -fdebug-prefix-map=/w=/usr/src -fdebug-prefix-map=/r= -Iinc2 -c a.c"),
    ("OpenSSL", "gcc -I. -Iinc2 -pthread -m64 -Wa,--noexecstack -Wall -O3 -DL_ENDIAN -DOPENSSL_PIC -DOPENSSLDIR='\"/usr/local/ssl\"' -DNDEBUG -MMD -MF out/a.d.tmp -c -o out/a.o a.c"),
    ("zlib", "gcc -O3 -D_LARGEFILE64_SOURCE=1 -DHAVE_HIDDEN -Iinc2 -c -o a.o a.c"),
    ("zlib, PIC", "gcc -O3 -fPIC -D_LARGEFILE64_SOURCE=1 -DHAVE_HIDDEN -Iinc2 -DPIC -c -o out/a.o a.c"),
    ("SQLite", "gcc -DSQLITE_OS_UNIX=1 -I. -Iinc2 -D_HAVE_SQLITE_CONFIG_H -DBUILD_sqlite -DNDEBUG -DSQLITE_THREADSAFE=1 -g -O2 -fPIC -c a.c -o out/a.o"),
    ("Python", "gcc -c -fno-strict-overflow -Wsign-compare -DNDEBUG -g -fwrapv -O3 -Wall -std=c11 -Wextra -Wno-unused-parameter -Wno-missing-field-initializers -Wstrict-prototypes -Werror=implicit-function-declaration -fvisibility=hidden -I. -Iinc2 -DPy_BUILD_CORE -o out/a.o a.c"),
    ("Perl", "gcc -c -DPERL_CORE -fwrapv -fno-strict-aliasing -pipe -fstack-protector-strong -I/usr/local/include -D_LARGEFILE_SOURCE -std=c89 -O2 -Wall -Wno-long-long -Iinc2 computed.c"),
    ("Ruby", "gcc -O3 -fno-fast-math -ggdb3 -Wall -Wextra -Wno-cast-function-type -fPIC -D_FORTIFY_SOURCE=2 -fstack-protector-strong -fno-strict-overflow -fvisibility=hidden -fexcess-precision=standard -DRUBY_EXPORT -fPIE -I. -Iinc2 -o out/a.o -c a.c"),
    ("GCC", "g++ -fno-PIE -c -g -O2 -DIN_GCC -fno-exceptions -fno-rtti -fasynchronous-unwind-tables -W -Wall -Wno-narrowing -Wwrite-strings -Wcast-qual -pedantic -Wno-long-long -Wno-variadic-macros -Wno-overlength-strings -fno-common -DHAVE_CONFIG_H -I. -Iinc2 -o p.o -MT p.o -MMD -MP -MF out/p.TPo p.cc"),
    ("glibc", "gcc a.c -c -std=gnu11 -fgnu89-inline -g -O2 -Wall -Wwrite-strings -Wundef -fmerge-all-constants -frounding-math -fno-stack-protector -fno-common -Wstrict-prototypes -fmath-errno -fpie -fno-math-errno -Iinc2 -I. -D_LIBC_REENTRANT -include forced.h -DPIC -o out/a.o -MD -MP -MF out/a.o.dt -MT out/a.o"),
    ("Firefox", "clang++ -o out/p.o -c -Iinc2 -isystem sys -DNDEBUG=1 -DTRIMMED=1 -fno-sized-deallocation -fno-aligned-new -Qunused-arguments -Wall -Wbitfield-enum-conversion -Wempty-body -Wformat-type-confusion -Wno-invalid-offsetof -fcrash-diagnostics-dir=out -U_FORTIFY_SOURCE -fno-exceptions -fPIC -pthread -g -O2 -fno-omit-frame-pointer -funwind-tables -MD -MP -MF out/p.o.pp p.cc"),
    ("Chromium", "clang++ -MMD -MF out/p.o.d -DUSE_UDEV -D_FILE_OFFSET_BITS=64 -Iinc2 -fno-delete-null-pointer-checks -fno-ident -fno-strict-aliasing -fstack-protector -funwind-tables -fPIC -pthread -fcolor-diagnostics -fmerge-all-constants -ffp-contract=off -m64 -no-canonical-prefixes -ftrivial-auto-var-init=pattern -O2 -fdata-sections -ffunction-sections -fno-unique-section-names -g0 -fvisibility=hidden -Xclang -fno-pch-timestamp -Wheader-hygiene -Wstring-conversion -std=c++17 -fno-exceptions -fno-rtti -c p.cc -o out/p.o"),
    ("V8's split debug information", "clang -g2 -gsplit-dwarf -ggnu-pubnames -Iinc2 -c a.c -o out/a.o"),
    ("Bazel", "gcc -U_FORTIFY_SOURCE -fstack-protector -Wall -Wunused-but-set-parameter -Wno-free-nonheap-object -fno-omit-frame-pointer -MD -MF out/a.pic.d -frandom-seed=out/a.pic.o -fPIC -iquote . -iquote lib -isystem inc2 -c a.c -o out/a.pic.o -fno-canonical-system-headers -Wno-builtin-macro-redefined"),
    ("Buck", "clang++ -x c++ -Iinc2 -fdebug-prefix-map=/tmp=. -fcolor-diagnostics -std=c++17 -MD -MF out/dep -c p.cc -o out/p.cc.o"),
    ("FFmpeg", "gcc -I. -Iinc2 -D_ISOC99_SOURCE -D_FILE_OFFSET_BITS=64 -DPIC -DHAVE_AV_CONFIG_H -std=c11 -fomit-frame-pointer -fPIC -pthread -g -Wdeclaration-after-statement -Wall -Wno-parentheses -Wdisabled-optimization -Wredundant-decls -O3 -fno-math-errno -fno-signed-zeros -fno-tree-vectorize -Werror=format-security -fdiagnostics-color=auto -Wno-maybe-uninitialized -MMD -MF out/a.d -MT out/a.o -c -o out/a.o a.c"),
    ("Git", "gcc -o out/a.o -c -MF out/a.o.d -MQ out/a.o -MMD -MP -g -O2 -Wall -Iinc2 -I. -DHAVE_SYSINFO -DGIT_HOST_CPU='\"x86_64\"' -DSHA1_HEADER='\"sha1dc_git.h\"' -D__USE_MINGW_ANSI_STDIO=0 a.c"),
    ("PostgreSQL", "gcc -Wall -Wmissing-prototypes -Wpointer-arith -Wdeclaration-after-statement -Werror=vla -Wendif-labels -Wmissing-format-attribute -Wimplicit-fallthrough=3 -Wcast-function-type -Wshadow=compatible-local -Wformat-security -fno-strict-aliasing -fwrapv -fexcess-precision=standard -Wno-format-truncation -O2 -I. -Iinc2 -D_GNU_SOURCE -c -o a.o a.c -MMD -MP -MF out/a.Po"),
    ("Qt's response file", "g++ -c -Iinc2 @flags.rsp -o out/p.o p.cc"),
    ("Go's cgo", "gcc -I . -fPIC -m64 -pthread -fmessage-length=0 -fdebug-prefix-map=/tmp/go-build=/tmp/go-build -gno-record-gcc-switches -Iinc2 -g -O2 -o out/_x002.o -c a.c"),
    ("Rust's cc crate", "gcc -O3 -ffunction-sections -fdata-sections -fPIC -gdwarf-4 -fno-omit-frame-pointer -m64 -I inc2 -Wall -Wextra -o out/1a-a.o -c a.c"),
    ("setuptools", "gcc -pthread -Wsign-compare -DNDEBUG -g -fwrapv -O2 -Wall -fPIC -I/usr/include/none -Iinc2 -c a.c -o out/a.o -std=c99"),
];

/// An edit of each kind that builds see most.
const CHANGES: &[&str] = &[
    "sed -i 's/K 5/K 6/' k.h",
    "for f in *.c *.cc lib/*.c; do echo 'int added;' >>\"$f\"; done",
    "echo '#define SYS 9' >sys.h",
];

#[test]
fn lines_of_real_builds_are_served_what_the_compiler_gives() {
    let stand = Stand::new();
    let failures: Vec<String> =
        LINES.iter().enumerate().filter_map(|line| check(&stand, line).err()).collect();
    assert!(failures.is_empty(), "{} of {}:\n{}", failures.len(), LINES.len(), failures.join("\n"));
}

fn check(stand: &Stand, (number, (whose, line)): (usize, &(&str, &str))) -> Result<(), String> {
    // Each line sees another change, so that all are tried with many.
    let changes = vec![Change::Tree(CHANGES[number % CHANGES.len()].to_owned())];
    let case = Case {
        command: Command::of_line(line),
        setup: String::new(),
        changes,
        opened_early: number % 2 == 0,
    };
    let before = stand.tally();
    stand.check(&case).map_err(|error| format!("{whose}: {line}: {error}"))?;
    let after = stand.tally();
    let (repeated, served) = (after.repeated - before.repeated, after.served - before.served);
    if served == repeated {
        Ok(())
    } else {
        Err(format!("{whose}: {line}: served {served} times of {repeated}"))
    }
}
