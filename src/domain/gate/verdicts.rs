//! The verdicts of one cell, and the pool that keeps equal ones once: of a thousand services, most
//! are told the same words. Nothing is judged here.

use std::collections::HashSet;
use std::ops::Deref;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::Verdict;

/// The verdicts of one cell, in the order in which its gates are asked.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Verdicts(Box<[Arc<Verdict>]>);

impl Verdicts {
    pub fn iter(&self) -> Iter<'_> {
        self.0.iter().map(Deref::deref)
    }

    pub fn get(&self, place: usize) -> Option<&Verdict> {
        self.0.get(place).map(Deref::deref)
    }

    pub fn len(&self) -> usize {
        self.0.len()
    }

    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

/// Goes through the verdicts of a cell.
pub type Iter<'a> =
    std::iter::Map<std::slice::Iter<'a, Arc<Verdict>>, fn(&Arc<Verdict>) -> &Verdict>;

impl<'a> IntoIterator for &'a Verdicts {
    type Item = &'a Verdict;
    type IntoIter = Iter<'a>;

    fn into_iter(self) -> Iter<'a> {
        self.iter()
    }
}

impl From<Vec<Verdict>> for Verdicts {
    fn from(verdicts: Vec<Verdict>) -> Self {
        Self(verdicts.into_iter().map(Arc::new).collect())
    }
}

/// Every verdict that some cell has, once.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Pool {
    known: HashSet<Arc<Verdict>>,
    /// How many were left when those that no cell has any more were dropped last.
    left: usize,
}

impl Pool {
    /// How many more than were left last may be known before it is looked which of them are over.
    const MORE: usize = 512;

    /// Replaces verdicts by equal ones that are known, and knows the others from now on.
    pub fn share(&mut self, verdicts: &mut Verdicts) {
        for verdict in &mut verdicts.0 {
            match self.known.get(verdict) {
                Some(known) => *verdict = Arc::clone(known),
                None => {
                    if let Some(verdict) = Arc::get_mut(verdict) {
                        verdict.shrink();
                    }
                    self.known.insert(Arc::clone(verdict));
                }
            }
        }
        if self.known.len() > self.left + self.left / 4 + Self::MORE {
            self.sweep();
        }
    }

    fn sweep(&mut self) {
        self.known.retain(|verdict| Arc::strong_count(verdict) > 1);
        self.known
            .shrink_to(self.known.len() + self.known.len() / 2);
        self.left = self.known.len();
    }
}

#[cfg(test)]
mod tests {
    use super::super::State;
    use super::*;

    fn told(why: &str) -> Verdicts {
        vec![Verdict::new("window", State::Open, why)].into()
    }

    fn place(verdicts: &Verdicts) -> *const Verdict {
        verdicts.iter().next().unwrap()
    }

    #[test]
    fn what_two_cells_are_told_alike_is_kept_once() {
        let mut pool = Pool::default();
        let (mut one, mut two, mut other) = (told("open"), told("open"), told("open until 18:00"));
        for verdicts in [&mut one, &mut two, &mut other] {
            pool.share(verdicts);
        }
        assert_eq!(place(&one), place(&two));
        assert_ne!(place(&one), place(&other));
        assert_eq!(other, told("open until 18:00"));
    }

    #[test]
    fn what_no_cell_is_told_any_more_is_forgotten() {
        let mut pool = Pool::default();
        let mut kept = told("kept");
        pool.share(&mut kept);
        for number in 0..10 * Pool::MORE {
            pool.share(&mut told(&format!("number {number}")));
            assert!(pool.known.len() <= Pool::MORE + 2);
        }
        let mut again = told("kept");
        pool.share(&mut again);
        assert_eq!(place(&kept), place(&again));
    }
}
