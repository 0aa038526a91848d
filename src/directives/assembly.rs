//! Assembly: whether what a text gives the assembler can be read off it.
//!
//! A compiler that assembles by itself lists no file that `.incbin` or `.include` reads, and there are many ways to write these:
//! escapes, strings made of macros, macros of the assembler's own, operands. Whatever is not plainly without them counts as one.

use std::sync::LazyLock;

use memchr::memmem::Finder;

use super::words::{is_word, word};

/// The keyword's names.
const KEYWORDS: [&[u8]; 3] = [b"asm", b"__asm", b"__asm__"];
/// What may stand between it and its parenthesis.
const QUALIFIERS: [&[u8]; 7] =
    [b"volatile", b"__volatile__", b"__volatile", b"goto", b"inline", b"__inline", b"__inline__"];
/// Words that may stand before a statement; any other makes what follows the name of a symbol (`int f(void) __asm__("g")`).
const BEFORE_STATEMENT: [&[u8]; 4] = [b"else", b"do", b"extern", b"static"];
/// Heads of statements whose parentheses a statement may follow.
const HEADS: [&[u8]; 4] = [b"if", b"while", b"for", b"switch"];
/// Directives that read a file, or make others of pieces (GNU as manual, "Pseudo Ops").
const DIRECTIVES: [&[u8]; 6] = [b"incbin", b"include", b"macro", b"irpc", b"rept", b"altmacro"];

/// Whether what a text of C or C++ gives the assembler cannot be read off it.
pub(super) fn is_unclear(text: &[u8]) -> bool {
    static ASM: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new("asm"));
    let has_keyword = ASM.find_iter(text).any(|at| {
        let begin = text[..at].iter().rposition(|byte| !is_word(*byte)).map_or(0, |before| before + 1);
        KEYWORDS.contains(&word(&text[begin..]))
    });
    has_keyword && Reader { text, at: 0, line: Line::default() }.finds_unclear()
}

/// A part of a text that means something.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Token<'t> {
    Word(&'t [u8]),
    /// What is between the quotes, as written.
    Text(&'t [u8]),
    Sign(u8),
    /// The end of a line on which a directive stands.
    End,
}

/// The directive that a text is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Line<'t> {
    /// None.
    #[default]
    Plain,
    /// One, its name to come.
    Directive,
    /// A definition, its name to come.
    Definition,
    /// The definition of this macro.
    Of(&'t [u8]),
    /// Any other.
    Other,
}

struct Reader<'t> {
    text: &'t [u8],
    at: usize,
    line: Line<'t>,
}

impl<'t> Reader<'t> {
    fn finds_unclear(&mut self) -> bool {
        let mut before = None;
        // For each open parenthesis, whether a statement may follow it.
        let mut heads = Vec::new();
        let mut follows = true;
        while let Some(token) = self.next() {
            match token {
                Token::Word(name) if KEYWORDS.contains(&name) && !self.is_name_of_macro(before) => {
                    if self.keyword(follows) {
                        return true;
                    }
                    follows = false;
                }
                Token::Word(name) => {
                    follows = BEFORE_STATEMENT.contains(&name) || self.is_name_of_macro(before);
                }
                Token::Sign(b'(') => {
                    heads.push(matches!(before, Some(Token::Word(name)) if HEADS.contains(&name) || self.line == Line::Of(name)));
                    follows = true;
                }
                Token::Sign(b')') => follows = heads.pop().unwrap_or(true),
                Token::Sign(sign) => follows = sign != b']',
                Token::Text(_) => follows = false,
                Token::End => follows = true,
            }
            before = Some(token);
        }
        false
    }

    /// Whether the word that was read just now is the name of a macro that is defined or asked for.
    fn is_name_of_macro(&self, before: Option<Token<'t>>) -> bool {
        matches!(before, Some(Token::Word(b"define" | b"undef" | b"ifdef" | b"ifndef" | b"defined")))
            && self.line != Line::Plain
    }

    /// What follows the keyword; `statement` unless it gives a symbol its name.
    fn keyword(&mut self, statement: bool) -> bool {
        let mut qualified = false;
        let mut rest = Reader { text: self.text, at: self.at, line: self.line };
        let next = loop {
            match rest.next() {
                Some(Token::Word(word)) if QUALIFIERS.contains(&word) => qualified = true,
                next => break next,
            }
            (self.at, self.line) = (rest.at, rest.line);
        };
        if next == Some(Token::Sign(b'(')) {
            (self.at, self.line) = (rest.at, rest.line);
            return self.template(statement || qualified);
        }
        // By itself it is what another name stands for; or Microsoft's, which few compilers take.
        let is_definition = matches!(self.line, Line::Of(name) if !KEYWORDS.contains(&name));
        is_definition || next == Some(Token::Sign(b'{'))
    }

    /// The strings up to the first colon or the closing parenthesis.
    fn template(&mut self, statement: bool) -> bool {
        let mut whole = Vec::new();
        let mut depth = 0;
        loop {
            match self.next() {
                Some(Token::Text(text)) => {
                    if has_odd_escape(text) {
                        return true;
                    }
                    whole.extend_from_slice(text);
                }
                Some(Token::Sign(b'(')) => depth += 1,
                Some(Token::Sign(b')')) if depth > 0 => depth -= 1,
                Some(Token::Sign(b')' | b':')) => break,
                // What a macro stands for, or is made a string.
                Some(Token::Word(_) | Token::Sign(_)) if statement => return true,
                Some(Token::Word(_) | Token::Sign(_)) => {}
                Some(Token::End) | None => return statement,
            }
        }
        has_directive(&whole)
    }

    /// The next part, comments and blanks left out.
    fn next(&mut self) -> Option<Token<'t>> {
        loop {
            let rest = &self.text[self.at..];
            match rest {
                [] => return None,
                [b'\\', b'\n', ..] => self.at += 2,
                [b'\\', b'\r', b'\n', ..] => self.at += 3,
                [b'/', b'/', ..] => self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len()),
                [b'/', b'*', ..] => {
                    let end = memchr::memmem::find(&rest[2..], b"*/").map_or(rest.len(), |end| end + 4);
                    self.at += end;
                }
                [b'\n', ..] => {
                    self.at += 1;
                    if std::mem::take(&mut self.line) != Line::Plain {
                        return Some(Token::End);
                    }
                }
                [byte, ..] if byte.is_ascii_whitespace() => self.at += 1,
                [b'#', ..] if self.line == Line::Plain => {
                    self.at += 1;
                    self.line = Line::Directive;
                }
                [quote @ (b'"' | b'\''), ..] => return Some(self.literal(*quote)),
                [byte, ..] if is_word(*byte) => return Some(self.word()),
                [sign, ..] => {
                    self.at += 1;
                    return Some(Token::Sign(*sign));
                }
            }
        }
    }

    fn word(&mut self) -> Token<'t> {
        let name = word(&self.text[self.at..]);
        self.at += name.len();
        // A string's prefix is a part of it; a raw one is plain in its own way.
        if matches!(name, b"L" | b"u" | b"U" | b"u8") && self.text.get(self.at) == Some(&b'"') {
            return self.literal(b'"');
        }
        self.line = match self.line {
            Line::Directive if name == b"define" => Line::Definition,
            Line::Directive => Line::Other,
            Line::Definition => Line::Of(name),
            line => line,
        };
        Token::Word(name)
    }

    /// A literal, to its end or the line's. Of characters, only that there is one counts.
    fn literal(&mut self, quote: u8) -> Token<'t> {
        let begin = self.at + 1;
        let mut at = begin;
        while let Some(&byte) = self.text.get(at) {
            match byte {
                b'\\' => at += 1,
                b'\n' => break,
                _ if byte == quote => break,
                _ => {}
            }
            at += 1;
        }
        let end = at.min(self.text.len());
        self.at = if self.text.get(end) == Some(&quote) { end + 1 } else { end };
        if quote == b'"' { Token::Text(&self.text[begin..end]) } else { Token::Sign(quote) }
    }
}

/// Whether a string has an escape that may stand for a letter, or for the backslash by which the assembler's macros take their
/// arguments.
fn has_odd_escape(text: &[u8]) -> bool {
    let mut rest = text;
    while let Some(at) = memchr::memchr(b'\\', rest) {
        let plain = matches!(
            rest.get(at + 1),
            None | Some(b'n' | b't' | b'r' | b'v' | b'f' | b'"' | b'\'' | b'\n' | b'\r')
        );
        if !plain {
            return true;
        }
        rest = rest.get(at + 2..).unwrap_or_default();
    }
    false
}

/// Whether a template has one of the directives, or the beginning of one that something else completes: an operand (`.inc%0`), one of
/// several dialects (`.inc{bin|}`), or another string.
fn has_directive(template: &[u8]) -> bool {
    memchr::memchr_iter(b'.', template).any(|dot| {
        let name = &template[dot + 1..];
        let name = &name[..name.iter().position(|byte| !is_word(*byte)).unwrap_or(name.len())];
        let next = template.get(dot + 1 + name.len());
        let begins = |directive: &&[u8]| {
            directive.get(..name.len()).is_some_and(|begin| begin.eq_ignore_ascii_case(name))
        };
        let completed = matches!(next, Some(b'%' | b'{' | b'|' | b'}' | b'$'));
        name.len() > 2 && DIRECTIVES.iter().any(begins) || completed && DIRECTIVES.iter().any(begins)
    })
}
