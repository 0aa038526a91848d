//! Placeholder.
#![allow(missing_docs)]
pub struct Hazards(pub u8);
impl Hazards {
    pub const TIME: Self = Self(1);
    pub const TIMESTAMP: Self = Self(2);
    pub const INCBIN: Self = Self(4);
    pub const POSITION: Self = Self(8);
    pub const EMBED: Self = Self(16);
    pub const MODULE: Self = Self(32);
    pub fn contains(&self, o: Self) -> bool {
        self.0 & o.0 == o.0
    }
}
impl std::fmt::Debug for Hazards {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}
#[derive(Debug)]
pub struct Scan {
    pub fingerprint: [u8; 16],
    pub includes: Vec<Include>,
    pub computed_include: bool,
    pub hazards: Hazards,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Include,
    IncludeNext,
    Import,
    HasInclude,
    HasIncludeNext,
    Embed,
    HasEmbed,
}
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    Quote,
    Angle,
}
#[derive(Debug)]
pub struct Include {
    pub kind: Kind,
    pub form: Form,
    pub name: String,
}
pub fn scan(text: &[u8]) -> Scan {
    let mut fingerprint = [0; 16];
    fingerprint.copy_from_slice(&super::digest::Digest::of(text).hash[..16]);
    Scan { fingerprint, includes: vec![], computed_include: false, hazards: Hazards(0) }
}
