//! A generated project: configure script, sources, headers, a static library and a program, all of it open to random edits.
use crate::support::sandbox::Sandbox;
use crate::support::shell::{sh, succeed};
use crate::support::tree::{self, Listing};
use fastrand::Rng;
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::fs;
use std::path::{Path, PathBuf};

/// Configures and builds all of it, whatever is there.
pub(crate) const CLEAN: &str = "make -s clean; sh ./configure; make -s -j4";
/// Builds what is out of date.
pub(crate) const MAKE: &str = "sh ./configure; make -s -j4";

/// What edits choose from: few, so that what was there comes back.
const FLAGS: [&str; 5] = ["-O0", "-O1", "-Os -DEXTRA=1", "-O1 -fPIC -Wall", "-O2 -std=gnu99"];

/// A project's sources as they are to be, and two trees with them: the compiler's own, and ours.
pub(crate) struct Yard {
    units: Vec<Unit>,
    headers: Vec<Header>,
    flags: usize,
    /// What configure finds out of the sources' own making.
    configured: u32,
    plain: PathBuf,
    ours: PathBuf,
}

#[derive(Default)]
struct Unit {
    value: u32,
    includes: Vec<usize>,
}

#[derive(Default)]
struct Header {
    value: u32,
    /// Whether it includes the next.
    further: bool,
    /// Whether one of its name stands before it on the search path.
    shadowed: bool,
}

impl Yard {
    /// A project of so many sources, in `sandbox`.
    pub(crate) fn new(sandbox: &Sandbox, units: usize, headers: usize) -> Self {
        let unit = |number| Unit { value: 0, includes: vec![number % headers] };
        let yard = Self {
            units: (0..units).map(unit).collect(),
            headers: (0..headers).map(|_| Header::default()).collect(),
            flags: 0,
            configured: 0,
            plain: sandbox.path("plain/tree"),
            ours: sandbox.path("ours/tree"),
        };
        yard.write();
        yard
    }

    /// Where spec-cc builds it.
    pub(crate) fn ours(&self) -> &Path {
        &self.ours
    }

    /// Makes one edit, and says which.
    pub(crate) fn edit(&mut self, dice: &mut Rng) -> String {
        let (unit, header) = (dice.usize(..self.units.len()), dice.usize(..self.headers.len()));
        let said = match dice.u8(..8) {
            0 | 1 => {
                self.units[unit].value = value(dice);
                format!("unit {unit} changes")
            }
            2 => {
                let includes = &mut self.units[unit].includes;
                match includes.iter().position(|included| *included == header) {
                    Some(at) => drop(includes.remove(at)),
                    None => includes.push(header),
                }
                format!("unit {unit} includes header {header}, or no more")
            }
            3 => {
                self.headers[header].value = value(dice);
                format!("header {header} changes")
            }
            4 => {
                self.headers[header].further ^= true;
                format!("header {header} includes the next, or no more")
            }
            5 => {
                self.headers[header].shadowed ^= true;
                format!("header {header} is hidden by another, or no more")
            }
            6 => {
                self.flags = dice.usize(..FLAGS.len());
                format!("flags {}", FLAGS[self.flags])
            }
            _ => {
                self.configured = dice.u32(..3);
                "configure finds something else".to_owned()
            }
        };
        self.write();
        said
    }

    /// Builds it with the bare compiler, and lists what that leaves.
    pub(crate) fn build_plainly(&self, script: &str) -> Listing {
        succeed(sh(&self.plain, script).env("CC", "gcc").env("AR", "ar"));
        Self::list(&self.plain)
    }

    /// Panics with what was read for them if our tree is not as the compiler left its own.
    pub(crate) fn check(&self, what: &str, plain: &Listing) {
        let ours = self.built();
        for path in tree::changed(&ours, plain)
            .into_iter()
            .filter(|path| path.extension().is_some_and(|suffix| suffix == "d"))
        {
            for folder in [&self.plain, &self.ours] {
                println!("{}", fs::read_to_string(folder.join(path)).unwrap());
            }
        }
        tree::assert_same(what, &ours, plain);
    }

    /// What is in our tree.
    fn built(&self) -> Listing {
        Self::list(&self.ours)
    }

    fn list(folder: &Path) -> Listing {
        tree::list(folder, |path, _| !is_left_by_a_killed_archiver(path))
    }

    /// Brings both trees up to date, writing only what differs.
    fn write(&self) {
        let wanted = self.files();
        for folder in [&self.plain, &self.ours] {
            for name in ["first", "second"] {
                fs::create_dir_all(folder.join(name)).unwrap();
            }
            for (name, text) in &wanted {
                let path = folder.join(name);
                match text {
                    Some(text) if fs::read(&path).is_ok_and(|there| there == text.as_bytes()) => {}
                    Some(text) => fs::write(&path, text).unwrap(),
                    None => drop(fs::remove_file(&path)),
                }
            }
        }
    }

    /// Every file by its name; nothing where there is to be none.
    fn files(&self) -> BTreeMap<String, Option<String>> {
        let mut files = BTreeMap::new();
        for (number, unit) in self.units.iter().enumerate() {
            let mut text = String::from("#include \"config.h\"\n#include <string.h>\n");
            for header in &unit.includes {
                let _ = writeln!(text, "#include \"h{header}.h\"");
            }
            let _ = writeln!(
                text,
                "int unit{number}(int x) {{ return x * {} + HAVE_THIS + (int)strlen(\"{number}\")",
                unit.value
            );
            for header in &unit.includes {
                let _ = writeln!(text, " + h{header}(x)");
            }
            text.push_str("; }\n");
            files.insert(format!("u{number}.c"), Some(text));
        }
        for (number, header) in self.headers.iter().enumerate() {
            files.insert(format!("second/h{number}.h"), Some(header.text(number, self.headers.len(), 0)));
            let first = header.shadowed.then(|| header.text(number, self.headers.len(), 1000));
            files.insert(format!("first/h{number}.h"), first);
        }
        files.insert("main.c".to_owned(), Some(self.main()));
        files.insert("configure".to_owned(), Some(CONFIGURE.replace("@THIS@", &self.configured.to_string())));
        files.insert("flags.mk".to_owned(), Some(format!("FLAGS = {}\n", FLAGS[self.flags])));
        files.insert("Makefile".to_owned(), Some(MAKEFILE.to_owned()));
        files
    }

    fn main(&self) -> String {
        let mut text = String::from("#include <stdio.h>\n");
        for number in 0..self.units.len() {
            let _ = writeln!(text, "int unit{number}(int);");
        }
        text.push_str("int main(void) { int sum = 0;\n");
        for number in 0..self.units.len() {
            let _ = writeln!(text, "sum += unit{number}(sum);");
        }
        text.push_str("printf(\"%d\\n\", sum); return 0; }\n");
        text
    }
}

/// One that was there before, or one that never was.
fn value(dice: &mut Rng) -> u32 {
    if dice.bool() { dice.u32(..4) } else { dice.u32(4..1_000_000) }
}

impl Header {
    fn text(&self, number: usize, of: usize, more: u32) -> String {
        let mut text = format!("#ifndef H{number}\n#define H{number}\n");
        if self.further && number + 1 < of {
            let _ = writeln!(text, "#include \"h{}.h\"", number + 1);
        }
        let value = self.value + more;
        let _ = writeln!(text, "static inline int h{number}(int x) {{ return x + {value}; }}\n#endif");
        text
    }
}

const CONFIGURE: &str = r##"set -e
echo "#define HAVE_THIS @THIS@" >config.new
probe() {
    printf '%s\n' "$2" >conftest.c
    status=0
    $CC $3 -o conftest.out conftest.c $4 >conftest.log 2>&1 || status=$?
    # A compiler that was killed says nothing of the machine.
    [ $status -lt 128 ]
    [ $status -ne 0 ] || echo "#define HAVE_$1 1" >>config.new
    rm -f conftest.c conftest.out conftest.log
}
probe MAIN 'int main(void) { return 0; }' '' ''
probe UNISTD '#include <unistd.h>' -c ''
probe NONE '#include <no_such_header.h>' -c ''
probe MATH 'double cos(double); int main(int c, char **v) { return (int)cos(c); }' '' -lm
cmp -s config.new config.h || cp config.new config.h
rm -f config.new
"##;

const MAKEFILE: &str = "
include flags.mk
LIBRARY = $(patsubst %.c,%.o,$(wildcard u*.c))

program: main.o libunits.a
\t@$(CC) -o $@ main.o libunits.a

libunits.a: $(LIBRARY)
\t@rm -f $@
\t@$(AR) rc $@ $(LIBRARY)

%.o: %.c config.h flags.mk
\t@$(CC) -I. -Ifirst -Isecond $(FLAGS) -MMD -MP -c -o $@ $<

-include $(wildcard *.d)

.PHONY: clean
clean:
\t@rm -f *.o *.d *.a program config.h
";

/// `ar` writes beside the archive, by a name of chance, and leaves that when it is killed, with its tracer or alone.
fn is_left_by_a_killed_archiver(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    name.len() == 8 && name.starts_with("st") && name.bytes().all(|byte| byte.is_ascii_alphanumeric())
}
