//! A table of strings: each text once, with a number.

use std::collections::HashMap;
use std::sync::Arc;

use super::set;

/// Texts by number, and numbers by text.
#[derive(Clone, Default, Debug)]
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
        (self.texts.len() < u32::MAX as usize).then(|| self.push(text.into(), set::mark(text)))
    }

    pub(super) fn get(&self, number: u32) -> Option<&str> {
        self.texts.get(number as usize).map(AsRef::as_ref)
    }

    pub(super) fn len(&self) -> usize {
        self.texts.len()
    }

    /// The texts from number `first` on.
    pub(super) fn since(&self, first: usize) -> Vec<String> {
        self.texts.iter().skip(first).map(|text| text.as_ref().into()).collect()
    }

    /// Adds texts that were numbered from `first` on; `None` if that is not the next number or one of them was
    /// there before.
    pub(super) fn extend(&mut self, first: u32, texts: Vec<String>) -> Option<()> {
        if !texts.is_empty() && first as usize != self.texts.len() {
            return None;
        }
        for text in texts {
            let mark = set::mark(&text);
            self.push(text.into(), mark);
        }
        (self.numbers.len() == self.texts.len()).then_some(())
    }

    /// The share of the text with this number in the sums that vouch for it; 0 if there is none.
    pub(super) fn mark(&self, number: u32) -> u128 {
        self.marks.get(number as usize).copied().unwrap_or_default()
    }

    /// Keeps the texts whose numbers are `used` and numbers them anew in their old order; gives each old number's new one.
    pub(super) fn keep(&mut self, used: impl Iterator<Item = u32>) -> Vec<Option<u32>> {
        let mut is_used = vec![false; self.texts.len()];
        for number in used {
            if let Some(slot) = is_used.get_mut(number as usize) {
                *slot = true;
            }
        }
        let old = std::mem::take(self);
        let texts = old.texts.into_iter().zip(old.marks).zip(is_used);
        texts.map(|((text, mark), used)| used.then(|| self.push(text, mark))).collect()
    }

    fn push(&mut self, text: Arc<str>, mark: u128) -> u32 {
        let number = self.texts.len() as u32;
        self.marks.push(mark);
        self.texts.push(Arc::clone(&text));
        self.numbers.insert(text, number);
        number
    }
}
