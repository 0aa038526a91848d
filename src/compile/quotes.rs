//! Quotes: of which files GCC's messages show lines.

/// Whether every file that `messages` may quote is one that the compile `read`. False where that cannot be told.
///
/// GCC shows lines only below a line that names their file and a number (GCC manual, "Options to Control Diagnostic Messages
/// Formatting"). An analyser's events and generated patches are the exceptions.
pub(super) fn are_of_read_files(messages: &[u8], read: impl Fn(&str) -> bool) -> bool {
    let Ok(text) = std::str::from_utf8(messages) else { return false };
    text.lines().all(|line| {
        let elsewhere = line.starts_with("--- ") || line.contains("event");
        !elsewhere && names_only(line, &read)
    })
}

/// Whether whatever could be the name of a file before a line number, such as `a.c:3:5`, is that of one that was read.
fn names_only(line: &str, read: &impl Fn(&str) -> bool) -> bool {
    let mut rest = line;
    while let Some((name, after)) = next_place(rest) {
        let beginnings = ["from ", " at "].map(|word| name.rsplit(word).next().unwrap_or(name));
        if !read(name.trim_start()) && !beginnings.iter().any(|name| read(name)) {
            return false;
        }
        rest = after;
    }
    true
}

/// The text before the first `:` and number, and what follows these and a column.
fn next_place(line: &str) -> Option<(&str, &str)> {
    let number = |text: &str| text.starts_with(|first: char| first.is_ascii_digit());
    let (at, _) = line.match_indices(':').find(|(at, _)| number(&line[at + 1..]))?;
    let mut after = &line[at..];
    while let Some(rest) = after.strip_prefix(':').filter(|rest| number(rest)) {
        after = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
    }
    Some((&line[..at], after))
}

#[cfg(test)]
mod tests {
    use super::are_of_read_files;

    #[test]
    fn only_files_that_were_read_may_be_quoted() {
        let told =
            |messages: &str| are_of_read_files(messages.as_bytes(), |name| ["a.c", "b.h"].contains(&name));
        let inlined = "In function \u{2018}f\u{2019},\n    inlined from \u{2018}g\u{2019} at a.c:5:2:\nb.h:3:6: warning: failed [-Winline]\n";
        assert!(told(inlined));
        assert!(told(
            "In file included from b.h:1,\n                 from a.c:2:\na.c:7:5: warning: x\n    7 | int x;\n"
        ));
        assert!(told("a.c: In function \u{2018}f\u{2019}:\n"));
        for other in [
            "a.c:5:2: warning: x\ng.y:7:1: note: y\n",
            "In file included from g.y:1,\n                 from a.c:2:\n",
            "    inlined from \u{2018}g\u{2019} at g.y:5:2:\n",
            "\u{1b}[01m\u{1b}[Ka.c:5:2:\u{1b}[m\u{1b}[K warning: x\n",
            "--- g.y\n",
            "  \u{2018}f\u{2019}: events 1-2\n",
        ] {
            assert!(!told(other), "{other}");
        }
        assert!(!are_of_read_files(b"\xff", |_| true));
    }
}
