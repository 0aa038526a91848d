//! Where a session builds: its root and its environment, and what a command of it would run with.

use std::collections::{BTreeMap, HashMap};

use super::call::Call;
use super::predict::Predicted;
use crate::base::variable::Variable;
use crate::command::{self, normalise};
use crate::inputs::snapshot::Snapshot;

/// Where a session builds.
#[derive(Debug)]
pub struct Site {
    /// The project root, absolute.
    pub root: String,
    /// The environment of the whole session, as `name`, `value`.
    pub environment: Vec<Variable>,
}

impl Site {
    /// The environment to run a call in: the session's, with the call's own variables in place of those that count.
    pub fn environment_of(&self, call: &Call) -> Vec<Variable> {
        self.environment_for(&call.environment, command::keyed, &call.directory)
    }

    /// The session's environment, with `own` in place of the variables that are `keyed`, for a run in `directory`.
    pub fn environment_for(
        &self,
        own: &[Variable],
        keyed: fn(&str) -> bool,
        directory: &str,
    ) -> Vec<Variable> {
        let mut environment: HashMap<&str, &str> = self
            .environment
            .iter()
            .filter(|(name, _)| !keyed(name) && !name.starts_with("SPEC_CC_"))
            .map(|(name, value)| (name.as_str(), value.as_str()))
            .collect();
        // The jobserver's descriptors are not here.
        environment.retain(|name, _| !matches!(*name, "MAKEFLAGS" | "MFLAGS" | "MAKELEVEL"));
        for (name, value) in own {
            environment.insert(name, value);
        }
        // The compiler records this spelling of the working directory when it names the same folder.
        environment.insert("PWD", directory);
        environment.into_iter().map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
    }

    /// A record's variables as its command will have them in this session, sorted by name: those of the day and the terminal are the
    /// session's where that has them, that of the language is not.
    pub fn recorded(&self, record: &[Variable], keyed: fn(&str) -> bool) -> Vec<Variable> {
        let back = |(name, value): &Variable| (name.clone(), normalise::from_template(value, &self.root));
        let is_todays = |name: &str| keyed(name) && command::is_of_the_session(name);
        let today = self.environment.iter().filter(|(name, _)| is_todays(name));
        let mut variables: BTreeMap<String, String> = record.iter().map(back).collect();
        variables.extend(today.cloned());
        variables.into_iter().collect()
    }

    /// Where and with what a call of the session runs once the build has made what it is expected to.
    pub fn context<'a>(&'a self, predicted: &'a [Predicted]) -> Context<'a> {
        Context { path: self.path(), root: &self.root, predicted }
    }

    /// The search path for programs.
    pub fn path(&self) -> Option<&str> {
        self.environment.iter().find(|(name, _)| name == "PATH").map(|(_, value)| value.as_str())
    }
}

/// Where and with what a call would run now.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// The search path for programs.
    pub path: Option<&'a str>,
    /// The project root: other checkouts have the same below another.
    pub root: &'a str,
    /// Inputs that are not there yet, and what is taken to be in them. Nothing for what a build asks for.
    pub predicted: &'a [Predicted],
}

impl Context<'_> {
    /// Lets a snapshot have the files that are not there yet.
    pub(super) fn assume(&self, snapshot: &mut Snapshot<'_>) {
        for one in self.predicted {
            snapshot.assume(one.path, one.content);
        }
    }
}
