//! What came of the elements of a plan.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

/// What `specctl bst launch` prints, in the sandbox.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Launched {
    /// Commands that are recorded of the element.
    pub commands: u64,
    /// Commands that were launched.
    pub launched: u64,
    /// Commands whose results were in the action cache already.
    pub found: u64,
    /// Files outside of the sources that the recorded commands read.
    pub outside: Vec<String>,
    /// Why what was launched is not left for the build.
    pub kept_here: Option<String>,
}

/// How far an element has come.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Primed {
    /// There is nothing to prime: it is cached, or needs no sandbox.
    Cached,
    /// It waits for its turn, or for what is named.
    Waiting {
        /// What for.
        why: String,
    },
    /// Its sandbox runs.
    Running,
    /// What is recorded of it was launched.
    Done,
    /// bst began to build it before.
    Overtaken,
    /// It is not primed.
    Left {
        /// Why.
        why: String,
    },
}

/// What came of an element.
#[derive(Debug, Clone, Serialize)]
pub struct Row {
    /// Its full name.
    pub element: String,
    /// How far it has come.
    #[serde(flatten)]
    pub primed: Primed,
    /// Commands that are recorded of it.
    pub commands: u64,
    /// Those launched, all times counted.
    pub launched: u64,
    /// Those whose results were in the action cache already, the last time.
    pub found: u64,
    /// Of `launched`, and what its own session had executed ahead besides (`launched_there`), what its build asked for; `None` until it was
    /// built.
    pub useful: Option<u64>,
    /// Those that it did not ask for.
    pub wasted: Option<u64>,
    /// Commands that its own session had executed ahead.
    pub launched_there: Option<u64>,
    /// Seconds that its build was saved.
    pub saved_s: Option<f64>,
    /// How often it was primed: more than once when what it is built on came out otherwise than expected.
    pub times: u32,
    /// How long its sandboxes ran, seconds.
    pub seconds: f64,
    /// When it was primed first, seconds since the plan was made.
    pub primed_s: Option<f64>,
    /// When bst began to build it, seconds since then.
    pub begun_s: Option<f64>,
    /// When it was built, seconds since then.
    pub built_s: Option<f64>,
    /// Trees that its build is told by variables (`digest-environment`), as far as they are known.
    pub digests: BTreeMap<String, String>,
}

impl Row {
    pub(super) fn new(element: String, primed: Primed) -> Self {
        Self {
            element,
            primed,
            commands: 0,
            launched: 0,
            found: 0,
            useful: None,
            wasted: None,
            launched_there: None,
            saved_s: None,
            times: 0,
            seconds: 0.0,
            primed_s: None,
            begun_s: None,
            built_s: None,
            digests: BTreeMap::new(),
        }
    }
}
