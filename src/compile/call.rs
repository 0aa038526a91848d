//! One compile, as a build asks for it or as a record remembers it.

use std::path::{Path, PathBuf};

use crate::base::variable::Variable;
use crate::command::{self, Bypass, Compile, Family, Verdict, normalise};
use crate::compile::recorded::{Recorded, templated};
use crate::compile::site::Site;
use crate::store::{Record, RecordId};

/// A compile with everything that keys it but the content of its inputs.
#[derive(Debug, Clone)]
pub struct Call {
    /// The compiler's absolute path.
    pub compiler: String,
    /// What the arguments mean.
    pub compile: Compile,
    /// The environment variables that change what a compiler does, sorted by name.
    pub environment: Vec<Variable>,
    /// The working directory, absolute, as the compiler would record it.
    pub directory: String,
}

impl Call {
    /// The call that a record stands for at a session's place, or why it can no longer be treated.
    pub fn from_record(
        record: &Record,
        family: Family,
        cplusplus: bool,
        site: &Site,
    ) -> Result<Self, Bypass> {
        let back = |text: &String| normalise::from_template(text, &site.root);
        let invocation = command::Invocation {
            compiler: PathBuf::from(&record.compiler),
            args: record.args.iter().map(|arg| back(arg).into()).collect(),
            cwd: PathBuf::from(back(&record.cwd)),
        };
        let no_files = |_: &Path| Err(std::io::ErrorKind::NotFound.into());
        match command::read(&invocation, family, cplusplus, &no_files) {
            Verdict::Bypass(bypass) => Err(bypass),
            Verdict::Compile(compile) => Ok(Self {
                compiler: record.compiler.clone(),
                compile: *compile,
                environment: site.recorded(&record.env, command::keyed),
                directory: back(&record.cwd),
            }),
        }
    }

    /// The record's name: a changed flag for the same output keeps it.
    pub fn id(&self, root: &str) -> RecordId {
        RecordId::of(&templated(&self.directory, root), &templated(self.compile.object(), root))
    }

    /// The compiler's path and all arguments.
    pub fn arguments(&self) -> Vec<String> {
        std::iter::once(&self.compiler).chain(&self.compile.args).cloned().collect()
    }

    /// Paths of the outputs, as the command names them.
    pub fn outputs(&self) -> Vec<String> {
        self.compile.outputs.iter().map(|output| output.path.clone()).collect()
    }

    /// The absolute form of a path that the command names.
    pub fn absolute(&self, path: &str) -> PathBuf {
        Path::new(&self.directory).join(path)
    }

    /// A variable of the call's environment that the compiler listens to.
    pub fn variable(&self, name: &str) -> Option<&str> {
        self.environment.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

impl Recorded for Call {
    const TRACED: bool = false;

    fn program(&self) -> &str {
        &self.compiler
    }

    fn args(&self) -> &[String] {
        &self.compile.args
    }

    fn environment(&self) -> &[Variable] {
        &self.environment
    }

    fn directory(&self) -> &str {
        &self.directory
    }

    fn product(&self) -> &str {
        self.compile.object()
    }

    fn sources(&self) -> Vec<PathBuf> {
        vec![self.absolute(&self.compile.source)]
    }

    fn keyed(name: &str) -> bool {
        command::keyed(name)
    }
}
