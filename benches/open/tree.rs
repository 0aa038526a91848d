//! A tree: many sources over one pool of headers, really on disk, and which of them each command reads.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};

/// Headers that the commands of an element share.
const HEADERS: usize = 2000;
/// Headers in one folder.
const FOLDER: usize = 50;
/// Files that each command reads, its source included.
pub(crate) const INPUTS: usize = 500;

/// A source tree below a root.
pub(crate) struct Tree {
    root: PathBuf,
}

impl Tree {
    /// Writes the headers and the sources of so many commands.
    pub(crate) fn write(root: &Path, commands: usize) -> Result<Self> {
        let tree = Self { root: root.to_owned() };
        fs::create_dir_all(root.join("src"))?;
        for number in 0..HEADERS {
            let path = root.join(header(number));
            fs::create_dir_all(path.parent().context("a header is in a folder")?)?;
            fs::write(path, header_text(number))?;
        }
        for number in 0..commands {
            fs::write(root.join(source(number)), source_text(number))?;
        }
        Ok(tree)
    }

    /// Changes the text of these commands' sources, and none of their directives.
    pub(crate) fn edit(&self, numbers: impl Iterator<Item = usize>) -> Result<()> {
        for number in numbers {
            fs::write(self.root.join(source(number)), source_text(number) + "int edited;\n")?;
        }
        Ok(())
    }

    /// The arguments of a command.
    pub(crate) fn arguments(number: usize) -> Vec<String> {
        let flags = "-std=gnu11 -O2 -g -Wall -Wextra -D_GNU_SOURCE -DHAVE_CONFIG_H -Iinclude -c";
        let object = format!("src/file{number}.o");
        flags.split(' ').map(str::to_owned).chain([source(number), "-o".to_owned(), object]).collect()
    }

    /// The depfile that the compiler would have written.
    pub(crate) fn depfile(number: usize) -> String {
        let mut text = format!("object: {}", source(number));
        for header in headers_of(number) {
            text.extend([" ", &header]);
        }
        text + "\n"
    }

    /// The root as text.
    pub(crate) fn root(&self) -> Result<&str> {
        self.root.to_str().context("the temporary folder's name is not UTF-8")
    }
}

/// Most of a stretch of the headers, another one from command to command, as in a project of several libraries.
fn headers_of(number: usize) -> impl Iterator<Item = String> {
    let first = 250 * (number % 8);
    (0..HEADERS)
        .map(move |at| (first + at) % HEADERS)
        .filter(move |at| !(at + number * 7).is_multiple_of(3 + number % 5))
        .take(INPUTS - 1)
        .map(header)
}

fn header(number: usize) -> String {
    format!("include/lib{}/header_{number}.h", number / FOLDER)
}

fn source(number: usize) -> String {
    format!("src/file{number}.c")
}

/// Includes three headers: one beside it, one along the search path, one of the system's.
fn header_text(number: usize) -> String {
    let beside = number / FOLDER * FOLDER + (number + 1) % FOLDER;
    let far = (number * 7 + 11) % HEADERS;
    format!(
        "#ifndef HEADER_{number}_H\n#define HEADER_{number}_H\n#include <stddef.h>\n\
         #include \"header_{beside}.h\"\n#include \"lib{}/header_{far}.h\"\n\
         /* What this header declares. */\nint function_{number}(const char *text, size_t length);\n#endif\n",
        far / FOLDER
    )
}

fn source_text(number: usize) -> String {
    let mut text = String::new();
    for header in headers_of(number).step_by(25) {
        text.extend(["#include \"", header.trim_start_matches("include/"), "\"\n"]);
    }
    text + &format!("int main_{number}(void) {{ return {number}; }}\n")
}
