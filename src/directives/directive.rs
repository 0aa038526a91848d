//! Line: what one directive says, its comments already gone.

use std::collections::HashSet;

use super::guards::Guards;
use super::hazards::{Hazards, clock_word, position_word};
use super::macros::{self, Definition, MacroUse};
use super::probes::{self, operator};
use super::words::{contains, contains_word, is_blank, is_word, names, word};
use crate::directives::found::Scan;
use crate::directives::include::{Form, Include, Kind};

/// Pragmas that change which files are read. As operators they take effect wherever the text names them or a macro that
/// holds them, and GCC honours them when it compiles but not under `-M`.
const READ_CHANGING: [&[u8]; 5] = [b"once", b"push_macro", b"pop_macro", b"dependency", b"include_alias"];

/// What was found so far in a file.
#[derive(Debug, Default)]
pub(super) struct Findings {
    /// The directives, normalised, a line each.
    pub directives: Vec<u8>,
    pub hazards: Hazards,
    start: usize,
    includes: Vec<Include>,
    known: HashSet<Include>,
    computed_include: bool,
    once: bool,
    macros: MacroUse,
    guards: Guards,
}

impl Findings {
    pub(super) fn begin_directive(&mut self, mark: &[u8]) {
        self.start = self.directives.len();
        self.directives.extend_from_slice(mark);
    }

    pub(super) fn end_directive(&mut self) {
        let directives = std::mem::take(&mut self.directives);
        let line = directives[self.start..].trim_ascii_end();
        let end = self.start + line.len();
        let body = line.strip_prefix(b"%:").unwrap_or_else(|| &line[1.min(line.len())..]);
        self.read(body);
        self.directives = directives;
        self.directives.truncate(end);
        self.directives.push(b'\n');
    }

    /// A `_Pragma("…")` in the text, up to its parenthesis.
    pub(super) fn pragma_operator(&mut self, operator: &[u8]) {
        self.directives.extend_from_slice(operator);
        self.directives.push(b'\n');
        for name in [&b"__TIME__"[..], b"__DATE__", b"__TIMESTAMP__"] {
            if contains(operator, name) {
                self.hazards |= clock_word(name);
            }
        }
        if changes_reads(operator) {
            self.hazards |= Hazards::TEXT;
        }
        let inner = operator.split(|byte| *byte == b'"').nth(1).unwrap_or_default();
        self.pragma(inner);
    }

    /// Whether the directive so far ends inside `__has_include(<…`, where a comment is part of the name.
    pub(super) fn is_inside_probe(&self) -> bool {
        let line = &self.directives[self.start..];
        let probe = [&b"__has_include"[..], b"__has_embed"]
            .iter()
            .filter_map(|n| memchr::memmem::rfind(line, n))
            .max();
        probe.is_some_and(|at| {
            let behind = &line[at..];
            memchr::memrchr(b'<', behind) > memchr::memrchr(b'>', behind)
        })
    }

    /// Reads a directive without its mark.
    pub(super) fn read(&mut self, line: &[u8]) {
        let line = line.trim_ascii_start();
        let name = word(line);
        let rest = line[name.len()..].trim_ascii_start();
        self.guards.read(name, rest);
        match name {
            b"include" | b"__include_macros" => self.include(Kind::Include, rest),
            b"include_next" => self.include(Kind::IncludeNext, rest),
            b"import" => self.include(Kind::Import, rest),
            b"embed" => {
                self.hazards |= Hazards::EMBED;
                self.include(Kind::Embed, rest);
            }
            b"if" | b"elif" => self.condition(rest),
            b"define" => self.define(rest),
            b"pragma" => self.pragma(rest),
            b"ifdef" | b"ifndef" | b"elifdef" | b"elifndef" | b"undef" => {}
            // A line marker is a `#line` without its name.
            _ if name == b"line" || name.first().is_some_and(u8::is_ascii_digit) => self.line(name, rest),
            _ if rest.is_empty() => {}
            _ => self.probes(rest),
        }
    }

    /// `#line NUMBER`, unless it names a file too, or a macro that may.
    fn line(&mut self, name: &[u8], rest: &[u8]) {
        if !rest.iter().all(|byte| byte.is_ascii_digit() || is_blank(*byte)) {
            // A marker's flags may tell of a system header.
            self.hazards |= if name == b"line" { Hazards::LINE } else { Hazards::LINE | Hazards::SYSTEM };
        }
        self.condition(rest);
    }

    fn include(&mut self, kind: Kind, rest: &[u8]) {
        if let Some((form, name)) = probes::header(rest) {
            self.add(kind, form, name);
        } else {
            self.computed_include = true;
            self.condition(rest);
        }
    }

    fn add(&mut self, kind: Kind, form: Form, name: &[u8]) {
        // A name that is not UTF-8 is found again among the files really read.
        let Ok(name) = std::str::from_utf8(name) else {
            self.computed_include = true;
            return;
        };
        let include = Include { kind, form, name: name.to_owned() };
        if kind.is_probe() {
            self.guards.ask(&include);
        }
        if self.known.insert(include.clone()) {
            self.includes.push(include);
        }
    }

    /// A condition, or whatever else of a directive macros are expanded in.
    fn condition(&mut self, expression: &[u8]) {
        for (at, name) in names(expression) {
            self.hazards |= position_word(name);
            let (before, after) = (&expression[..at], &expression[at + name.len()..]);
            if probes::asks_whether_defined(before) {
                continue;
            }
            if probes::is_piece(name) {
                self.hazards |= Hazards::PROBE;
            }
            match (operator(name), probes::operand(after)) {
                (Some(kind), Some((form, header))) if probes::is_in_call(before) => {
                    self.ask_through_macros(kind, form, header);
                }
                (Some(_), None) if probes::is_in_call(before) => self.hazards |= Hazards::PROBE,
                (Some(kind), _) => self.probe(kind, before, after),
                (None, Some((form, header))) => {
                    // Which operator the macro stands for is not known here: this one looks everywhere.
                    self.ask_through_macros(Kind::HasIncludeNext, form, header);
                    self.macros.conditions.push(macros::called(macros::hash(name)));
                }
                (None, None) => self.macros.conditions.push(macros::hash(name)),
            }
        }
    }

    /// A probe whose operand passes through macros, which expand the words of a name in `<>`.
    fn ask_through_macros(&mut self, kind: Kind, form: Form, header: &[u8]) {
        if form == Form::Angle && !self.macros.note_words(header) {
            self.hazards |= Hazards::PROBE;
        }
        if kind == Kind::HasEmbed {
            self.hazards |= Hazards::EMBED;
        }
        self.add(kind, form, header);
    }

    fn define(&mut self, rest: &[u8]) {
        let definition = Definition::new(rest);
        let macro_hash = macros::hash(definition.name);
        let body = definition.body;
        let mut pragma = false;
        for (_, used) in names(body) {
            let hazard = position_word(used);
            if !hazard.is_empty() {
                self.macros.positional.push((macro_hash, hazard));
            }
            if probes::is_piece(used) {
                self.macros.positional.push((macro_hash, Hazards::PROBE));
            }
            pragma |= used == b"_Pragma";
            self.macros.links.push((macros::hash(used), macro_hash));
        }
        if pragma && offloads(body) {
            self.hazards |= Hazards::OFFLOAD;
        }
        // What is made a string there (`#x`) may be any pragma.
        if pragma && body.contains(&b'#') {
            self.hazards |= Hazards::PRAGMA;
        }
        if pragma && contains(body, b"system_header") {
            self.hazards |= Hazards::SYSTEM;
        }
        if pragma && changes_reads(body) {
            self.hazards |= Hazards::TEXT;
        }
        if contains(body, b"__has_embed") {
            self.hazards |= Hazards::EMBED;
        }
        for (kind, header) in self.macros.note_definition(&definition) {
            self.add(kind, Form::Angle, header);
        }
    }

    fn pragma(&mut self, rest: &[u8]) {
        let rest = rest.trim_ascii_start();
        self.once |= word(rest) == b"once";
        if contains(rest, b"include_alias") || contains(rest, b"pch_preprocess") {
            self.hazards |= Hazards::PROBE;
        }
        if offloads(rest) {
            self.hazards |= Hazards::OFFLOAD;
        }
        if contains(rest, b"dependency") {
            self.hazards |= Hazards::TIMESTAMP;
        }
        if contains(rest, b"system_header") {
            self.hazards |= Hazards::SYSTEM;
        }
        if contains(rest, b"clang module") {
            self.hazards |= Hazards::MODULE;
        }
        self.probes(rest);
    }

    /// `__has_include` and its kin, anywhere in a text.
    pub(super) fn probes(&mut self, text: &[u8]) {
        for at in memchr::memmem::find_iter(text, b"__has_") {
            let name = word(&text[at..]);
            if let Some(kind) = operator(name).filter(|_| at == 0 || !is_word(text[at - 1])) {
                self.probe(kind, &text[..at], &text[at + name.len()..]);
            }
        }
    }

    fn probe(&mut self, kind: Kind, before: &[u8], after: &[u8]) {
        if kind == Kind::HasEmbed {
            self.hazards |= Hazards::EMBED;
        }
        let after = after.trim_ascii_start();
        let operand = after.strip_prefix(b"(").unwrap_or(after).trim_ascii_start();
        if let Some((form, name)) = probes::header(operand) {
            self.add(kind, form, name);
        } else if !probes::asks_whether_defined(before) {
            self.hazards |= Hazards::PROBE;
        }
    }

    pub(super) fn mark_computed(&mut self) {
        self.computed_include = true;
    }

    pub(super) fn into_scan(mut self) -> Scan {
        self.macros.tidy();
        let harmless = self.guards.into_harmless();
        Scan {
            harmless: self.includes.iter().map(|include| harmless.contains(include)).collect(),
            fingerprint: super::fingerprint("directives", &self.directives),
            includes: self.includes,
            computed_include: self.computed_include,
            once: self.once,
            hazards: self.hazards,
            macros: self.macros,
        }
    }
}

/// Whether a pragma has part of a program run on another device.
fn offloads(pragma: &[u8]) -> bool {
    contains(pragma, b"target") || contains_word(pragma, b"acc")
}

fn changes_reads(pragma: &[u8]) -> bool {
    READ_CHANGING.iter().any(|name| contains_word(pragma, name))
}
