//! The servers: what the settings come to for the client.

use std::path::PathBuf;
use std::time::Duration;

use super::value::Family;
use super::{Policy, Settings, SettingsError};
use crate::reapi::{Endpoint, Endpoints, Retry, Tls};

/// The settings that name a server.
pub(super) const SERVERS: [&str; 3] = ["server", "cas_server", "action_cache_server"];

/// What a URL may begin with. `grpc` means `http` and `grpcs` means `https`, as Bazel has it.
const SCHEMES: [&str; 5] = ["unix:", "http://", "https://", "grpc://", "grpcs://"];

impl Settings {
    /// The servers of each service; `None` when no server is named.
    ///
    /// A service that is not named falls back as in recc: CAS and action cache on one another, then on `server`.
    /// Our `remote` wins over all of recc's. Without an execution server, or in cache-only mode, `execution` is `None`.
    /// Fails on a URL or number that is none, and on a setting of recc's that must not be ignored.
    pub fn remote(&self) -> Result<Option<Endpoints>, SettingsError> {
        let remote = self.get("remote").map(|_| "remote");
        let named = |name: &'static str| {
            let value = self.value(name)?;
            let counts = remote.is_none() || value.family == Family::Own;
            (counts && !value.text.is_empty()).then_some(name)
        };
        let (server, cas, cache) = (named("server"), named("cas_server"), named("action_cache_server"));
        let Some(cas_url) = cas.or(cache).or(remote).or(server) else { return Ok(None) };
        let cache_url = cache.or(cas).or(remote).or(server).unwrap_or(cas_url);
        self.refuse_unhonoured()?;
        // Without it, what must stay here could be sent.
        self.invalid_input_paths()?;
        let common = self.common()?;
        let at = |url, instance: [&str; 3]| self.endpoint(&common, url, instance);
        let execution = server.or(remote).filter(|_| self.executes());
        Ok(Some(Endpoints {
            cas: at(cas_url, ["cas_instance", "action_cache_instance", "instance"])?,
            action_cache: at(cache_url, ["action_cache_instance", "cas_instance", "instance"])?,
            execution: execution.map(|url| at(url, ["instance"; 3])).transpose()?,
        }))
    }

    fn executes(&self) -> bool {
        [false, true].iter().any(|link| self.asked_policy(*link) != Policy::CacheOnly)
    }

    fn refuse_unhonoured(&self) -> Result<(), SettingsError> {
        match self.unhonoured.iter().find(|found| found.refuses_remote) {
            None => Ok(()),
            Some(found) => Err(SettingsError::Unhonoured {
                name: found.name.clone(),
                origin: found.source.clone(),
                why: found.why,
            }),
        }
    }

    fn endpoint(
        &self,
        common: &Endpoint,
        url: &'static str,
        instance: [&str; 3],
    ) -> Result<Endpoint, SettingsError> {
        let instance = instance.iter().find_map(|name| self.get(name)).unwrap_or_default();
        Ok(Endpoint { url: self.url(url)?, instance: instance.to_owned(), ..common.clone() })
    }

    /// A server's URL, a socket's path made absolute; a bare `HOST:PORT` means `http`, or `https` with `server_ssl`, as in recc.
    fn url(&self, name: &'static str) -> Result<String, SettingsError> {
        let url = self.get(name).unwrap_or_default();
        if let Some(socket) = url.strip_prefix("unix:").filter(|path| !path.starts_with('/')) {
            return Ok(format!("unix:{}", self.directory.join(socket).display()));
        }
        if SCHEMES.iter().any(|scheme| url.starts_with(scheme)) {
            return Ok(url.to_owned());
        }
        if url.contains("://") || url.contains(char::is_whitespace) {
            return Err(self.wrong(name, "must be a URL: unix:/PATH, http://HOST:PORT or https://HOST:PORT"));
        }
        Ok(format!("{}://{url}", if self.flag("server_ssl") { "https" } else { "http" }))
    }

    /// What all servers have in common.
    fn common(&self) -> Result<Endpoint, SettingsError> {
        let tls = Tls {
            server_cert: self.path("server_cert"),
            client_key: self.path("client_key"),
            client_cert: self.path("client_cert"),
        };
        if tls.client_key.is_some() != tls.client_cert.is_some() {
            let set = if tls.client_key.is_some() { "client_key" } else { "client_cert" };
            return Err(self.wrong(set, "client_key and client_cert must be set together"));
        }
        let seconds = |name| Ok(Some(Duration::from_secs(self.number(name)?)).filter(|time| !time.is_zero()));
        let plain = Endpoint::new("");
        Ok(Endpoint {
            tls,
            token: self.path("access_token_path"),
            credential_helper: self.credential_helper(),
            keepalive: seconds("keepalive_time")?,
            timeout: seconds("request_timeout")?.unwrap_or(plain.timeout),
            retry: Retry {
                limit: u32::try_from(self.number("retry_limit")?).unwrap_or(u32::MAX),
                delay: Duration::from_millis(self.number("retry_delay")?),
            },
            ..plain
        })
    }

    /// The program's path; a bare name is one to be found on `PATH`, as in Bazel.
    fn credential_helper(&self) -> Option<PathBuf> {
        match self.get("credential_helper") {
            Some(name) if !name.contains('/') => Some(name.into()),
            _ => self.path("credential_helper"),
        }
    }

    /// The leading digits of a value, which is what recc takes of one (`std::stoi`).
    fn number(&self, name: &'static str) -> Result<u64, SettingsError> {
        let text = self.get(name).unwrap_or("0").trim_start();
        let digits = text.find(|letter: char| !letter.is_ascii_digit()).map_or(text, |end| &text[..end]);
        digits.parse().map_err(|_| self.wrong(name, "must be a number"))
    }
}
