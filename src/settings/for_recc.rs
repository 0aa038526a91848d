//! Our settings in recc's names, for an installed recc.

use std::collections::BTreeMap;

use super::table::{Kind, TABLE};
use super::value::{Family, Value};
use super::{Settings, remote};
use crate::base::variable::Variable;

impl Settings {
    /// Variables that make recc do as our own settings say, sorted; those it reads by itself are left out.
    ///
    /// A list of ours adds to recc's, where it should replace them: recc knows no way to empty a list.
    pub fn for_recc(&self) -> Vec<Variable> {
        let mut variables = BTreeMap::new();
        if let Some(remote) = self.get("remote") {
            for server in remote::SERVERS {
                variables.insert(format!("RECC_{}", server.to_uppercase()), remote.to_owned());
            }
        }
        if self.is_remote_ours() {
            for name in ["deps_global_paths", "no_path_rewrite", "cache_upload_local_build"] {
                variables.insert(format!("RECC_{}", name.to_uppercase()), "1".to_owned());
            }
        }
        let own = self.values.iter().filter(|value| value.family == Family::Own);
        variables.extend(own.filter_map(variable));
        variables.into_iter().collect()
    }
}

fn variable(value: &Value) -> Option<Variable> {
    let setting = &TABLE[value.row];
    let name = format!("RECC_{}{}", setting.recc?, value.key);
    let text = match setting.kind {
        Kind::Flag if value.is_on() => "1".to_owned(),
        Kind::Flag => String::new(),
        _ => value.text.clone(),
    };
    Some((name, text))
}
