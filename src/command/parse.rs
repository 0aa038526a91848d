//! From an invocation to a verdict.

use std::ffi::OsString;
use std::io;
use std::path::Path;

use super::outputs::Naming;
use super::parsed_options::{Draft, Input};
use super::probe::is_test_source;
use super::{
    Bypass, Compile, DepRequest, Family, Invocation, Kind, Language, Output, Reason, Role, Verdict, macros,
    response, table,
};
use crate::command::table::row::Mode;

/// Returns what `inv` is: a compile whose files are all accounted for, or a command to run as it is, and why.
///
/// `cplusplus` says that the compiler is a C++ driver; `reader` gives the bytes of `@file` responses.
pub fn read(
    inv: &Invocation,
    family: Family,
    cplusplus: bool,
    reader: &dyn Fn(&Path) -> io::Result<Vec<u8>>,
) -> Verdict {
    let bypass = |reason| Verdict::Bypass(Bypass { kind: Kind::Other, reason });
    let Some(args) = inv.args.iter().map(utf8).collect() else {
        return bypass(Reason::NotUtf8);
    };
    match response::expand(args, &inv.cwd, reader) {
        Ok(args) => read_args(args, &inv.cwd, family, cplusplus),
        Err(reason) => bypass(reason),
    }
}

fn utf8(arg: &OsString) -> Option<String> {
    arg.to_str().map(str::to_owned)
}

fn read_args(args: Vec<String>, cwd: &Path, family: Family, cplusplus: bool) -> Verdict {
    let mut draft = Draft::default();
    for token in table::tokens(&args, family) {
        draft.add(&token);
    }
    let kind = kind(&draft, cwd);
    match compile(draft, family, cplusplus) {
        Ok(compile) if is_test_source(&compile.source, cwd) => {
            Verdict::Bypass(Bypass { kind: Kind::Probe, reason: Reason::ConfigureTest(compile.source) })
        }
        Ok(compile) => {
            let macros = macros::defined(&args);
            Verdict::Compile(Box::new(Compile { args, macros, ..compile }))
        }
        Err(reason) => Verdict::Bypass(Bypass { kind, reason }),
    }
}

/// What the command is about, whether or not it can be taken further.
fn kind(draft: &Draft<'_>, cwd: &Path) -> Kind {
    if draft.inputs.iter().any(|input| is_test_source(input.path, cwd)) {
        return Kind::Probe;
    }
    match draft.mode {
        Some(Mode::Query) => Kind::Probe,
        Some(Mode::Preprocess) => Kind::Preprocess,
        Some(Mode::Assemble) => Kind::Assemble,
        Some(Mode::Compile) => Kind::Compile,
        None if !draft.inputs.is_empty() => Kind::Link,
        Some(Mode::Check) | None => Kind::Other,
    }
}

/// The compile that `draft` adds up to, all but its arguments.
fn compile(mut draft: Draft<'_>, family: Family, cplusplus: bool) -> Result<Compile, Reason> {
    if let Some(reason) = draft.refused.take() {
        return Err(reason);
    }
    if draft.mode != Some(Mode::Compile) {
        return Err(Reason::NotACompile);
    }
    let source = only_input(&draft.inputs)?;
    let language = match source.language {
        Some(name) => Language::from_x(name),
        None => Language::from_suffix(source.path, family, cplusplus),
    };
    let language = language.ok_or_else(|| Reason::NotASource(source.path.to_owned()))?;
    if family == Family::Clang && matches!(language, Language::Asm | Language::AsmCpp) {
        return Err(Reason::Assembled(source.path.to_owned()));
    }
    draft.key_language(language);
    let naming =
        Naming { family, language, source: source.path, object: draft.object, uncertain: draft.uncertain };
    let depfile = depfile(&draft, &naming)?;
    Ok(Compile {
        family,
        args: Vec::new(),
        macros: String::new(),
        language,
        source: source.path.to_owned(),
        outputs: outputs(&draft, &naming, depfile.as_ref())?,
        depfile: depfile.filter(|_| language.is_preprocessed_here()),
        debug_split: draft.added.contains(&Role::Dwo),
        search: draft.search,
        named_inputs: draft.named_inputs,
    })
}

fn only_input<'a>(inputs: &[Input<'a>]) -> Result<Input<'a>, Reason> {
    match inputs {
        [] => Err(Reason::NoSource),
        [input] if input.path == "-" => Err(Reason::StandardInput),
        // Where a name begins with `@`, a response file was missing.
        [input] if input.path.is_empty() || input.path.starts_with('@') => {
            Err(Reason::NotASource(input.path.to_owned()))
        }
        [input] => Ok(*input),
        _ => Err(Reason::SeveralInputs(inputs.len())),
    }
}

/// The one depfile that the options ask for; an error where GCC and clang disagree or reject them.
fn depfile(draft: &Draft<'_>, naming: &Naming<'_>) -> Result<Option<DepRequest>, Reason> {
    let dep = &draft.dep;
    let odd = |option: &str| Err(Reason::OddDepfile(option.to_owned()));
    let request = |path: &str, system_headers| Ok(Some(DepRequest { path: path.to_owned(), system_headers }));
    match (dep.all || dep.user, dep.file, dep.handed_on) {
        (true, _, Some(_)) => odd("-Wp,-MD"),
        (false, Some(_), _) => odd("-MF"),
        (false, None, Some((path, system_headers))) => request(path, system_headers),
        (false, None, None) => dep.content.map_or(Ok(None), odd),
        // With both, GCC takes -MMD and clang -MD: count on the smaller set.
        (true, Some(path), None) => request(path, !dep.user),
        (true, None, None) => match naming.depfile() {
            Some(path) => request(&path, !dep.user),
            None => odd("-MD"),
        },
    }
}

fn outputs(draft: &Draft<'_>, naming: &Naming<'_>, dep: Option<&DepRequest>) -> Result<Vec<Output>, Reason> {
    let odd = |path: &str| Reason::OddOutput(path.to_owned());
    let path = naming.object().ok_or_else(|| odd(naming.source))?;
    let mut outputs = vec![Output { path, role: Role::Object, optional: false }];
    if let Some(dep) = dep {
        let optional = !naming.language.is_preprocessed_here();
        outputs.push(Output { path: dep.path.clone(), role: Role::Depfile, optional });
    }
    for &role in &draft.added {
        outputs.push(naming.added(role).ok_or_else(|| odd(naming.object.unwrap_or(naming.source)))?);
    }
    for (at, Output { path, .. }) in outputs.iter().enumerate() {
        let taken = outputs[..at].iter().any(|other| other.path == *path);
        if taken || *path == naming.source || !is_plain_file(path) {
            return Err(odd(path));
        }
    }
    Ok(outputs)
}

fn is_plain_file(path: &str) -> bool {
    let name = path.rsplit('/').next().unwrap_or_default();
    !matches!(name, "" | "-" | "." | "..") && !path.starts_with("/dev/") && !path.starts_with("/proc/")
}
