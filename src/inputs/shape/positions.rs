//! Positions: which macros may stand for `__LINE__` or `__COUNTER__`, or ask for files, over all files ever scanned.

use std::collections::{HashMap, HashSet};

use crate::base::digest::Digest;
use crate::directives::macros::called;
use crate::directives::{Hazards, MacroUse};

/// A closure that only grows: a macro is positional when its replacement names a position, a probe or a positional macro.
///
/// Files of unrelated commands are mixed on purpose: it makes the answer too large at times, never too small.
#[derive(Debug, Default)]
pub(super) struct Positions {
    positional: HashMap<u32, Hazards>,
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
            if let Some(&hazards) = self.positional.get(&used) {
                self.mark(user, hazards);
            }
        }
        for &(name, hazards) in &macros.positional {
            self.mark(name, hazards);
        }
        for &name in &macros.probers {
            self.mark_prober(name);
        }
    }

    /// How many contents were taken in.
    pub(super) fn contents(&self) -> usize {
        self.added.len()
    }

    /// The hazards of conditions that name positional macros.
    pub(super) fn reach(&self, macros: &MacroUse) -> Hazards {
        if self.positional.is_empty() {
            return Hazards::NONE;
        }
        let reached = macros.conditions.iter().filter_map(|name| self.positional.get(name));
        reached.fold(Hazards::NONE, |all, one| all | *one)
    }

    fn mark(&mut self, name: u32, hazards: Hazards) {
        let mut waiting = vec![name];
        while let Some(name) = waiting.pop() {
            let known = self.positional.entry(called(name)).or_default();
            if !known.contains(hazards) {
                *known |= hazards;
                *self.positional.entry(name).or_default() |= hazards;
                self.version += 1;
                waiting.extend(self.users.get(&name).into_iter().flatten());
            }
        }
    }

    /// Marks a macro that asks for its argument: what a condition calls it with is known if that is a header's name, and not if
    /// another macro calls it.
    fn mark_prober(&mut self, name: u32) {
        let known = self.positional.entry(name).or_default();
        if !known.contains(Hazards::PROBE) {
            *known |= Hazards::PROBE;
            self.version += 1;
            for user in self.users.get(&name).cloned().unwrap_or_default() {
                self.mark(user, Hazards::PROBE);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::directives::scan;

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
            assert_eq!(positions.reach(&condition), Hazards::POSITION);
            assert_eq!(positions.reach(&innocent), Hazards::NONE);
        }
    }
}
