//! What `hook.py` tells of a run of bst: the plan, and what comes of it.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Deserializer};

use crate::base::digest::Digest;

/// One line of the hook's.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Told {
    /// Before anything is fetched or built.
    Plan(Plan),
    /// An element's sources are here.
    Fetched {
        /// Its number in the plan.
        element: usize,
        /// Their tree.
        #[serde(deserialize_with = "optional_digest")]
        sources: Option<Digest>,
    },
    /// An element is about to be built.
    Building {
        /// Its number in the plan.
        element: usize,
    },
    /// An element was built, or pulled, or neither.
    Built {
        /// Its number in the plan.
        element: usize,
        /// The tree of its artifact; `None` when there is none.
        #[serde(deserialize_with = "optional_digest")]
        files: Option<Digest>,
    },
    /// casd is about to end, and waits a little for the sandboxes that use it.
    Ending,
    /// The hook does not fit this bst: nothing more will come.
    Failed(String),
}

/// What bst is about to do, and how its sandboxes are run.
#[derive(Debug, Clone, Deserialize)]
pub struct Plan {
    /// URL of the casd that runs as long as bst.
    pub casd: String,
    /// Instance name that sandboxes have there.
    pub instance: String,
    /// The cache folder.
    pub cache: PathBuf,
    /// The program that runs a sandbox.
    pub buildbox_run: PathBuf,
    /// Elements that bst builds at once.
    pub builders: usize,
    /// Jobs of each.
    pub max_jobs: usize,
    /// All elements that the targets need.
    pub elements: Vec<Element>,
}

/// An element of a plan. Elements are named by their numbers in it.
#[derive(Debug, Clone, Deserialize)]
pub struct Element {
    /// Its full name, junctions included.
    pub name: String,
    /// Its project's name.
    pub project: String,
    /// Its name in references to artifacts.
    pub normal_name: String,
    /// The tree of its artifact, if it is cached.
    #[serde(deserialize_with = "optional_digest")]
    pub files: Option<Digest>,
    /// The elements that it needs to run.
    pub run: Vec<usize>,
    /// Whether it has to be built.
    pub needed: bool,
    /// The tree of its sources, if they are here and it has to be built.
    #[serde(default, deserialize_with = "optional_digest")]
    pub sources: Option<Digest>,
    /// Whether they are about to be fetched.
    #[serde(default)]
    pub fetching: bool,
    /// Whether a remote cache may have its artifact.
    #[serde(default)]
    pub pulling: bool,
    /// What is run when it was staged.
    pub integration: Option<Integration>,
    /// How it is built, if it is built by commands.
    pub sandbox: Option<Sandbox>,
}

/// Commands that are run in a root when an element was staged in it.
#[derive(Debug, Clone, Deserialize)]
pub struct Integration {
    /// Of a shell, each by itself.
    pub commands: Vec<String>,
    /// Their environment.
    pub environment: BTreeMap<String, String>,
}

/// A sandbox in which an element's build commands are run.
#[derive(Debug, Clone, Deserialize)]
pub struct Sandbox {
    /// By path, the elements that are staged there, each with all that it needs to run.
    pub layout: BTreeMap<String, Vec<usize>>,
    /// By variable, the elements whose tree's digest is its value.
    pub digest_environment: BTreeMap<String, Vec<usize>>,
    /// The other variables.
    pub environment: BTreeMap<String, String>,
    /// Where the sources are.
    pub build_root: String,
    /// Where the build installs.
    pub install_root: String,
    /// The working directory.
    pub directory: String,
    /// Platform properties of the sandbox.
    pub platform: BTreeMap<String, String>,
    /// Whether it may write to the action cache.
    pub updates: bool,
    /// Whether the sources are a workspace, in which an earlier build may have left something.
    pub workspace: bool,
}

impl Told {
    /// The element that it is about.
    pub(super) fn element(&self) -> Option<usize> {
        match *self {
            Self::Fetched { element, .. } | Self::Building { element } | Self::Built { element, .. } => {
                Some(element)
            }
            Self::Plan(_) | Self::Ending | Self::Failed(_) => None,
        }
    }
}

impl Plan {
    /// Whether all elements that it speaks of are in it.
    pub(super) fn is_closed(&self) -> bool {
        let named = |element: &Element| {
            let staged = element.sandbox.iter().flat_map(|sandbox| {
                sandbox.layout.values().chain(sandbox.digest_environment.values()).flatten().copied()
            });
            staged.chain(element.run.iter().copied()).collect::<Vec<_>>()
        };
        self.elements.iter().flat_map(named).all(|number| number < self.elements.len())
    }

    /// What is staged for `elements`: each after all that it needs to run.
    pub fn run_closure(&self, elements: &[usize]) -> Vec<usize> {
        let mut order = Vec::new();
        let mut seen = vec![false; self.elements.len()];
        // Depth first: an element is entered, then left behind what it needs.
        let mut stack: Vec<(usize, bool)> = elements.iter().rev().map(|&element| (element, false)).collect();
        while let Some((element, left)) = stack.pop() {
            if left {
                order.push(element);
            } else if !std::mem::replace(&mut seen[element], true) {
                stack.push((element, true));
                stack.extend(self.elements[element].run.iter().rev().map(|&other| (other, false)));
            }
        }
        order
    }
}

fn optional_digest<'de, D: Deserializer<'de>>(from: D) -> Result<Option<Digest>, D::Error> {
    let text = Option::<String>::deserialize(from)?;
    text.map(|text| text.parse().map_err(serde::de::Error::custom)).transpose()
}

#[cfg(test)]
#[allow(clippy::unwrap_used)]
mod tests {
    use super::*;

    #[test]
    fn what_an_element_needs_to_run_is_staged_before_it_and_once() {
        let element = |run: &[usize]| {
            serde_json::json!({
                "name": "e.bst", "project": "p", "normal_name": "e", "files": null, "run": run,
                "needed": false, "integration": null,
            })
        };
        let plan: Plan = serde_json::from_value(serde_json::json!({
            "casd": "unix:/s", "instance": "", "cache": "/c", "buildbox_run": "/b", "builders": 1, "max_jobs": 1,
            "elements": [element(&[]), element(&[0]), element(&[0]), element(&[2, 1])],
        }))
        .unwrap();
        assert_eq!(plan.run_closure(&[3]), [0, 2, 1, 3]);
        assert_eq!(plan.run_closure(&[1, 3]), [0, 1, 2, 3]);
        assert!(plan.is_closed());
        let open = Plan { elements: plan.elements[3..].to_vec(), ..plan };
        assert!(!open.is_closed(), "it needs number 2");
    }
}
