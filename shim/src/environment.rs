//! The environment, and the few variables the shim itself obeys.

use crate::sys::{Result, c_string, process};
use crate::wire::Bytes;
use alloc::borrow::ToOwned;
use alloc::ffi::CString;
use alloc::vec::Vec;
use core::ffi::CStr;

/// Every entry of an environment, in order.
#[derive(Debug, Clone)]
pub struct Environment(Vec<&'static CStr>);

impl Environment {
    /// Returns this process's environment.
    pub fn of_process() -> Self {
        Self(process::environment())
    }

    /// Returns the variable's value; an empty one counts as not set.
    pub fn get(&self, name: &str) -> Option<&'static [u8]> {
        self.0
            .iter()
            .find_map(|entry| value_of(entry.to_bytes(), name.as_bytes()))
            .filter(|value| !value.is_empty())
    }

    /// Returns the environment without this variable.
    #[must_use]
    pub fn without(self, name: &str) -> Self {
        let others = |entry: &&CStr| value_of(entry.to_bytes(), name.as_bytes()).is_none();
        Self(self.0.into_iter().filter(others).collect())
    }

    /// Returns whether spec-cc is switched off: `SPEC_CC_DISABLE` set, but not `0`, or `SPEC_CC_MODE` one of `off` and `plain`.
    pub fn is_off(&self) -> bool {
        self.get("SPEC_CC_DISABLE").is_some_and(|value| value != b"0")
            || matches!(self.get("SPEC_CC_MODE"), Some(b"off" | b"plain"))
    }

    /// Returns a copy of every entry, as bytes.
    pub fn to_bytes(&self) -> Vec<Bytes> {
        self.0.iter().map(|entry| entry.to_bytes().to_vec()).collect()
    }

    /// Returns a copy of every entry.
    pub fn to_c_strings(&self) -> Vec<CString> {
        self.0.iter().map(|&entry| entry.to_owned()).collect()
    }

    /// Returns a copy without the names in `removed` and with each `NAME=value` of `added` in place of its name.
    ///
    /// `EINVAL` when an addition has no `=` or holds a NUL.
    pub fn changed(&self, removed: &[&str], added: &[Bytes]) -> Result<Vec<CString>> {
        let added: Vec<CString> = added.iter().map(|entry| c_string(entry)).collect::<Result<_>>()?;
        let mut names = Vec::new();
        for entry in &added {
            names.push(name_of(entry.to_bytes()).ok_or(crate::sys::Errno(libc::EINVAL))?);
        }
        let replaced = |entry: &CStr| {
            let name = name_of(entry.to_bytes()).unwrap_or_default();
            names.contains(&name) || removed.iter().any(|gone| gone.as_bytes() == name)
        };
        let kept: Vec<CString> =
            self.0.iter().filter(|entry| !replaced(entry)).map(|&entry| entry.to_owned()).collect();
        Ok(kept.into_iter().chain(added.iter().cloned()).collect())
    }
}

fn name_of(entry: &[u8]) -> Option<&[u8]> {
    entry.iter().position(|&byte| byte == b'=').and_then(|end| entry.get(..end))
}

fn value_of<'a>(entry: &'a [u8], name: &[u8]) -> Option<&'a [u8]> {
    entry.strip_prefix(name)?.strip_prefix(b"=")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lines(list: &[CString]) -> Vec<&str> {
        list.iter().map(|entry| entry.to_str().unwrap()).collect()
    }

    #[test]
    fn off_means_what_the_manual_says() {
        let off = |entry| Environment(vec![entry]).is_off();
        assert!(off(c"SPEC_CC_DISABLE=1") && off(c"SPEC_CC_DISABLE=yes") && off(c"SPEC_CC_MODE=off"));
        assert!(off(c"SPEC_CC_MODE=plain"));
        assert!(!off(c"SPEC_CC_DISABLE=0") && !off(c"SPEC_CC_DISABLE=") && !off(c"SPEC_CC_MODE=spec"));
        assert!(!off(c"SPEC_CC_DISABLED=1"));
    }

    #[test]
    fn a_change_replaces_the_same_name_only() {
        let env = Environment(vec![c"A=1", c"AB=2", c"MAKEFLAGS=-j", c"odd"]);
        let changed = env.changed(&["MAKEFLAGS"], &[b"A=x=y".to_vec(), b"NEW=".to_vec()]).unwrap();
        assert_eq!(lines(&changed), ["AB=2", "odd", "A=x=y", "NEW="]);
        assert!(env.changed(&[], &[b"no-equals-sign".to_vec()]).is_err());
        assert!(env.changed(&[], &[b"A=\0".to_vec()]).is_err());
    }
}
