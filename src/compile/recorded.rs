//! What a record remembers of a command, be it a compile or a traced one, and how it is known again.

use std::path::PathBuf;

use crate::base::variable::Variable;
use crate::command::{self, normalise};
use crate::store::{Record, RecordId};

/// A command that a record may remember.
pub trait Recorded {
    /// Whether it is traced.
    const TRACED: bool;

    /// The program's absolute path.
    fn program(&self) -> &str;

    /// Its arguments, as a record has them.
    fn args(&self) -> &[String];

    /// The variables that it may listen to, sorted by name.
    fn environment(&self) -> &[Variable];

    /// The working directory, absolute.
    fn directory(&self) -> &str;

    /// The file that it makes first, or what else it is called by.
    fn product(&self) -> &str;

    /// By what it is known again when its arguments have changed: the sources of a compile or of a configure test, absolute.
    fn sources(&self) -> Vec<PathBuf> {
        Vec::new()
    }

    /// Whether a variable of the environment is one of those that it may listen to.
    fn keyed(name: &str) -> bool;

    /// The record's name when the same build has made what is called `id` by another command before.
    fn further_id(&self, id: RecordId, root: &str) -> RecordId {
        let variables = lasting(self.environment()).flat_map(|(name, value)| [name.as_str(), value]);
        let args = self.args().iter().map(String::as_str);
        let texts = std::iter::once(self.program()).chain(args).chain(variables);
        id.further(texts.map(|text| templated(text, root)))
    }

    /// Whether a record remembers this very command below `root`, but for the variables of the day and the terminal.
    fn is(&self, record: &Record, root: &str) -> bool {
        let now = lasting(self.environment()).map(|(name, value)| (name, templated(value, root)));
        record.traced.is_some() == Self::TRACED
            && record.compiler == self.program()
            && record.cwd == templated(self.directory(), root)
            && record.args.len() == self.args().len()
            && record.args.iter().zip(self.args()).all(|(old, arg)| *old == templated(arg, root))
            && lasting(&record.env).map(|(name, value)| (name, value.clone())).eq(now)
    }

    /// A record of the command alone: not of what it reads, makes or costs, nor of how it was used.
    fn record(&self, id: RecordId, root: &str) -> Record {
        let variable = |(name, value): &Variable| (name.clone(), templated(value, root));
        Record {
            id,
            compiler: self.program().to_owned(),
            args: self.args().iter().map(|arg| templated(arg, root)).collect(),
            cwd: templated(self.directory(), root),
            env: self.environment().iter().map(variable).collect(),
            ..Record::default()
        }
    }
}

/// The variables that tell one command from another: not those of the day, the terminal and the language.
pub fn lasting(environment: &[Variable]) -> impl Iterator<Item = &Variable> {
    environment.iter().filter(|(name, _)| !command::is_ambient(name))
}

/// A text with the project root taken out where that can be undone, else the text itself.
pub fn templated(text: &str, root: &str) -> String {
    normalise::to_template(text, root).unwrap_or_else(|| text.to_owned())
}
