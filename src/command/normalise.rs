//! Arguments with the project root taken out, and put back.

/// What stands for the project root.
pub(crate) const MARK: &str = "{root}";

/// The options that a path may follow in the same word without a separator.
const JOINED: &[&str] = &[
    "-I",
    "-L",
    "-isystem",
    "-iquote",
    "-idirafter",
    "-isysroot",
    "-include",
    "-imacros",
    "-B",
    "-F",
    "-T",
    "-o",
    "-MF",
    "-MT",
    "-MQ",
];

/// Returns `arg` with every absolute path below `root` written as `{root}/…`; `None` if it has `{root}` in it already.
///
/// Only `root` as whole leading path components counts: `/a/bc` is not below `/a/b`, nor is `/x/a/b`.
pub fn to_template(arg: &str, root: &str) -> Option<String> {
    if arg.contains(MARK) {
        return None;
    }
    let root = root.trim_end_matches('/');
    if root.is_empty() {
        return Some(arg.to_owned());
    }
    let mut template = String::with_capacity(arg.len());
    let mut kept = 0;
    for (at, _) in arg.match_indices(root) {
        if at >= kept && begins_path(&arg[..at]) && ends_component(&arg[at + root.len()..]) {
            template.push_str(&arg[kept..at]);
            template.push_str(MARK);
            kept = at + root.len();
        }
    }
    template.push_str(&arg[kept..]);
    Some(template)
}

/// Returns the argument that [`to_template`] made `template` of, for the same or another `root`.
pub fn from_template(template: &str, root: &str) -> String {
    template.replace(MARK, root.trim_end_matches('/'))
}

fn begins_path(before: &str) -> bool {
    before.is_empty()
        || before.ends_with(['=', '"', '\'', ':', ',', ';', ' ', '(', '@'])
        || JOINED.contains(&before)
}

fn ends_component(after: &str) -> bool {
    after.is_empty() || after.starts_with(['/', '=', '"', '\'', ':', ',', ';', ' ', ')', '\\'])
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn paths_below_the_root_are_found_wherever_they_stand() {
        for (arg, template) in [
            ("/r/p/a.c", "{root}/a.c"),
            ("-I/r/p", "-I{root}"),
            ("-DX=\"/r/p/share\"", "-DX=\"{root}/share\""),
            ("-fdebug-prefix-map=/r/p=/r/p/x", "-fdebug-prefix-map={root}={root}/x"),
            ("-Wp,-MD,/r/p/.a.d", "-Wp,-MD,{root}/.a.d"),
            ("-I/r/pp", "-I/r/pp"),
            ("/x/r/p/a.c", "/x/r/p/a.c"),
            ("-DX=a/r/p/b", "-DX=a/r/p/b"),
        ] {
            assert_eq!(to_template(arg, "/r/p").as_deref(), Some(template), "{arg}");
            assert_eq!(from_template(template, "/r/p"), arg);
        }
        assert_eq!(to_template("-DX={root}", "/r/p"), None);
        assert_eq!(from_template("-I{root}/x", "/elsewhere"), "-I/elsewhere/x");
        assert_eq!(to_template("/a", "/").as_deref(), Some("/a"));
    }

    proptest! {
        #[test]
        fn from_undoes_to(arg in "[-I=/ab{}rot\":,]{0,24}", root in "(/[abr]{1,2}){0,3}") {
            if let Some(template) = to_template(&arg, &root) {
                prop_assert_eq!(from_template(&template, &root), arg);
            }
        }

        #[test]
        fn from_undoes_to_for_any_text(arg in ".*", root in "/.*") {
            if let Some(template) = to_template(&arg, &root) {
                prop_assert_eq!(from_template(&template, &root), arg);
            }
        }
    }
}
