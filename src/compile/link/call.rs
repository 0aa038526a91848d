//! A link as a build asks for it.

use crate::base::variable::Variable;
use crate::command;

/// A link as a build asks for it.
#[derive(Debug, Clone)]
pub struct LinkCall {
    /// The compiler's absolute path.
    pub compiler: String,
    /// What the arguments mean.
    pub link: command::Link,
    /// The whole environment.
    pub environment: Vec<Variable>,
    /// The working directory, absolute.
    pub directory: String,
}

impl LinkCall {
    /// The compiler's path and all arguments.
    pub fn arguments(&self) -> Vec<String> {
        std::iter::once(&self.compiler).chain(&self.link.args).cloned().collect()
    }

    pub(crate) fn variable(&self, name: &str) -> Option<&str> {
        self.environment.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}
