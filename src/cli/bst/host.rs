//! Which BuildStream is used.

use anyhow::Result;

/// Which BuildStream is used.
#[derive(Debug, clap::Args)]
pub(super) struct Host {
    /// The program bst
    #[arg(long, value_name = "PROGRAM", default_value = "bst")]
    pub(crate) bst: std::path::PathBuf,
    /// bst's user configuration [default: the one that bst finds]
    #[arg(long, value_name = "FILE")]
    config: Option<std::path::PathBuf>,
    /// BuildStream's cache folder, if the configuration names one [default: ~/.cache/buildstream]
    #[arg(long, value_name = "FOLDER")]
    cache: Option<std::path::PathBuf>,
}

impl Host {
    pub(super) fn program(&self) -> spec_cc::bst::Host {
        spec_cc::bst::Host { program: self.bst.clone(), config: self.config.clone() }
    }

    pub(super) fn cache(&self) -> Result<std::path::PathBuf> {
        let cache = self.cache.clone().or_else(spec_cc::bst::default_cache);
        cache.ok_or_else(|| anyhow::anyhow!("where is BuildStream's cache? say --cache FOLDER"))
    }
}
