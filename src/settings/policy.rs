//! Where commands run: the backend, and what a command that is not cached does.

use serde::Serialize;

use super::remote::SERVERS;
use super::value::Family;
use super::{Settings, SettingsError};

/// Where actions run and results live.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Backend {
    /// On this machine, embedded.
    Local,
    /// On servers that speak the Remote Execution API.
    Reapi,
    /// Commands are handed to an installed recc.
    Recc,
}

/// What a command does whose result is not cached.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Policy {
    /// The server executes it.
    Execute,
    /// The server and this machine both run it; who is done first serves.
    Race,
    /// This machine runs it. Launches are still executed by the server.
    Local,
    /// This machine runs it, and nothing is ever executed by the server.
    CacheOnly,
}

impl Settings {
    /// Where commands run; without the setting on servers when one is named, by either family.
    pub fn backend(&self) -> Backend {
        match self.get("backend").and_then(parse_backend) {
            Some(backend) => backend,
            None if self.names_server() => Backend::Reapi,
            None => Backend::Local,
        }
    }

    /// What a compile, or a link, does that is not cached. `CacheOnly` when no server is named that executes.
    pub fn policy(&self, link: bool) -> Policy {
        match self.asked_policy(link) {
            _ if !self.names_execution() => Policy::CacheOnly,
            policy => policy,
        }
    }

    /// Whether links are treated like compiles (recc's `LINK`).
    pub fn links(&self) -> bool {
        self.flag("link")
    }

    /// Whether this machine's compiles go to the server's cache: as recc's variables say, and by default when the server is
    /// ours alone. A cache nobody fills serves nobody.
    pub fn uploads(&self) -> bool {
        self.flag_or("cache_upload_local_build", self.is_remote_ours())
    }

    /// Whether what is learnt goes to the server's cache, with what recc knows nothing of: records, and results of traced commands.
    pub fn shares_records(&self) -> bool {
        self.flag("share_records")
    }

    /// Whether launches of traced commands are executed by the server.
    pub fn runs_traced_remotely(&self) -> bool {
        self.flag("remote_traced")
    }

    /// `ExecutionPolicy.priority` of launches (REAPI). Which sign means less urgent differs between servers.
    pub fn remote_priority(&self) -> i32 {
        self.get("remote_priority").and_then(|text| text.parse().ok()).unwrap_or(1)
    }

    /// A flag, or this when nobody set it.
    pub(super) fn flag_or(&self, name: &str, default: bool) -> bool {
        self.value(name).map_or(default, super::value::Value::is_on)
    }

    /// Whether the server is named by our settings, and by none of recc's: then defaults are the safe ones, not recc's.
    pub(super) fn is_remote_ours(&self) -> bool {
        let by_recc = |name: &&str| {
            self.value(name).is_some_and(|value| value.family == Family::Recc && !value.text.is_empty())
        };
        self.names_server() && !SERVERS.iter().any(by_recc)
    }

    pub(super) fn asked_policy(&self, link: bool) -> Policy {
        let cache_only =
            self.flag("cache_only") || self.flag(if link { "link_cache_only" } else { "compile_cache_only" });
        match self.get("policy").and_then(parse_policy) {
            Some(policy) => policy,
            None if cache_only => Policy::CacheOnly,
            None => Policy::Execute,
        }
    }

    fn names_server(&self) -> bool {
        self.get("remote").is_some() || SERVERS.iter().any(|name| self.get(name).is_some())
    }

    fn names_execution(&self) -> bool {
        self.get("remote").is_some() || self.get("server").is_some()
    }

    pub(super) fn check_policy(&self) -> Result<(), SettingsError> {
        let known = |name, parse: fn(&str) -> bool| self.get(name).is_none_or(parse);
        if !known("backend", |text| parse_backend(text).is_some()) {
            return Err(self.wrong("backend", "must be local, reapi or recc"));
        }
        if !known("policy", |text| parse_policy(text).is_some()) {
            return Err(self.wrong("policy", "must be execute, race, local or cache-only"));
        }
        if !known("remote_priority", |text| text.parse::<i32>().is_ok()) {
            return Err(self.wrong("remote_priority", "must be a number"));
        }
        Ok(())
    }
}

fn parse_backend(text: &str) -> Option<Backend> {
    match text {
        "local" => Some(Backend::Local),
        "reapi" => Some(Backend::Reapi),
        "recc" => Some(Backend::Recc),
        _ => None,
    }
}

fn parse_policy(text: &str) -> Option<Policy> {
    match text {
        "execute" => Some(Policy::Execute),
        "race" => Some(Policy::Race),
        "local" => Some(Policy::Local),
        "cache-only" => Some(Policy::CacheOnly),
        _ => None,
    }
}
