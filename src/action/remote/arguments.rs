//! A command's arguments as recc sends them.

use super::Layout;
use super::not_remote::NotRemote;
use super::options::{self, Rule, Source};
use super::paths::{Paths, normal};

/// What the arguments of a command add up to.
#[derive(Debug, Default)]
pub(super) struct Arguments {
    /// The arguments of the REAPI `Command`.
    pub(super) command: Vec<String>,
    pub(super) inputs: Vec<Input>,
    /// The arguments of `-I` and the like, as given.
    pub(super) folders: Vec<String>,
    /// `-Wmissing-include-dirs`: it matters whether those are there.
    pub(super) folders_matter: bool,
    /// `-o`, rewritten
    pub(super) objects: Vec<String>,
    /// `-MD`, `-MMD`
    pub(super) depfile: bool,
    /// `-MF`, rewritten; the last counts.
    pub(super) depfile_paths: Vec<String>,
    /// The preprocessor's own `-MD FILE`, `-MMD FILE` or `-MF FILE`, rewritten: the last.
    pub(super) preprocessor_depfile: Option<String>,
    /// `--coverage`
    pub(super) coverage: bool,
    /// `-fprofile-note`, rewritten
    pub(super) coverage_notes: Option<String>,
    /// `-gsplit-dwarf`
    pub(super) split_dwarf: bool,
}

/// A word that is no option.
#[derive(Debug)]
pub(super) struct Input {
    pub(super) path: String,
    /// What it is compiled to; `None` for what recc does not take.
    pub(super) source: Option<Source>,
}

/// Reads the arguments after the compiler; fails where recc has no rewritten form of them.
pub(super) fn read(words: &[String], paths: &Paths<'_>) -> Result<Arguments, NotRemote> {
    let mut reader = Reader { paths, out: Arguments::default(), preprocessor: Vec::new() };
    let mut rest = words.iter().map(String::as_str);
    while let Some(word) = rest.next() {
        reader.word(word, &mut rest)?;
    }
    reader.preprocessor_words()?;
    Ok(reader.out)
}

impl Arguments {
    /// Fails when the settings keep one of the inputs from a server. They name paths from the root, without `.` and `..`.
    pub(super) fn refuse_inputs(&self, layout: &Layout, directory: &str) -> Result<(), NotRemote> {
        let patterns = &layout.invalid_input_paths;
        if patterns.is_empty() {
            return Ok(());
        }
        let whole = |path: &str| {
            normal(&if path.starts_with('/') { path.to_owned() } else { format!("{directory}/{path}") })
        };
        let mut paths = self.inputs.iter().map(|input| whole(&input.path));
        paths.find(|path| patterns.match_path(path)).map_or(Ok(()), |path| Err(NotRemote::InvalidInput(path)))
    }
}

struct Reader<'a> {
    paths: &'a Paths<'a>,
    out: Arguments,
    /// The arguments of `-Wp,` and `-Xpreprocessor`, which recc puts behind all others.
    preprocessor: Vec<String>,
}

impl Reader<'_> {
    fn word<'w>(&mut self, word: &'w str, rest: &mut impl Iterator<Item = &'w str>) -> Result<(), NotRemote> {
        if !word.starts_with('-') || word == "-" {
            return self.input(word);
        }
        let Some((option, rule)) = options::option(word) else {
            self.out.folders_matter |= options::is_noisy(word);
            self.out.command.push(word.to_owned());
            return Ok(());
        };
        match rule {
            Rule::Depfile | Rule::Coverage | Rule::CoverageNotes | Rule::SplitDwarf => {
                self.out.command.push(word.to_owned());
            }
            Rule::Output | Rule::DepfilePath | Rule::Target => {
                let path = self.argument(option, word, rest)?;
                self.note_output(rule, path);
                return Ok(());
            }
            Rule::Path => {
                let path = self.path(option, word, rest)?;
                self.out.folders.push(path.to_owned());
                return Ok(());
            }
            Rule::Word | Rule::FrontEnd => return self.value(option, rule, word, rest),
            Rule::Preprocessor => return self.hold_back(option, word, rest),
        }
        self.note(rule, option, word);
        Ok(())
    }

    /// What an option without a rewritten argument asks for.
    fn note(&mut self, rule: Rule, option: &str, word: &str) {
        match rule {
            Rule::Depfile => self.out.depfile |= word == option,
            Rule::Coverage => self.out.coverage = true,
            Rule::SplitDwarf => self.out.split_dwarf = true,
            Rule::CoverageNotes => {
                let path = word.split_once('=').map(|(_, path)| self.paths.rewritten(path));
                self.out.coverage_notes = path.or(self.out.coverage_notes.take());
            }
            _ => {}
        }
    }

    fn input(&mut self, word: &str) -> Result<(), NotRemote> {
        if let Some(file) = word.strip_prefix('@') {
            return Err(NotRemote::ResponseFile(file.to_owned()));
        }
        let source = options::source(word);
        // What recc does not take may be no path at all, but the argument of an option it does not know.
        let rewritten = if source.is_some() || word.starts_with('/') {
            self.paths.rewritten(word)
        } else {
            word.to_owned()
        };
        self.out.command.push(rewritten);
        self.out.inputs.push(Input { path: word.to_owned(), source });
        Ok(())
    }

    /// The rewritten path that follows an option, joined or as the next word. The command gets both.
    fn argument<'w>(
        &mut self,
        option: &str,
        word: &str,
        rest: &mut impl Iterator<Item = &'w str>,
    ) -> Result<String, NotRemote> {
        let (path, prefix) = match joined(option, word)? {
            Some((prefix, path)) => (path, Some(prefix)),
            None => (next(option, rest)?, None),
        };
        let path = self.paths.rewritten(path);
        match prefix {
            Some(prefix) => self.out.command.push(format!("{prefix}{path}")),
            None => self.out.command.extend([option.to_owned(), path.clone()]),
        }
        Ok(path)
    }

    fn note_output(&mut self, rule: Rule, path: String) {
        match rule {
            Rule::Output => self.out.objects.push(path),
            Rule::DepfilePath => self.out.depfile_paths.push(path),
            _ => {}
        }
    }

    fn path<'w>(
        &mut self,
        option: &str,
        word: &'w str,
        rest: &mut impl Iterator<Item = &'w str>,
    ) -> Result<&'w str, NotRemote> {
        if let Some((prefix, path)) = joined(option, word)? {
            self.out.command.push(format!("{prefix}{}", self.paths.rewritten(path)));
            Ok(path)
        } else {
            let path = next(option, rest)?;
            self.out.command.extend([option.to_owned(), self.paths.rewritten(path)]);
            Ok(path)
        }
    }

    /// An option whose argument is no path.
    fn value<'w>(
        &mut self,
        option: &str,
        rule: Rule,
        word: &'w str,
        rest: &mut impl Iterator<Item = &'w str>,
    ) -> Result<(), NotRemote> {
        self.out.command.push(word.to_owned());
        if word == option {
            let value = next(option, rest)?;
            let path = rule == Rule::FrontEnd && !value.starts_with('-');
            self.out.command.push(if path { self.paths.rewritten(value) } else { value.to_owned() });
        }
        Ok(())
    }

    fn hold_back<'w>(
        &mut self,
        option: &str,
        word: &'w str,
        rest: &mut impl Iterator<Item = &'w str>,
    ) -> Result<(), NotRemote> {
        if word == "-Xpreprocessor" {
            self.preprocessor.push(next(option, rest)?.to_owned());
        } else {
            self.preprocessor.extend(split_unquoted(&word[option.len()..]));
        }
        Ok(())
    }

    fn preprocessor_words(&mut self) -> Result<(), NotRemote> {
        let words = std::mem::take(&mut self.preprocessor);
        let begin = self.out.command.len();
        let mut rest = words.iter().map(String::as_str);
        while let Some(word) = rest.next() {
            self.preprocessor_word(word, &mut rest)?;
        }
        mark(&mut self.out.command, begin);
        Ok(())
    }

    fn preprocessor_word<'w>(
        &mut self,
        word: &'w str,
        rest: &mut impl Iterator<Item = &'w str>,
    ) -> Result<(), NotRemote> {
        match options::option(word) {
            // Unlike the compiler's, the preprocessor's own -MD is followed by the path.
            Some((option, Rule::Depfile)) => {
                let path = self.argument(option, word, rest)?;
                self.out.depfile = true;
                self.out.preprocessor_depfile = Some(path);
                Ok(())
            }
            Some((
                option @ ("-I" | "-idirafter" | "-imacros" | "-include" | "-iprefix" | "-iquote"
                | "-isysroot" | "-isystem" | "--sysroot"),
                _,
            )) => self.path(option, word, rest).map(drop),
            Some((option, Rule::DepfilePath)) => {
                self.out.preprocessor_depfile = Some(self.argument(option, word, rest)?);
                Ok(())
            }
            Some((option, rule @ (Rule::Output | Rule::Target))) => {
                let path = self.argument(option, word, rest)?;
                self.note_output(rule, path);
                Ok(())
            }
            _ => {
                let path = !word.starts_with('-');
                self.out.command.push(if path { self.paths.rewritten(word) } else { word.to_owned() });
                Ok(())
            }
        }
    }
}

fn next<'w>(option: &str, rest: &mut impl Iterator<Item = &'w str>) -> Result<&'w str, NotRemote> {
    rest.next().ok_or_else(|| NotRemote::MissingArgument(option.to_owned()))
}

/// The argument that is part of `word`, and what stands before it; `None` when the argument is the next word.
fn joined<'w>(option: &str, word: &'w str) -> Result<Option<(&'w str, &'w str)>, NotRemote> {
    let at = option.len();
    match word[at..].find('=') {
        _ if word.len() == at => Ok(None),
        Some(0) => Ok(Some(word.split_at(at + 1))),
        Some(_) => Err(NotRemote::Garbled(word.to_owned())),
        None => Ok(Some(word.split_at(at))),
    }
}

/// Puts `-Xpreprocessor` before each of the words from `start` on.
fn mark(words: &mut Vec<String>, start: usize) {
    let marked: Vec<String> =
        words.drain(start..).flat_map(|word| ["-Xpreprocessor".to_owned(), word]).collect();
    words.extend(marked);
}

/// Splits at commas that are not between single quotes, which go.
fn split_unquoted(text: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut quoted = false;
    for c in text.chars() {
        match c {
            '\'' => quoted = !quoted,
            ',' if !quoted => words.push(String::new()),
            c => words.iter_mut().last().into_iter().for_each(|word| word.push(c)),
        }
    }
    words
}
