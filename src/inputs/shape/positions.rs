//! Positions: which macros may stand for `__LINE__` or `__COUNTER__`, over all files ever scanned.

use std::collections::{HashMap, HashSet};

use crate::inputs::digest::Digest;
use crate::inputs::directives::MacroUse;

/// A closure that only grows: a macro is positional when its replacement names a position or a positional macro.
///
/// Files of unrelated commands are mixed on purpose: it makes the answer too large at times, never too small.
#[derive(Debug, Default)]
pub(super) struct Positions {
    positional: HashSet<u32>,
    users: HashMap<u32, Vec<u32>>,
    added: HashSet<Digest>,
    /// Changes with every macro that becomes positional.
    pub version: u32,
}

impl Positions {
    /// Takes in the macros of one content.
    pub(super) fn add(&mut self, content: Digest, macros: &MacroUse) {
        if !self.added.insert(content) {
            return;
        }
        for &(used, user) in &macros.links {
            self.users.entry(used).or_default().push(user);
            if self.positional.contains(&used) {
                self.mark(user);
            }
        }
        for &name in &macros.positional {
            self.mark(name);
        }
    }

    /// Whether a condition names a positional macro.
    pub(super) fn reach(&self, macros: &MacroUse) -> bool {
        !self.positional.is_empty() && macros.conditions.iter().any(|name| self.positional.contains(name))
    }

    fn mark(&mut self, name: u32) {
        let mut waiting = vec![name];
        while let Some(name) = waiting.pop() {
            if self.positional.insert(name) {
                self.version += 1;
                waiting.extend(self.users.get(&name).into_iter().flatten());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::directives::scan;

    #[test]
    fn reaches_conditions_through_macros_of_several_files_in_any_order() {
        let texts = [
            "#define B A\n#define N 1\n",
            "#define A f(__LINE__)\n",
            "#define C(x) B\n",
            "#define D assert\n",
        ];
        let condition = scan(b"#if C(1) > 2\n#endif\n").macros;
        let innocent = scan(b"#if N && D\n#endif\n").macros;
        for turn in 0..texts.len() {
            let mut positions = Positions::default();
            for n in 0..texts.len() {
                let text = texts[(n + turn) % texts.len()].as_bytes();
                positions.add(Digest::of(text), &scan(text).macros);
            }
            assert!(positions.reach(&condition));
            assert!(!positions.reach(&innocent));
        }
    }
}
