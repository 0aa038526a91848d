//! An autotools package in the manner of automake's own example, amhello: one source, one program, one document.
use crate::support::shell::{sh, succeed};
use std::fs;
use std::path::Path;

const FILES: &[(&str, &str)] = &[
    (
        "configure.ac",
        "AC_INIT([amhello], [1.0])\nAM_INIT_AUTOMAKE([foreign -Wall -Werror])\nAC_PROG_CC\n\
         AC_CONFIG_HEADERS([config.h])\nAC_CONFIG_FILES([Makefile src/Makefile])\nAC_OUTPUT\n",
    ),
    ("Makefile.am", "SUBDIRS = src\ndist_doc_DATA = README\n"),
    ("README", "It says hello.\n"),
    ("src/Makefile.am", "bin_PROGRAMS = hello\nhello_SOURCES = main.c\n"),
    (
        "src/main.c",
        "#include <config.h>\n#include <stdio.h>\nint main(void) { puts(\"Hello from \" PACKAGE_STRING); return 0; }\n",
    ),
];

/// Lays the package out at `at`, its configure script made.
pub(crate) fn lay_out(at: &Path) {
    for (path, content) in FILES {
        let path = at.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, content).unwrap();
    }
    succeed(&mut sh(at, "autoreconf --install && rm -rf autom4te.cache"));
}
