//! `specctl export` and `specctl import`: an element's records as one file, or as a compilation database.

use std::fs;
use std::io::Read;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde_json::{Value, json};
use spec_cc::base::digest::{hex, unhex};
use spec_cc::command::normalise;
use spec_cc::companion::control::Control;

use super::{client, output};

/// Records that are larger than this, in bytes, are none: ten thousand commands take some 10 MB.
const LARGEST: u64 = 256 << 20;

/// Write an element's records to a file, or a compilation database
///
/// `specctl import` reads the records on another machine. A compilation database is for clangd and other tools.
#[derive(Debug, clap::Args)]
pub(crate) struct ExportArgs {
    /// Write a compilation database (`compile_commands.json`) instead of the records
    #[arg(long)]
    compile_commands: bool,
    /// The project's top folder, for paths in the compilation database [default: the current folder]
    #[arg(long, value_name = "FOLDER")]
    root: Option<PathBuf>,
    /// Write here instead of standard output
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// The element, as `specctl list` names it
    element: String,
}

/// Read records that `specctl export` wrote
#[derive(Debug, clap::Args)]
pub(crate) struct ImportArgs {
    /// Keep them under this `PROJECT/ELEMENT` instead of their own
    #[arg(long, value_name = "NAME")]
    element: Option<String>,
    /// The file; `-` is standard input
    file: PathBuf,
}

pub(crate) fn export(args: &ExportArgs) -> Result<()> {
    let bytes = if args.compile_commands {
        let shown = client::ask(&Control::Show { element: args.element.clone() })?;
        let root = match &args.root {
            Some(root) => std::path::absolute(root)?,
            None => std::env::current_dir()?,
        };
        let root = root.to_str().context("the root's name is not UTF-8")?;
        let mut text = serde_json::to_vec_pretty(&database(&shown, root))?;
        text.push(b'\n');
        text
    } else {
        records(&args.element)?
    };
    match &args.output {
        Some(path) => fs::write(path, bytes).with_context(|| format!("cannot write {}", path.display())),
        None => Ok(output::bytes(&bytes)?),
    }
}

/// An element's records as `specctl import` takes them.
pub(super) fn records(element: &str) -> Result<Vec<u8>> {
    let blob = client::ask(&Control::Export { element: element.to_owned() })?;
    bytes(&blob)
}

/// Takes records into the store; returns their `PROJECT/ELEMENT`.
pub(super) fn take(records: &[u8], element: Option<String>) -> Result<String> {
    let key = client::ask(&Control::Import { blob: hex(records), element })?;
    Ok(key.as_str().unwrap_or_default().to_owned())
}

/// The contents that an element's launches need, as `put_contents` takes them.
pub(super) fn contents(element: &str) -> Result<Vec<u8>> {
    let blob = client::ask(&Control::Pack { element: element.to_owned() })?;
    bytes(&blob)
}

/// Takes contents into the cache.
pub(super) fn put_contents(contents: &[u8]) -> Result<()> {
    client::ask(&Control::Unpack { blob: hex(contents) }).map(|_| ())
}

pub(crate) fn import(args: &ImportArgs) -> Result<()> {
    let bytes = if args.file.as_os_str() == "-" {
        read(std::io::stdin())
    } else {
        fs::File::open(&args.file).map_err(Into::into).and_then(read)
    };
    let bytes = bytes.with_context(|| format!("cannot read {}", args.file.display()))?;
    Ok(output::line(format!("Imported {}.", take(&bytes, args.element.clone())?))?)
}

/// All that is there to read, unless it has no end that could be an element's.
fn read(from: impl Read) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    from.take(LARGEST + 1).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > LARGEST {
        bail!("it has more than {} MiB, and no element's records do", LARGEST >> 20);
    }
    Ok(bytes)
}

/// The project's compiles as Clang's tools want them ("JSON Compilation Database Format Specification"): no configure test, and
/// no command that another has replaced.
fn database(shown: &Value, root: &str) -> Value {
    let back = |value: &Value| normalise::from_template(value.as_str().unwrap_or_default(), root);
    let commands = shown.as_array().into_iter().flatten();
    commands
        .filter(|command| command["kind"] == "compile" && command["superseded"] != true)
        .map(|command| {
            json!({
                "directory": back(&command["directory"]),
                "file": back(&command["file"]),
                "output": back(&command["output"]),
                "arguments": words(command).map(back).collect::<Vec<_>>(),
            })
        })
        .collect()
}

/// A recorded command as it is run: the compiler, then its arguments, templated. Those of a traced command begin with its `argv[0]`.
pub(super) fn words(command: &Value) -> impl Iterator<Item = &Value> {
    let arguments = command["arguments"].as_array().into_iter().flatten();
    std::iter::once(&command["compiler"]).chain(arguments.skip(usize::from(command["traced"] == true)))
}

fn bytes(blob: &Value) -> Result<Vec<u8>> {
    blob.as_str().and_then(unhex).context("the companion's answer is not in base 16")
}
