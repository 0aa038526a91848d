//! A job's action as servers see it: recc's, and the one to execute where recc's would not do.

use std::path::Path;

use super::Job;
use crate::action::remote::{self, Asked, Built, Layout};
use crate::launch::call::lexical;

/// The actions of a job.
#[derive(Debug)]
pub struct Wire {
    /// With the bytes that recc gives it: results are looked up and left under its digest.
    pub asked: Built,
    /// What a server is to execute, where that is another one.
    faithful: Option<Built>,
    /// Whether the platform names the very file system that the command runs in.
    pub(super) pinned: bool,
}

/// Platform properties that pin the file system a command runs in, compiler included.
const PINS: [&str; 1] = ["chrootRootDigest"];

impl Wire {
    /// The action to execute: it holds every input and gives the compiler the arguments that the build gave it.
    pub fn executable(&self) -> &Built {
        self.faithful.as_ref().unwrap_or(&self.asked)
    }

    /// Whether whoever executes recc's action has every input and the build's own arguments.
    pub fn is_faithful(&self) -> bool {
        self.faithful.is_none()
    }
}

/// Builds the actions of a job.
pub(super) fn wire(job: &Job<'_>, layout: &Layout) -> Result<Wire, String> {
    let asked = Asked {
        arguments: &job.arguments,
        environment: job.environment,
        directory: job.directory,
        link: job.link,
    };
    let build = |layout: &Layout| {
        remote::build(&asked, layout, &job.files, &weakly_canonical).map_err(|why| why.to_string())
    };
    let built = build(layout)?;
    let properties = layout.platform.iter();
    let pinned =
        properties.into_iter().any(|(name, value)| PINS.contains(&name.as_str()) && !value.is_empty());
    if is_faithful(job, &built) {
        return Ok(Wire { asked: built, faithful: None, pinned });
    }
    let whole = Layout {
        deps_global_paths: true,
        no_path_rewrite: true,
        deps_exclude_paths: Vec::new(),
        deps_override: Vec::new(),
        prefix_map: Vec::new(),
        working_dir_prefix: None,
        ..layout.clone()
    };
    Ok(Wire { asked: built, faithful: Some(build(&whole)?), pinned })
}

/// Whether running an action gives what the command gives here, if the server puts the input root at `/`.
fn is_faithful(job: &Job<'_>, built: &Built) -> bool {
    let directory = job.directory.trim_start_matches('/').trim_end_matches('/');
    built.left_out.is_empty()
        && built.command.arguments == job.arguments
        && built.command.working_directory == directory
}

/// The path with links resolved as far as it exists, and the rest taken as text (C++'s `std::filesystem::weakly_canonical`).
fn weakly_canonical(path: &str) -> String {
    let path = Path::new(path);
    let there = path.ancestors().find_map(|part| Some((part, part.canonicalize().ok()?)));
    let Some((part, real)) = there else { return lexical(path).display().to_string() };
    let rest = path.strip_prefix(part).unwrap_or(Path::new(""));
    lexical(&real.join(rest)).display().to_string()
}
