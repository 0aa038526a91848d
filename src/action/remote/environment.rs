//! The environment variables that recc sends.

use std::collections::BTreeMap;

use super::Layout;
use super::paths::Paths;
use super::program::Program;
use crate::base::variable::Variable;

/// Variables that recc sends for every compiler, and those of which it maps the paths (`PREFIX_MAP`).
const COMMON: &[&str] = &["LANG", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "SOURCE_DATE_EPOCH"];
const COMMON_PATHS: &[&str] = &[
    "CPATH",
    "CPLUS_INCLUDE_PATH",
    "C_INCLUDE_PATH",
    "LD_LIBRARY_PATH",
    "OBJCPLUS_INCLUDE_PATH",
    "OBJC_INCLUDE_PATH",
    "PATH",
];

/// OpenMP's, sent for every compiler.
const OPENMP: &[&str] = &[
    "OMP_CANCELLATION",
    "OMP_DISPLAY_ENV",
    "OMP_DYNAMIC",
    "OMP_MAX_ACTIVE_LEVELS",
    "OMP_MAX_TASK_PRIORITY",
    "OMP_NESTED",
    "OMP_NUM_TEAMS",
    "OMP_NUM_THREADS",
    "OMP_PLACES",
    "OMP_PROC_BIND",
    "OMP_SCHEDULE",
    "OMP_STACKSIZE",
    "OMP_TARGET_OFFLOAD",
    "OMP_TEAMS_THREAD_LIMIT",
    "OMP_THREAD_LIMIT",
    "OMP_WAIT_POLICY",
];

/// Sent for GCC only.
const GCC: &[&str] = &[
    "DEPENDENCIES_OUTPUT",
    "GCC_COMPARE_DEBUG",
    "GCC_EXEC_PREFIX",
    "GCC_EXTRA_DIAGNOSTIC_OUTPUT",
    "GOMP_CPU_AFFINITY",
    "GOMP_DEBUG",
    "GOMP_RTEMS_THREAD_POOLS",
    "GOMP_SPINCOUNT",
    "GOMP_STACKSIZE",
    "SUNPRO_DEPENDENCIES",
];
const GCC_PATHS: &[&str] = &["COMPILER_PATH", "LIBRARY_PATH"];

/// The variables to send, by name: recc's choice of `environment`, or `ENV_TO_READ` instead; `REMOTE_ENV_*` over them.
pub(super) fn variables(
    environment: &[Variable],
    layout: &Layout,
    program: Program,
    paths: &Paths<'_>,
) -> BTreeMap<String, String> {
    let mut sent = BTreeMap::new();
    for (name, value) in environment {
        let is_path = is_sent([COMMON_PATHS, &[]], GCC_PATHS, program, name);
        let chosen = if layout.preserve_env {
            !name.starts_with("RECC_")
        } else if layout.env_to_read.is_empty() {
            is_path || is_sent([COMMON, OPENMP], GCC, program, name)
        } else {
            false
        };
        if chosen || layout.env_to_read.contains(name) {
            let mapped = is_path && !layout.prefix_map.is_empty();
            sent.insert(name.clone(), if mapped { map_each(value, paths) } else { value.clone() });
        }
    }
    sent.extend(layout.remote_env.iter().cloned());
    sent
}

fn is_sent(all: [&[&str]; 2], gcc: &[&str], program: Program, name: &str) -> bool {
    all.iter().any(|names| names.contains(&name)) || (program == Program::Gcc && gcc.contains(&name))
}

/// A colon-separated list of paths with each mapped.
fn map_each(list: &str, paths: &Paths<'_>) -> String {
    let each: Vec<String> =
        list.split(':').map(|path| paths.mapped(path).unwrap_or_else(|| path.to_owned())).collect();
    each.join(":")
}
