//! Macros that a command line defines: what a source would have said.

/// The definitions of all macros that `words`, response files expanded, define: a line each.
pub(super) fn defined(words: &[String]) -> String {
    let mut text = String::new();
    let mut words = words.iter();
    while let Some(word) = words.next() {
        let list = word.strip_prefix("-Wp,").unwrap_or_default();
        let handed_on = list.split(',').filter_map(|part| part.strip_prefix("-D"));
        let separate = matches!(word.as_str(), "-D" | "--define-macro");
        let own = match (separate, word.strip_prefix("--define-macro=").or(word.strip_prefix("-D"))) {
            // `-Xpreprocessor -D -Xpreprocessor A=1` as well.
            (true, _) => words.by_ref().find(|word| *word != "-Xpreprocessor").map(String::as_str),
            (false, own) => own,
        };
        for macro_ in own.into_iter().chain(handed_on) {
            text.push_str("#define ");
            text.push_str(&macro_.replacen('=', " ", 1));
            text.push('\n');
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::defined;

    #[test]
    fn all_ways_to_define_are_known() {
        let words = shell_words::split(
            "-DA=1 -D B -c --define-macro C=x=y '-DD(a,b)=a##b' -Wp,-DE=2,-MD,x,-DF -Xpreprocessor -D -Xpreprocessor G=3 -Dx",
        );
        let expected = "#define A 1\n#define B\n#define C x=y\n#define D(a,b) a##b\n#define E 2\n#define F\n#define G 3\n#define x\n";
        assert_eq!(defined(&words.unwrap()), expected);
    }
}
