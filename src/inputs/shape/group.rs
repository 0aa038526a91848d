//! Group: what siblings add to a shape together.

use std::collections::HashMap;
use std::sync::Arc;

use sha2::{Digest as _, Sha256};

use super::member::Member;
use super::positions::Positions;
use crate::base::digest::short;
use crate::base::paths::PathId;
use crate::directives::Hazards;

/// The members that siblings are along one search path.
#[derive(Debug)]
pub(crate) struct Group {
    pub members: Vec<Arc<Member>>,
    /// Over the hashes of all, whatever their order.
    pub hash: [u8; 16],
    pub hazards: Hazards,
    /// Whether one of them includes by a name that only macros know.
    pub computed: bool,
    /// Whether one of them defines a macro that asks for files ([`MacroUse::probes`](crate::directives::MacroUse::probes)).
    pub probes: Hazards,
    /// Words of headers' names in them that are another name if a macro is called so.
    pub words: Box<[u32]>,
    /// What their probes find: over all of it, and the files.
    pub answers: Box<[[u8; 16]]>,
    pub asked: Box<[PathId]>,
    /// Those of them, and of the files that they find, that say `#pragma once`.
    pub once: Box<[PathId]>,
    /// How their conditions depend on positions and probes, as far as that was known at a version.
    positional: Option<(u32, Hazards)>,
}

impl Group {
    pub(super) fn new(members: Vec<Arc<Member>>) -> Self {
        let mut each: Vec<[u8; 16]> = members.iter().map(|member| member.hash).collect();
        each.sort_unstable();
        let mut hasher = Sha256::new();
        hasher.update(each.as_flattened());
        let mut once: Vec<PathId> = members.iter().flat_map(|member| member.once.iter().copied()).collect();
        once.sort_unstable();
        once.dedup();
        Self {
            once: once.into(),
            hash: short(hasher),
            hazards: members.iter().fold(Hazards::NONE, |all, member| all | member.hazards),
            computed: members.iter().any(|member| member.scan.computed_include),
            probes: members.iter().fold(Hazards::NONE, |all, member| all | member.scan.macros.probes()),
            words: members.iter().flat_map(|member| member.scan.macros.words.iter().copied()).collect(),
            answers: members.iter().filter_map(|member| member.answers).collect(),
            asked: members.iter().flat_map(|member| member.asked.iter().copied()).collect(),
            positional: None,
            members,
        }
    }

    /// How its conditions depend on positions and probes, by all macros that are known now.
    pub(super) fn positional(&mut self, positions: &Positions) -> Hazards {
        match self.positional {
            Some((version, hazards)) if version == positions.version => hazards,
            _ => {
                let each = self.members.iter().map(|member| positions.reach(&member.scan.macros));
                let hazards = each.fold(Hazards::NONE, |all, one| all | one);
                self.positional = Some((positions.version, hazards));
                hazards
            }
        }
    }
}

/// A search path, siblings, and the main source if that is one of them.
type Key = (u32, u64, Option<PathId>);

/// The groups found true in a snapshot.
#[derive(Debug, Default)]
pub(crate) struct Groups {
    places: HashMap<Key, usize>,
    list: Vec<Group>,
}

impl Groups {
    pub(super) fn place(&self, key: &Key) -> Option<usize> {
        self.places.get(key).copied()
    }

    pub(super) fn insert(&mut self, key: Key, group: Group) -> usize {
        let place = self.list.len();
        self.places.insert(key, place);
        self.list.push(group);
        place
    }

    /// The group at a place that this table gave.
    pub(super) fn at(&mut self, place: usize) -> &mut Group {
        &mut self.list[place]
    }
}
