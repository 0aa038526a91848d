//! A change of one command, put so that it can be made to others: `-O2` to `-O1`, another `-D`, another folder.

use similar::{Algorithm, DiffOp, capture_diff_slices};

use crate::base::variable::Variable;

/// Words of a command beyond which it is not compared: comparing takes the product of both lengths.
const MOST_WORDS: usize = 4096;

/// A command as a record has it: everything templated.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words {
    /// The compiler's path.
    pub compiler: String,
    /// The working directory.
    pub directory: String,
    /// The arguments.
    pub args: Vec<String>,
    /// The environment variables that matter.
    pub environment: Vec<Variable>,
}

/// What makes one command out of another.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Rewrite {
    compiler: Option<(String, String)>,
    /// The variables of the one that are not those of the other, and the other's. Nothing where they are the same.
    environment: Option<[Vec<Variable>; 2]>,
    /// Leading folders of paths, and what takes their place.
    folders: Vec<(String, String)>,
    replacements: Vec<Replacement>,
}

/// Words that take the place of others.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Replacement {
    old: Vec<String>,
    new: Vec<String>,
    /// The words on both sides, as far as the commands that were seen agree on them.
    between: [Neighbour; 2],
}

/// What stands beside a replaced word.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Neighbour {
    /// Nothing: it is the first or the last.
    End,
    Word(String),
    /// One thing here and another there.
    Any,
}

impl Neighbour {
    fn at(args: &[String], place: Option<usize>) -> Self {
        place.and_then(|place| args.get(place)).map_or(Self::End, |word| Self::Word(word.clone()))
    }

    fn or(&self, other: &Self) -> Self {
        if self == other { self.clone() } else { Self::Any }
    }

    fn allows(&self, found: &Self) -> bool {
        *self == Self::Any || self == found
    }
}

impl Rewrite {
    /// What makes `new` out of `old`; nothing where they are the same, or too long to be compared.
    pub fn between(old: &Words, new: &Words) -> Option<Self> {
        if old == new || old.args.len().max(new.args.len()) > MOST_WORDS {
            return None;
        }
        let folders = folders(old, new);
        let args: Vec<String> = old.args.iter().map(|word| moved(word, &folders)).collect();
        if moved(&old.directory, &folders) != new.directory {
            return None;
        }
        let other = |one: &String, other: &String| (one != other).then(|| (one.clone(), other.clone()));
        let environment = (old.environment != new.environment).then(|| {
            let only = |one: &[Variable], other: &[Variable]| -> Vec<_> {
                one.iter().filter(|pair| !other.contains(pair)).cloned().collect()
            };
            [only(&old.environment, &new.environment), only(&new.environment, &old.environment)]
        });
        let replacements = changes(&args, &new.args).map(|(old, new, begin, end)| Replacement {
            old: old.to_vec(),
            new: new.to_vec(),
            between: [Neighbour::at(&args, begin.checked_sub(1)), Neighbour::at(&args, Some(end))],
        });
        let rewrite = Self {
            replacements: replacements.collect(),
            compiler: other(&old.compiler, &new.compiler),
            environment,
            folders,
        };
        // Of equal places it takes the first, which may be another one.
        (rewrite.apply(old).as_ref() == Some(new)).then_some(rewrite)
    }

    /// What both have in common, if they are the same change at places that may differ.
    pub fn agreed(&self, other: &Self) -> Option<Self> {
        let same = self.compiler == other.compiler
            && self.environment == other.environment
            && self.folders == other.folders
            && self.replacements.len() == other.replacements.len();
        let pairs = self.replacements.iter().zip(&other.replacements);
        let agree = |(one, other): (&Replacement, &Replacement)| {
            let [before, after] = [0, 1].map(|side| one.between[side].or(&other.between[side]));
            let between = [before, after];
            (one.old == other.old && one.new == other.new).then(|| Replacement { between, ..one.clone() })
        };
        let replacements = same.then(|| pairs.map(agree).collect::<Option<_>>())??;
        Some(Self { replacements, ..self.clone() })
    }

    /// The command that comes of `command`; nothing where the change has no place in it, or changes nothing.
    pub fn apply(&self, command: &Words) -> Option<Words> {
        let moved = |word: &String| moved(word, &self.folders);
        let compiler = match &self.compiler {
            Some((old, new)) => (*old == command.compiler).then(|| new.clone())?,
            None => command.compiler.clone(),
        };
        let mut environment = command.environment.clone();
        if let Some([without, with]) = &self.environment {
            if !without.iter().all(|pair| environment.contains(pair)) {
                return None;
            }
            environment.retain(|pair| !without.contains(pair));
            environment.extend(with.iter().cloned());
            environment.sort_unstable();
        }
        let mut args: Vec<String> = command.args.iter().map(moved).collect();
        let mut done = 0;
        for replacement in &self.replacements {
            let begin = replacement.place(&args, done)?;
            args.splice(begin..begin + replacement.old.len(), replacement.new.iter().cloned());
            done = begin + replacement.new.len();
        }
        let made = Words { compiler, directory: moved(&command.directory), args, environment };
        (made != *command).then_some(made)
    }
}

impl Replacement {
    /// Where its words are in `args`, from `done` on: between the same words, or, for want of such a place, where it has the same
    /// before, or behind it. What adds words needs at least one of the two.
    fn place(&self, args: &[String], done: usize) -> Option<usize> {
        let last = args.len().checked_sub(self.old.len())?;
        let places = || {
            (done..=last).filter(|&begin| args.get(begin..).is_some_and(|rest| rest.starts_with(&self.old)))
        };
        let around = |begin: usize| {
            let end = begin + self.old.len();
            [Neighbour::at(args, begin.checked_sub(1)), Neighbour::at(args, Some(end))]
        };
        let fits = |begin: usize, side: usize| self.between[side].allows(&around(begin)[side]);
        let known = |side: usize| self.between[side] != Neighbour::Any;
        let both = (known(0) || known(1)).then(|| places().find(|&begin| fits(begin, 0) && fits(begin, 1)));
        both.flatten()
            .or_else(|| places().find(|&begin| known(0) && fits(begin, 0)))
            .or_else(|| places().find(|&begin| known(1) && fits(begin, 1)))
            .or_else(|| places().find(|_| !self.old.is_empty()))
    }
}

/// The runs of words in which two commands differ: the old ones, the new ones, and where the old ones begin and end.
fn changes<'a>(
    old: &'a [String],
    new: &'a [String],
) -> impl Iterator<Item = (&'a [String], &'a [String], usize, usize)> {
    capture_diff_slices(Algorithm::Myers, old, new).into_iter().filter_map(|op| {
        let (from, to) = (op.old_range(), op.new_range());
        let changed = !matches!(op, DiffOp::Equal { .. });
        changed.then(|| Some((old.get(from.clone())?, new.get(to)?, from.start, from.end)))?
    })
}

/// The folders that were renamed: where as many words take the place of as many, and each pair has the end of a path in common.
fn folders(old: &Words, new: &Words) -> Vec<(String, String)> {
    let whole = || Some((old.directory.clone(), new.directory.clone()));
    let directory = (old.directory != new.directory)
        .then(|| folder(&old.directory, &new.directory).or_else(whole))
        .flatten();
    let words = changes(&old.args, &new.args)
        .filter(|(old, new, ..)| old.len() == new.len())
        .flat_map(|(old, new, ..)| old.iter().zip(new));
    let mut folders: Vec<(String, String)> = Vec::new();
    for folder in directory.into_iter().chain(words.filter_map(|(old, new)| folder(old, new))) {
        if !folders.contains(&folder) {
            folders.push(folder);
        }
    }
    // A folder that has become two is no rename.
    let twice = |one: &(String, String)| folders.iter().filter(|other| other.0 == one.0).count() > 1;
    let (doubtful, mut folders): (Vec<_>, Vec<_>) = folders.clone().into_iter().partition(twice);
    folders.retain(|one| !doubtful.iter().any(|other| other.0 == one.0));
    folders
}

/// The folder that is another in `new` than in `old`, two words that name one path else.
fn folder(old: &str, new: &str) -> Option<(String, String)> {
    let (option, old) = path_of(old);
    let (other, new) = path_of(new);
    let (mut from, mut to) = (old, new);
    while let (Some((above, last)), Some((above_new, last_new))) =
        (from.rsplit_once('/'), to.rsplit_once('/'))
        && last == last_new
    {
        (from, to) = (above, above_new);
    }
    let renamed =
        option == other && from != to && from.len() < old.len() && !from.is_empty() && !to.is_empty();
    renamed.then(|| (from.to_owned(), to.to_owned()))
}

/// A word as the option and the path that it has: `-I`, `-MF`, `-Dx=`, `-Wp,-MD,`.
fn path_of(word: &str) -> (&str, &str) {
    if !word.starts_with('-') {
        return ("", word);
    }
    let joined = ["-isystem", "-iquote", "-idirafter", "-include", "-MF", "-MT", "-MQ", "-I", "-L", "-o"];
    let begin = word.rfind(['=', ',']).map(|place| place + 1);
    let begin =
        begin.or_else(|| joined.iter().find(|option| word.starts_with(**option)).map(|option| option.len()));
    word.split_at(begin.unwrap_or(word.len()))
}

/// A word in the folders that its path is in now.
fn moved(word: &str, folders: &[(String, String)]) -> String {
    let (option, path) = path_of(word);
    let below = folders.iter().find_map(|(old, new)| {
        let rest = path.strip_prefix(old.as_str())?;
        (rest.is_empty() || rest.starts_with('/')).then(|| format!("{option}{new}{rest}"))
    });
    below.unwrap_or_else(|| word.to_owned())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn words(line: &str) -> Words {
        let args = line.split(' ').filter(|word| !word.is_empty()).map(str::to_owned).collect();
        Words { compiler: "/usr/bin/cc".into(), directory: "{root}/b".into(), args, environment: Vec::new() }
    }

    /// What comes of `third` when `old` has become `new`.
    fn carried(old: &str, new: &str, third: &str) -> Option<String> {
        let made = Rewrite::between(&words(old), &words(new))?.apply(&words(third))?;
        Some(made.args.join(" "))
    }

    #[test]
    fn a_change_is_made_to_others() {
        for (old, new, third, made) in [
            ("-O2 -c a.c -o a.o", "-O1 -c a.c -o a.o", "-O2 -c b.c -o b.o", "-O1 -c b.c -o b.o"),
            ("-O2 -c a.c -o a.o", "-O1 -c a.c -o a.o", "-DX -O2 -g -c b.c", "-DX -O1 -g -c b.c"),
            ("-O2 -c a.c -o a.o", "-O2 -DX -c a.c -o a.o", "-O2 -c b.c -o b.o", "-O2 -DX -c b.c -o b.o"),
            ("-DX -O2 -c a.c", "-O2 -c a.c", "-DY -DX -O2 -c b.c", "-DY -O2 -c b.c"),
            ("-O2 -c a.c", "-O1 -c a.c -g", "-O2 -c b.c", "-O1 -c b.c -g"),
            ("-c s/a.c -o s/a.o", "-c t/a.c -o t/a.o", "-Is -c s/b.c -o s/b.o", "-It -c t/b.c -o t/b.o"),
            (
                "-MF o/.d/a.d -c ../a.c -o o/a.o",
                "-MF p/.d/a.d -c ../a.c -o p/a.o",
                "-MF o/.d/b.d -c ../b.c -o o/b.o",
                "-MF p/.d/b.d -c ../b.c -o p/b.o",
            ),
        ] {
            assert_eq!(carried(old, new, third).as_deref(), Some(made), "{old} to {new}");
        }
    }

    #[test]
    fn where_it_has_no_place_nothing_is_made() {
        assert_eq!(carried("-O2 -c a.c", "-O1 -c a.c", "-O3 -c b.c"), None);
        assert_eq!(carried("-O2 -c a.c", "-O2 -c a.c", "-O2 -c b.c"), None, "it is no change");
    }

    #[test]
    fn commands_agree_on_a_change_at_different_places() {
        let one = Rewrite::between(&words("-c a.c -o a.o"), &words("-c a.c -g -o a.o")).expect("a change");
        let other = Rewrite::between(&words("-c b.c -o b.o"), &words("-c b.c -g -o b.o")).expect("a change");
        let agreed = one.agreed(&other).expect("both add -g");
        let made = agreed.apply(&words("-c c.c -o c.o")).expect("it has a place");
        assert_eq!(made.args.join(" "), "-c c.c -g -o c.o");
        let another = Rewrite::between(&words("-c c.c"), &words("-c c.c -O1")).expect("a change");
        assert_eq!(one.agreed(&another), None);
    }

    #[test]
    fn compilers_directories_and_variables_change_too() {
        let mut new = words("-c a.c");
        new.compiler = "/usr/bin/clang".into();
        new.directory = "{root}/other".into();
        new.environment = vec![("CPATH".into(), "x".into())];
        let rewrite = Rewrite::between(&words("-c a.c"), &new).expect("a change");
        let mut below = words("-c b.c");
        below.directory = "{root}/b/below".into();
        let made = rewrite.apply(&below).expect("it has a place");
        assert_eq!(
            (made.compiler.as_str(), made.directory.as_str()),
            ("/usr/bin/clang", "{root}/other/below")
        );
        assert_eq!(made.environment, new.environment);
    }

    proptest! {
        #[test]
        fn any_change_of_words_that_are_there_once_is_seen(
            old in proptest::sample::subsequence(vec!["a", "-b", "-O2", "-Dx", "e", "f"], 0..6).prop_shuffle(),
            new in proptest::sample::subsequence(vec!["a", "-b", "-O2", "-Dy", "e", "g"], 0..6).prop_shuffle(),
        ) {
            let (old, new) = (words(&old.join(" ")), words(&new.join(" ")));
            prop_assert_eq!(Rewrite::between(&old, &new).is_some(), old != new);
        }
    }
}
