//! What the options of a command add up to, before any verdict.

use super::passthrough::{self, Preprocessor};
use super::table::Token;
use super::{Language, Reason, Role, Search, Why};
use crate::command::table::row::{Dep, Effect, Mode, Place};

/// The sum of a command's options.
#[derive(Debug, Default)]
pub(super) struct Draft<'a> {
    pub(super) mode: Option<Mode>,
    /// The first option that rules out caching.
    pub(super) refused: Option<Reason>,
    pub(super) inputs: Vec<Input<'a>>,
    pub(super) object: Option<&'a str>,
    pub(super) search: Search,
    pub(super) named_inputs: Vec<String>,
    pub(super) added: Vec<Role>,
    pub(super) uncertain: bool,
    pub(super) dep: DepDraft<'a>,
    /// `-x`, as it stands for the inputs that follow.
    language: Option<&'a str>,
}

/// A file name among the arguments.
#[derive(Debug, Clone, Copy)]
pub(super) struct Input<'a> {
    pub(super) path: &'a str,
    /// The `-x` in force.
    pub(super) language: Option<&'a str>,
}

/// The depfile options.
#[derive(Debug, Default)]
pub(super) struct DepDraft<'a> {
    pub(super) all: bool,
    pub(super) user: bool,
    pub(super) file: Option<&'a str>,
    /// An option that means nothing without a depfile.
    pub(super) content: Option<&'a str>,
    /// `-Wp,-MD,FILE`: path, and whether system headers are listed.
    pub(super) handed_on: Option<(&'a str, bool)>,
}

impl<'a> Draft<'a> {
    /// Takes one more option or file name.
    pub(super) fn add(&mut self, token: &Token<'a>) {
        let value = token.value;
        match token.effect {
            Effect::Passes => {}
            Effect::MayOmit => self.uncertain = true,
            Effect::Input => self.inputs.push(Input { path: value, language: self.language }),
            Effect::Unknown => self.refuse(Reason::Unknown(token.option().to_owned())),
            Effect::Missing => self.refuse(Reason::MissingArgument(token.option().to_owned())),
            Effect::Refuse(why) => self.refuse_option(token, why),
            Effect::Mode(mode) => self.mode = Some(self.mode.map_or(mode, |now| now.min(mode))),
            Effect::Language => self.language = (value != "none").then_some(value),
            Effect::Object => self.name_object(token),
            Effect::Adds(role) => self.add_output(role),
            Effect::Dep(dep) => self.add_dep(dep, token),
            Effect::Search(place) => self.add_directory(place, token),
            Effect::Forced => push_value(&mut self.search.forced, token, &mut self.refused),
            Effect::Names => push_value(&mut self.named_inputs, token, &mut self.refused),
            Effect::NoStdinc => {
                self.search.nostdinc = true;
                self.key_directories(token);
            }
            Effect::Processor if value.starts_with("native") => self.refuse_option(token, Why::ThisMachine),
            Effect::Directories | Effect::Processor => self.key_directories(token),
            Effect::Preprocessor => self.add_handed_on(token),
            Effect::PreprocessorWord => self.pass_on(token, passthrough::is_macro(value)),
            Effect::Assembler => self.pass_on(token, passthrough::is_assembler_safe(value)),
            Effect::AssemblerWord => self.pass_on(token, passthrough::is_assembler_word_safe(value)),
            Effect::FrontendWord => self.pass_on(token, passthrough::is_frontend_word_safe(value)),
        }
    }

    /// Puts the language in front of the arguments that select built-in directories.
    pub(super) fn key_language(&mut self, language: Language) {
        // Where nothing is preprocessed compilers have no directories, and do not say so.
        let language = match language {
            Language::Asm => Language::AsmCpp,
            Language::CPreprocessed => Language::C,
            Language::CxxPreprocessed => Language::Cxx,
            preprocessed => preprocessed,
        };
        self.search.builtin_key.splice(..0, ["-x".to_owned(), language.x_name().to_owned()]);
    }

    fn refuse(&mut self, reason: Reason) {
        self.refused.get_or_insert(reason);
    }

    fn refuse_option(&mut self, token: &Token<'_>, why: Why) {
        self.refuse(Reason::Option { option: token.words.join(" "), why });
    }

    fn pass_on(&mut self, token: &Token<'_>, safe: bool) {
        if !safe {
            self.refuse_option(token, Why::PassesOn);
        }
    }

    fn name_object(&mut self, token: &Token<'a>) {
        // GCC itself fails on some commands with two of them.
        if self.object.replace(token.value).is_some() {
            self.refuse(Reason::OddOutput(token.value.to_owned()));
        }
    }

    fn add_output(&mut self, role: Role) {
        if !self.added.contains(&role) {
            self.added.push(role);
        }
    }

    fn key_directories(&mut self, token: &Token<'_>) {
        self.search.builtin_key.extend_from_slice(token.words);
    }

    fn add_directory(&mut self, place: Place, token: &Token<'a>) {
        // GCC manual, -I: a leading `=` or `$SYSROOT` stands for the sysroot.
        if token.value.starts_with(['=', '$']) {
            return self.refuse_option(token, Why::ReadsFiles);
        }
        let list = match place {
            Place::Quote => &mut self.search.quote,
            Place::Include => &mut self.search.include,
            Place::System => &mut self.search.system,
            Place::After => &mut self.search.after,
        };
        push_value(list, token, &mut self.refused);
    }

    fn add_dep(&mut self, dep: Dep, token: &Token<'a>) {
        match dep {
            Dep::All => self.dep.all = true,
            Dep::User => self.dep.user = true,
            Dep::File => self.dep.file = Some(token.value),
            Dep::Content => self.dep.content = Some(token.option()),
        }
    }

    fn add_handed_on(&mut self, token: &Token<'a>) {
        match passthrough::preprocessor(token.value) {
            Preprocessor::Macros => {}
            Preprocessor::Other => self.refuse_option(token, Why::PassesOn),
            Preprocessor::Depfile { path, system_headers } => {
                if self.dep.handed_on.replace((path, system_headers)).is_some() {
                    self.refuse(Reason::OddDepfile(token.option().to_owned()));
                }
            }
        }
    }
}

fn push_value(list: &mut Vec<String>, token: &Token<'_>, refused: &mut Option<Reason>) {
    if token.value.is_empty() {
        refused.get_or_insert(Reason::MissingArgument(token.option().to_owned()));
    }
    list.push(token.value.to_owned());
}
