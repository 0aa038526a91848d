//! The recc backend in a session: launches are runs of an installed recc.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::{Fate, Handed, Recc, fate};
use crate::base::variable::Variable;
use crate::compile::call::Call;
use crate::compile::engine::Engine;
use crate::compile::perform::covered;
use crate::compile::site::Site;
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
    ) -> Result<(), String> {
        let environment = site.environment_of(call);
        let handed = self.recc.launch(&call.compiler, &call.compile.args, &environment, &self.settings);
        let folders = covered(call, &site.root)?;
        let say = |error: std::io::Error| error.to_string();
        let view = engine
            .executor
            .prepare_whole(&folders.iter().map(PathBuf::as_path).collect::<Vec<_>>())
            .map_err(say)?;
        for folder in &folders {
            view.make_folder(folder).map_err(say)?;
        }
        let job = Job {
            compiler: &handed.program,
            args: &handed.args,
            environment: &handed.environment,
            directory: Path::new(&call.directory),
            asked: false,
        };
        let executed = engine.executor.run_client(&job, view, started).map_err(say)?;
        match fate(&executed.stderr) {
            Fate::Hit(_) | Fate::Executed { exit_code: 0, .. } => Ok(()),
            other => Err(format!("recc: {other:?}")),
        }
    }
}
