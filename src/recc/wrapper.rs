//! The recc backend in a session: launches are runs of an installed recc.

use std::ffi::OsStr;
use std::io;
use std::path::Path;

use super::{Fate, Handed, Recc, fate};
use crate::base::variable::Variable;
use crate::compile::call::Call;
use crate::compile::engine::Engine;
use crate::compile::perform::covered;
use crate::compile::site::Site;
use crate::compile::staging::{self, StagingError};
use crate::sandbox::executor::Job;
use crate::settings::{Backend, Policy, Settings};

/// An installed recc, and what it has to be told.
#[derive(Debug)]
pub struct Wrapper {
    /// The program.
    pub recc: Recc,
    /// Our settings in its names.
    pub settings: Vec<Variable>,
    /// Whether its server executes: else a launch would be no more than a compile here.
    pub executes: bool,
}

/// Why recc's server has not executed a command.
#[derive(Debug, thiserror::Error)]
pub enum NotByRecc {
    /// recc has no view to run in.
    #[error(transparent)]
    Staging(#[from] StagingError),
    /// recc cannot be run.
    #[error(transparent)]
    Run(#[from] io::Error),
    /// recc did something else.
    #[error("recc: {0:?}")]
    Fate(Fate),
}

impl Wrapper {
    /// The recc that settings ask for; `None`, said in the log, when they do and there is none.
    pub fn find(settings: &Settings, environment: &[Variable]) -> Option<Self> {
        if settings.backend() != Backend::Recc {
            return None;
        }
        let path = environment.iter().find(|(name, _)| name == "PATH").map(|(_, path)| OsStr::new(path));
        let Some(recc) = Recc::find(settings.get("recc").map(Path::new), path) else {
            tracing::warn!("the backend is recc, and no recc is installed: compilers run alone");
            return None;
        };
        let executes = settings.policy(false) != Policy::CacheOnly;
        Some(Self { recc, settings: settings.for_recc(), executes })
    }

    /// A compile of the build's own, for recc to run.
    pub fn compile(&self, call: &Call, environment: &[Variable]) -> Handed {
        self.recc.compile(&call.compiler, &call.compile.args, environment, &self.settings)
    }

    /// Has recc's server execute a call, or find it there; an error when it does not come to that.
    ///
    /// It runs in a private view: there are commands that recc compiles here all the same.
    pub(crate) fn launch(
        &self,
        engine: &Engine,
        call: &Call,
        site: &Site,
        started: &dyn Fn(i32),
    ) -> Result<(), NotByRecc> {
        let environment = site.environment_of(call);
        let handed = self.recc.launch(&call.compiler, &call.compile.args, &environment, &self.settings);
        let folders = covered(call, &site.root)?;
        let view = staging::view(&folders, |folders| engine.executor.prepare_whole(folders))?;
        let job = Job {
            compiler: &handed.program,
            args: &handed.args,
            environment: &handed.environment,
            directory: Path::new(&call.directory),
            asked: false,
        };
        let executed = engine.executor.run_client(&job, view, started)?;
        match fate(&executed.stderr) {
            Fate::Hit(_) | Fate::Executed { exit_code: 0, .. } => Ok(()),
            other => Err(NotByRecc::Fate(other)),
        }
    }
}
