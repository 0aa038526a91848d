//! Lexer: tells directives from text, comments, strings and characters.
//!
//! It knows what every language mode of GCC and Clang agrees on, and is lost on the rest.

use super::directive::Findings;
use super::hazards::{Hazards, clock_word, incbin_around_b, include_at_dot};
use super::skip;
use super::source::Source;
use super::words::{contains, is_blank, is_module_line, is_word, word};

/// The text means different directives in different language modes, or is no text.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Lost;

/// Directives behind whose unfinished comment GCC and Clang go on alike; Clang takes the rest of others (`#error`) raw.
const CONTINUED_BY_COMMENT: [&[u8]; 14] = [
    b"define",
    b"undef",
    b"include",
    b"include_next",
    b"import",
    b"if",
    b"ifdef",
    b"ifndef",
    b"elif",
    b"elifdef",
    b"elifndef",
    b"else",
    b"endif",
    b"line",
];

/// The directives after which `<` begins a header name.
const NAMES_HEADER: [&[u8]; 5] = [b"include", b"include_next", b"import", b"embed", b"__include_macros"];

/// Reads a whole file.
pub(super) fn lex(source: &Source<'_>) -> Result<Findings, Lost> {
    let wordy = skip::may_hold_word(&source.text);
    let mut lexer =
        Lexer { text: &source.text, at: 0, spliced: source.spliced, wordy, found: Findings::default() };
    while lexer.at < lexer.text.len() {
        lexer.line()?;
    }
    Ok(lexer.found)
}

struct Lexer<'t> {
    text: &'t [u8],
    at: usize,
    spliced: bool,
    /// Whether words that count outside of directives may be in the text.
    wordy: bool,
    found: Findings,
}

impl<'t> Lexer<'t> {
    fn rest(&self) -> &'t [u8] {
        &self.text[self.at..]
    }

    fn peek(&self, ahead: usize) -> Option<u8> {
        self.text.get(self.at + ahead).copied()
    }

    /// One logical line, comments that begin on it included.
    fn line(&mut self) -> Result<(), Lost> {
        self.blanks_and_comments()?;
        match self.rest() {
            [b'#', ..] => self.directive(b"#"),
            [b'%', b':', ..] => self.directive(b"%:"),
            rest => {
                if matches!(rest, [b'e' | b'i' | b'm', ..]) && is_module_line(rest) {
                    self.found.hazards |= Hazards::MODULE;
                }
                self.text_line()
            }
        }
    }

    fn blanks_and_comments(&mut self) -> Result<(), Lost> {
        loop {
            match self.rest() {
                [byte, ..] if is_blank(*byte) => self.at += 1,
                [b'/', b'*', ..] => self.block_comment()?,
                _ => return Ok(()),
            }
        }
    }

    fn block_comment(&mut self) -> Result<(), Lost> {
        let body = &self.text[self.at + 2..];
        // Slashes are rarer in comments than stars.
        let end = memchr::memchr_iter(b'/', body).find(|&at| at > 0 && body[at - 1] == b'*').ok_or(Lost)?;
        self.at += end + 3;
        Ok(())
    }

    /// To the newline. Strict C90 has no such comments, and would see a block comment begin inside.
    fn line_comment(&mut self) -> Result<(), Lost> {
        let comment = self.rest_of_line(self.at);
        if contains(comment, b"/*") {
            return Err(Lost);
        }
        self.at += comment.len();
        Ok(())
    }

    /// The same in the text: block comments that also end inside leave C90 more text on this line, and nothing else.
    fn line_comment_in_text(&mut self) -> Result<(), Lost> {
        let comment = self.rest_of_line(self.at);
        let last = memchr::memmem::rfind(comment, b"/*");
        let closed = last.is_none_or(|open| contains(&comment[open + 2..], b"*/"));
        if !closed || last.is_some() && skip::may_hold_word(comment) {
            return Err(Lost);
        }
        self.at += comment.len();
        Ok(())
    }

    fn rest_of_line(&self, from: usize) -> &'t [u8] {
        let rest = &self.text[from..];
        &rest[..memchr::memchr(b'\n', rest).unwrap_or(rest.len())]
    }

    fn text_line(&mut self) -> Result<(), Lost> {
        loop {
            self.skip_plain();
            match self.peek(0) {
                None => return Ok(()),
                Some(b'\n') => {
                    self.at += 1;
                    return Ok(());
                }
                Some(b'/') => match self.peek(1) {
                    Some(b'*') => self.block_comment()?,
                    Some(b'/') => self.line_comment_in_text()?,
                    _ => self.at += 1,
                },
                Some(b'_') if self.begins_word(b"_Pragma") => self.pragma_operator()?,
                Some(byte) => self.token(byte)?,
            }
        }
    }

    fn skip_plain(&mut self) {
        self.at = if self.wordy {
            skip::end_before_words(self.text, self.at)
        } else {
            self.at + skip::len(self.rest())
        };
    }

    /// What is the same inside and outside of directives: literals and hazardous words.
    fn token(&mut self, byte: u8) -> Result<(), Lost> {
        match byte {
            b'"' if self.is_raw() => self.raw_string(),
            b'"' => {
                self.literal(b'"');
                Ok(())
            }
            b'\'' => self.apostrophe(),
            b'_' => {
                self.underscore();
                Ok(())
            }
            _ => {
                self.assembler_word();
                self.at += 1;
                Ok(())
            }
        }
    }

    fn begins_word(&self, expected: &[u8]) -> bool {
        self.rest().starts_with(expected) && word(self.rest()).len() == expected.len() && !self.behind_word()
    }

    fn behind_word(&self) -> bool {
        self.at > 0 && is_word(self.text[self.at - 1])
    }

    /// The identifier, number or literal prefix that ends here.
    fn word_before(&self) -> &'t [u8] {
        let before = &self.text[..self.at];
        let start = before.iter().rposition(|byte| !is_word(*byte)).map_or(0, |at| at + 1);
        &before[start..]
    }

    fn underscore(&mut self) {
        match self.rest() {
            [b'_', b'_', b'T' | b'D', ..] if !self.behind_word() => {
                self.found.hazards |= clock_word(word(self.rest()));
            }
            [b'_', b'm', ..] => self.note_macro_stack(),
            _ => {}
        }
        self.at += 1;
    }

    /// `push_macro` and `pop_macro` outside of a `#pragma` line.
    fn note_macro_stack(&mut self) {
        if word(self.rest()) == b"_macro" && matches!(self.word_before(), b"push" | b"pop") {
            self.found.hazards |= Hazards::TEXT;
        }
    }

    fn assembler_word(&mut self) {
        if incbin_around_b(self.text, self.at) || include_at_dot(self.text, self.at) {
            self.found.hazards |= Hazards::INCBIN;
        }
    }

    /// A string or character up to its end; unfinished ones end with their line (libcpp `lex_string`).
    fn literal(&mut self, quote: u8) {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\n' => return,
                b'\\' if matches!(self.peek(1), Some(b'"' | b'\'' | b'\\')) => self.at += 1,
                b'b' | b'B' | b'.' => self.assembler_word(),
                b'_' => self.note_macro_stack(),
                _ if byte == quote => {
                    self.at += 1;
                    return;
                }
                _ => {}
            }
            self.at += 1;
        }
    }

    /// A character, or a digit separator where the language has them (C++14, C23).
    fn apostrophe(&mut self) -> Result<(), Lost> {
        let before = self.word_before();
        if before.is_empty() || matches!(before, b"L" | b"u" | b"U" | b"u8") {
            self.literal(b'\'');
            return Ok(());
        }
        // Either way the line ends as a line does, unless something that outlasts it could begin behind.
        let rest = self.rest_of_line(self.at + 1);
        if contains(rest, b"R\"") || contains(rest, b"/*") {
            return Err(Lost);
        }
        self.at += 1;
        Ok(())
    }

    fn is_raw(&self) -> bool {
        matches!(self.word_before(), b"R" | b"LR" | b"uR" | b"UR" | b"u8R")
    }

    /// A raw string that ends where it would if `R` were a macro and the string a common one; lost on any other.
    fn raw_string(&mut self) -> Result<(), Lost> {
        let body = &self.text[self.at + 1..];
        let end = body.iter().position(|byte| matches!(byte, b'"' | b'\\' | b'\n')).ok_or(Lost)?;
        let open = memchr::memchr(b'(', &body[..end]).ok_or(Lost)?;
        let delimiter = &body[..open];
        let closed = body[open + 1..end].strip_suffix(delimiter).is_some_and(|inner| inner.ends_with(b")"));
        let odd = delimiter.len() > 16 || delimiter.iter().any(|byte| is_blank(*byte) || *byte == b')');
        if self.spliced || body[end] != b'"' || !closed || odd {
            return Err(Lost);
        }
        self.literal(b'"');
        Ok(())
    }

    /// `_Pragma("…")` in the text is as good as a directive.
    fn pragma_operator(&mut self) -> Result<(), Lost> {
        let start = self.at;
        self.at += b"_Pragma".len();
        self.expect(b'(')?;
        self.blanks_and_comments()?;
        if self.peek(0) != Some(b'"') {
            return Err(Lost);
        }
        self.literal(b'"');
        self.expect(b')')?;
        self.found.pragma_operator(&self.text[start..self.at]);
        Ok(())
    }

    fn expect(&mut self, byte: u8) -> Result<(), Lost> {
        self.blanks_and_comments()?;
        if self.peek(0) != Some(byte) {
            return Err(Lost);
        }
        self.at += 1;
        Ok(())
    }

    /// A directive up to its newline, comments made blanks.
    fn directive(&mut self, mark: &[u8]) -> Result<(), Lost> {
        self.found.begin_directive(mark);
        self.at += mark.len();
        let before = self.found.hazards;
        self.copy_blanks()?;
        let name = word(self.rest());
        self.copy(name.len());
        self.copy_blanks()?;
        if NAMES_HEADER.contains(&name) {
            self.header_name()?;
        }
        self.directive_rest(name)?;
        if name == b"pragma" {
            // Here the fingerprint holds what happens to the macros.
            self.found.hazards.forgive_text(before);
        }
        self.found.end_directive();
        Ok(())
    }

    fn copy(&mut self, len: usize) {
        self.found.directives.extend_from_slice(&self.text[self.at..self.at + len]);
        self.at += len;
    }

    fn copy_blanks(&mut self) -> Result<(), Lost> {
        let start = self.at;
        self.blanks_and_comments()?;
        if self.at > start {
            self.found.directives.push(b' ');
        }
        Ok(())
    }

    /// A header name has no escapes, comments or strings, but a skipped group is lexed as if it had.
    fn header_name(&mut self) -> Result<(), Lost> {
        let close = match self.peek(0) {
            Some(b'<') => b'>',
            Some(b'"') => b'"',
            _ => return Ok(()),
        };
        let line = self.rest_of_line(self.at + 1);
        let len = memchr::memchr(close, line).ok_or(Lost)?;
        let name = &line[..len];
        let odd = name.iter().any(|byte| matches!(byte, b'"' | b'\'' | b'\\'));
        let comment = close == b'>' && (contains(name, b"/*") || contains(name, b"//"));
        if odd || comment {
            return Err(Lost);
        }
        self.copy(len + 2);
        Ok(())
    }

    fn directive_rest(&mut self, name: &[u8]) -> Result<(), Lost> {
        loop {
            let start = self.at;
            self.skip_plain();
            self.found.directives.extend_from_slice(&self.text[start..self.at]);
            let token = self.at;
            match self.rest() {
                [] | [b'\n', ..] => {
                    self.at = self.text.len().min(self.at + 1);
                    return Ok(());
                }
                [b'/', b'*' | b'/', ..] => {
                    self.directive_comment(name)?;
                    continue;
                }
                [b'/', ..] => self.at += 1,
                [byte, ..] => self.token(*byte)?,
            }
            self.found.directives.extend_from_slice(&self.text[token..self.at]);
        }
    }

    fn directive_comment(&mut self, name: &[u8]) -> Result<(), Lost> {
        if self.found.is_inside_probe() {
            return Err(Lost);
        }
        let start = self.at;
        if self.peek(1) == Some(b'/') {
            return self.line_comment();
        }
        self.block_comment()?;
        if self.text[start..self.at].contains(&b'\n') && !CONTINUED_BY_COMMENT.contains(&name) {
            return Err(Lost);
        }
        self.found.directives.push(b' ');
        Ok(())
    }
}
