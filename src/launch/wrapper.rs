//! The recc backend in a session: launches are runs of an installed recc.

use std::path::{Path, PathBuf};

use super::perform::covered;
use super::{Call, Engine, Place};
use crate::backend::Job;
use crate::backend::recc::{Fate, Handed, Recc, fate};

/// An installed recc, and what it has to be told.
#[derive(Debug)]
pub struct Wrapper {
    /// The program.
    pub recc: Recc,
    /// Our settings in its names.
    pub settings: Vec<(String, String)>,
    /// Whether its server executes: else a launch would be no more than a compile here.
    pub executes: bool,
}

impl Wrapper {
    /// A compile of the build's own, for recc to run.
    pub fn compile(&self, call: &Call, environment: &[(String, String)]) -> Handed {
        self.recc.compile(&call.compiler, &call.compile.args, environment, &self.settings)
    }

    /// Has recc's server execute a call, or find it there; an error when it does not come to that.
    ///
    /// It runs in a private view: there are commands that recc compiles here all the same.
    pub(super) fn launch(
        &self,
        engine: &Engine,
        call: &Call,
        place: &Place,
        started: &dyn Fn(i32),
    ) -> Result<(), String> {
        let environment = place.environment_of(call);
        let handed = self.recc.launch(&call.compiler, &call.compile.args, &environment, &self.settings);
        let folders = covered(call, &place.root)?;
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
