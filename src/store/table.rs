//! A table of strings: each text once, with a number.

use std::collections::HashMap;
use std::sync::Arc;

use super::set;

/// Texts by number, and numbers by text.
#[derive(Default, Debug)]
pub(super) struct Table {
    texts: Vec<Arc<str>>,
    marks: Vec<u128>,
    numbers: HashMap<Arc<str>, u32>,
}

impl Table {
    /// The number of `text`, new if it was not there; `None` when the table is full.
    pub(super) fn intern(&mut self, text: &str) -> Option<u32> {
        if let Some(&number) = self.numbers.get(text) {
            return Some(number);
        }
        let number = u32::try_from(self.texts.len()).ok().filter(|&n| n < u32::MAX)?;
        self.add(text.into());
        Some(number)
    }

    pub(super) fn get(&self, number: u32) -> Option<&str> {
        self.texts.get(number as usize).map(AsRef::as_ref)
    }

    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// The texts from number `first` on.
    pub(super) fn since(&self, first: usize) -> &[Arc<str>] {
        self.texts.get(first..).unwrap_or_default()
    }

    /// The share of the text with this number in the sums that vouch for it; 0 if there is none.
    pub(super) fn mark(&self, number: u32) -> u128 {
        self.marks.get(number as usize).copied().unwrap_or_default()
    }

    fn add(&mut self, text: Arc<str>) {
        let number = self.texts.len() as u32;
        self.marks.push(set::mark(&text));
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
    }
}

impl From<Vec<String>> for Table {
    fn from(texts: Vec<String>) -> Self {
        let mut table = Self::default();
        texts.into_iter().for_each(|text| table.add(text.into()));
        table
    }
}

impl From<Table> for Vec<String> {
    fn from(table: Table) -> Self {
        table.texts.iter().map(|text| text.as_ref().into()).collect()
    }
}
