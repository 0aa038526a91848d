//! The real packages that are built in a bench: how each is had, configured, made, and edited.
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::support::shell::{sh, succeed};
use super::support::sources::{LIBSODIUM, Source};
use super::support::tree;

/// A package. Its commands find `$CC`, `$CXX`, `$JOBS` and `$DESTDIR` set.
#[derive(Debug)]
pub(crate) struct Package {
    pub(crate) name: &'static str,
    source: Source,
    /// Makes the fetched sources ready to be configured, on this machine, once.
    prepare: &'static str,
    /// Debian packages that it is built with beside what every package is; they have to be installed on this machine.
    pub(crate) needs: &'static [&'static str],
    pub(crate) configure: &'static str,
    pub(crate) make: &'static str,
    pub(crate) install: &'static str,
    /// One of its own sources.
    source_file: &'static str,
    /// What an edit changes: of the package, or, where there is one, of the library below it.
    edited: &'static [&'static str],
    /// The header among its sources, or those of the library below it, that most of its own include.
    widest: &'static str,
    pub(crate) below: Option<&'static Library>,
}

/// What a package stands on: a library that is built and installed before it, by `$CC`, into `$PREFIX` below `$DESTDIR`.
#[derive(Debug)]
pub(crate) struct Library {
    pub(crate) name: &'static str,
    source: Source,
    pub(crate) build: &'static str,
}

const PACKAGES: &[Package] = &[
    // So small that its figures say little: to try a bench with.
    Package {
        name: "libyaml",
        source: Source::Debian("libyaml"),
        prepare: "test -e configure || autoreconf --install 2>&1",
        needs: &[],
        configure: "sh ./configure -q --prefix=/usr --disable-static CFLAGS=-O2",
        make: "make -s -j \"$JOBS\"",
        install: "make -s install",
        source_file: "src/loader.c",
        edited: &["src/loader.c", "src/yaml_private.h"],
        widest: "include/yaml.h",
        below: None,
    },
    Package {
        name: "file",
        source: Source::Debian("file"),
        prepare: "test -e configure || autoreconf --install 2>&1",
        needs: &[],
        configure: "sh ./configure -q --prefix=/usr --disable-static CFLAGS=-O2",
        make: "make -s -j \"$JOBS\" >/dev/null",
        install: "make -s install",
        source_file: "src/funcs.c",
        edited: &["src/funcs.c", "src/magic.h.in"],
        widest: "src/file.h",
        below: None,
    },
    Package {
        name: "libffi",
        source: Source::Debian("libffi"),
        prepare: "test -e configure || autoreconf --install 2>&1",
        needs: &[],
        configure: "sh ./configure -q --prefix=/usr --disable-static --disable-docs CFLAGS=-O2",
        make: "make -s -j \"$JOBS\"",
        install: "make -s install",
        source_file: "src/closures.c",
        edited: &["src/closures.c", "include/ffi_common.h"],
        widest: "include/ffi_common.h",
        below: None,
    },
    // Without a configure.
    Package {
        name: "hiredis",
        source: Source::Debian("hiredis"),
        prepare: "",
        needs: &[],
        configure: "true",
        make: "make -s -j \"$JOBS\"",
        install: "make -s install PREFIX=/usr",
        source_file: "sds.c",
        edited: &["sds.c", "net.h"],
        widest: "hiredis.h",
        below: None,
    },
    Package {
        name: "jansson",
        source: Source::Debian("jansson"),
        prepare: "",
        needs: &["cmake"],
        configure: "cmake -S . -B build -DJANSSON_BUILD_DOCS=OFF -DCMAKE_INSTALL_PREFIX=/usr -DCMAKE_C_FLAGS=-O2 >/dev/null",
        make: "make -s -C build -j \"$JOBS\" >/dev/null",
        install: "make -s -C build install >/dev/null",
        source_file: "src/value.c",
        edited: &["src/value.c", "src/utf.h"],
        widest: "src/jansson.h",
        below: None,
    },
    Package {
        name: "libsodium",
        source: LIBSODIUM,
        prepare: "",
        needs: &[],
        // Objects that do not name their folder.
        configure: "sh ./configure -q CFLAGS=-O2",
        make: "make -s -j \"$JOBS\" -C src/libsodium",
        install: "mkdir -p $DESTDIR/usr/lib && cp src/libsodium/.libs/libsodium.*[aso] $DESTDIR/usr/lib",
        source_file: "src/libsodium/sodium/utils.c",
        edited: &["src/libsodium/sodium/utils.c", "src/libsodium/include/sodium/private/ed25519_ref10.h"],
        widest: "src/libsodium/include/sodium/private/common.h",
        below: None,
    },
    Package {
        name: "xz",
        source: Source::Debian("xz-utils"),
        prepare: "",
        needs: &[],
        configure: "sh ./configure -q --prefix=/usr --disable-nls --disable-doc CFLAGS=-O2",
        make: "make -s -j \"$JOBS\"",
        install: "make -s install",
        source_file: "src/liblzma/common/index.c",
        edited: &["src/liblzma/common/index.c", "src/liblzma/lz/lz_encoder.h"],
        widest: "src/common/sysdefs.h",
        below: None,
    },
    Package {
        name: "zeromq",
        source: Source::Debian("zeromq3"),
        prepare: "autoreconf --install 2>&1 && rm -rf autom4te.cache",
        needs: &[],
        configure: "sh ./configure -q --prefix=/usr --without-docs --disable-perf --disable-curve-keygen --disable-static \
                    CFLAGS=-O2 CXXFLAGS=-O2",
        make: "make -s -j \"$JOBS\" src/libzmq.la",
        install: "make -s install-libLTLIBRARIES",
        source_file: "src/socket_base.cpp",
        edited: &["src/socket_base.cpp", "src/msg.hpp"],
        widest: "src/precompiled.hpp",
        below: None,
    },
    // An autoconf package without libtool: beside its configure, little but compilers runs.
    Package {
        name: "git",
        source: Source::Debian("git"),
        prepare: "make -s configure 2>&1 && echo 'NO_GETTEXT = 1\nNO_PERL = 1\nNO_PYTHON = 1\nNO_TCLTK = 1' >config.mak",
        needs: &["zlib1g-dev"],
        configure: "sh ./configure -q --prefix=/usr --without-openssl --without-curl --without-expat CFLAGS=-O2",
        make: "make -s -j \"$JOBS\" >/dev/null",
        // It copies its templates with tar, which no sandbox here has.
        install: "make -s install TAR=true >/dev/null",
        source_file: "wt-status.c",
        edited: &["wt-status.c", "range-diff.h"],
        widest: "git-compat-util.h",
        below: None,
    },
    Package {
        name: "glib",
        source: Source::Debian("glib2.0"),
        prepare: "",
        needs: &["pkg-config", "libffi-dev", "zlib1g-dev"],
        configure: "meson setup build --prefix=/usr --libdir=lib -Dlibmount=disabled -Dselinux=disabled -Dnls=disabled \
                    -Dtests=false -Dxattr=false -Dman=false -Dbuildtype=plain -Dc_args=-O2 >/dev/null",
        make: "ninja -C build -j \"$JOBS\" >/dev/null",
        install: "meson install -C build --no-rebuild >/dev/null",
        source_file: "glib/gstring.c",
        edited: &["src/pcre2.h.in"],
        widest: "src/pcre2.h.in",
        below: Some(&PCRE2),
    },
];

const PCRE2: Library = Library {
    name: "pcre2",
    source: Source::Debian("pcre2"),
    build: "sh ./configure -q --prefix=\"$PREFIX\" --disable-static CFLAGS=-O2 && make -s -j \"$JOBS\" >/dev/null && make -s install >/dev/null",
};

/// What a bench was asked for: packages by name, `default` where none is named, and numbers.
pub(crate) fn chosen(args: &[String], default: &[&str]) -> Result<(Vec<&'static Package>, Vec<usize>)> {
    let (numbers, names): (Vec<_>, Vec<_>) =
        args.iter().skip(1).partition(|arg| arg.chars().all(|each| each.is_ascii_digit()));
    let names: Vec<&str> =
        if names.is_empty() { default.to_vec() } else { names.into_iter().map(String::as_str).collect() };
    let packages = names.into_iter().map(|name| {
        let found = PACKAGES.iter().find(|package| package.name == name);
        found.with_context(|| {
            let known: Vec<_> = PACKAGES.iter().map(|package| package.name).collect();
            format!("no package {name}: there are {}", known.join(", "))
        })
    });
    let numbers = numbers.into_iter().map(|number| number.parse().context("too large a number"));
    Ok((packages.collect::<Result<_>>()?, numbers.collect::<Result<_>>()?))
}

/// The sources of a package, and of the library below it, where a bench edits and builds them.
#[derive(Debug)]
pub(crate) struct Sources {
    package: &'static Package,
    pub(crate) own: PathBuf,
    /// Of the library, where there is one.
    pub(crate) below: PathBuf,
}

impl Sources {
    /// Lays them out as new folders of `room`, by their names.
    pub(crate) fn lay_out(package: &'static Package, room: &Path) -> Self {
        let own = room.join(package.name);
        tree::copy(&package.source.fetch(), &own);
        succeed(&mut sh(&own, package.prepare));
        let below = room.join(package.below.map_or("none", |library| library.name));
        if let Some(library) = package.below {
            tree::copy(&library.source.fetch(), &below);
        }
        Self { package, own, below }
    }

    /// Edits so that no result of any other build will do, and yet the same objects come of it. `mark` is a C identifier.
    pub(crate) fn edit(&self, mark: &str) -> Result<()> {
        self.declare(mark, self.package.edited)
    }

    /// The same with the most widely included header alone.
    pub(crate) fn edit_widest(&self, mark: &str) -> Result<()> {
        self.declare(mark, &[self.package.widest])
    }

    /// The same with one source of the package's own alone.
    pub(crate) fn edit_source(&self, mark: &str) -> Result<()> {
        append(&self.own, self.package.source_file, &format!("extern int {mark}(void);\n"))
    }

    /// Has one source include a header more, which is of the system's, and which few include.
    pub(crate) fn include_more(&self, mark: &str) -> Result<()> {
        append(
            &self.own,
            self.package.source_file,
            &format!("#include <complex.h>\nextern int {mark}(void);\n"),
        )
    }

    /// Has an autoconf package's configure come to another result, which each compile gets to see. Returns whether it is one.
    pub(crate) fn configure_otherwise(&self, mark: &str) -> Result<bool> {
        let path = self.own.join("configure");
        let Ok(text) = fs::read_to_string(&path) else { return Ok(false) };
        let line = "\nPACKAGE_STRING='";
        if !text.contains(line) {
            return Ok(false);
        }
        fs::write(path, text.replacen(line, &format!("{line}{mark} "), 1))?;
        Ok(true)
    }

    fn declare(&self, mark: &str, files: &[&str]) -> Result<()> {
        let folder = if self.package.below.is_some() { &self.below } else { &self.own };
        for (number, file) in files.iter().enumerate() {
            append(folder, file, &format!("extern int {mark}_{number}(void);\n"))?;
        }
        Ok(())
    }
}

/// Adds lines to a file that is not empty.
fn append(folder: &Path, file: &str, lines: &str) -> Result<()> {
    let path = folder.join(file);
    let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
    if text.is_empty() {
        bail!("{} is empty", path.display());
    }
    Ok(fs::write(path, format!("{text}\n{lines}"))?)
}
