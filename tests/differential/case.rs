//! A case: a command, and what happens to its tree between two runs of it.

/// A command line with all that it is run in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Command {
    /// The compiler's name or path, as a build would write it.
    pub(crate) compiler: String,
    pub(crate) args: Vec<String>,
    /// Variables that are set for it.
    pub(crate) variables: Vec<(String, String)>,
    /// What it reads from its standard input.
    pub(crate) input: String,
    /// A shell script in place of all that, in which `$S` stands before each compiler.
    pub(crate) script: Option<String>,
}

impl Command {
    /// A command as a shell would read it: `NAME=value … compiler argument…`, without the shell's own expansions.
    pub(crate) fn of_line(line: &str) -> Self {
        let words = shell_words::split(line).expect("a command line");
        let is_variable = |word: &&String| {
            word.split_once('=')
                .is_some_and(|(name, _)| name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_'))
        };
        let pair =
            |word: &String| word.split_once('=').map(|(name, value)| (name.to_owned(), value.to_owned()));
        let variables: Vec<_> = words.iter().take_while(is_variable).filter_map(pair).collect();
        let (compiler, args) = words[variables.len()..].split_first().expect("a compiler");
        Self {
            compiler: compiler.clone(),
            args: args.to_vec(),
            variables,
            input: "int from_stdin = 1;\n".to_owned(),
            script: None,
        }
    }

    /// A script that runs compilers, each with `$S` before it.
    pub(crate) fn of_script(script: &str) -> Self {
        Self { script: Some(script.to_owned()), ..Self::of_line("sh") }
    }

    /// Whether the compiler will say how long it took and how much memory: something else each time, now and then by chance
    /// the same.
    pub(crate) fn reports(&self) -> bool {
        self.args.iter().any(|arg| matches!(arg.as_str(), "-Q" | "-time" | "-ftime-report"))
    }

    /// Whether two objects of the same sources may differ, and either will do.
    pub(crate) fn is_seeded(&self) -> bool {
        self.args.iter().any(|arg| SEEDED.iter().any(|seeded| arg.starts_with(seeded)))
    }
}

/// Options after which GCC puts random numbers or the time of day into an object, only to tell it from others.
const SEEDED: &[&str] = &["--coverage", "-ftest-coverage", "-fprofile-arcs", "-fprofile-generate", "-flto"];

/// One thing that happens between two runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Change {
    /// A shell script that is run in the tree.
    Tree(String),
    /// One more argument.
    Argument(String),
    /// What it reads from its standard input.
    Input(String),
    /// A variable that is set.
    Variable(String, String),
}

/// A command and its changes.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    pub(crate) command: Command,
    /// Run in the fresh tree first, by the shell.
    pub(crate) setup: String,
    pub(crate) changes: Vec<Change>,
    /// Whether the session of a run is opened before the change: what was launched then is stale.
    pub(crate) opened_early: bool,
}
