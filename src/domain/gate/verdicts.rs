//! The verdicts of one cell with what they come to, and the pool that keeps equal ones once: of a
//! thousand services, most are told the same words. Nothing is judged here.

use std::collections::HashSet;
use std::ops::Deref;
use std::sync::Arc;

use jiff::Timestamp;

use super::{Go, State, Verdict, sum};

/// The verdicts of one cell, in the order in which its gates are asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdicts {
    all: Box<[Arc<Verdict>]>,
    /// A picture asks this of every cell in sight: the verdicts themselves lie all over the memory.
    sum: Sum,
    /// The first instant at which one of them has run out, and `sum` is over.
    until: Option<Timestamp>,
}

/// What verdicts come to at some instant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Sum {
    pub go: Go,
    pub passing: usize,
    /// The place of the first that does not pass.
    pub blocking: Option<usize>,
    /// Whether all that do not pass will by themselves.
    pub waits: bool,
}

impl Sum {
    fn of(states: impl Iterator<Item = State> + Clone) -> Self {
        let mut blocking = states.clone().filter(|state| !state.passes());
        Self {
            go: sum(states.clone()),
            passing: states.clone().filter(|state| state.passes()).count(),
            blocking: states.clone().position(|state| !state.passes()),
            waits: blocking.all(|state| state == State::Waiting),
        }
    }
}

impl Verdicts {
    pub fn iter(&self) -> Iter<'_> {
        self.all.iter().map(Deref::deref)
    }

    pub fn get(&self, place: usize) -> Option<&Verdict> {
        self.all.get(place).map(Deref::deref)
    }

    pub fn len(&self) -> usize {
        self.all.len()
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// What they come to at `now`.
    pub(super) fn sum_at(&self, now: Timestamp) -> Sum {
        if self.until.is_none_or(|until| now < until) {
            self.sum
        } else {
            Sum::of(self.iter().map(|verdict| verdict.state_at(now)))
        }
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

impl Default for Verdicts {
    fn default() -> Self {
        Vec::new().into()
    }
}

impl From<Vec<Verdict>> for Verdicts {
    fn from(verdicts: Vec<Verdict>) -> Self {
        Self {
            // Before the first has run out, each says what it said.
            sum: Sum::of(verdicts.iter().map(|verdict| verdict.state)),
            until: verdicts
                .iter()
                .filter_map(|verdict| verdict.valid_until)
                .min(),
            all: verdicts.into_iter().map(Arc::new).collect(),
        }
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
        for verdict in &mut verdicts.all {
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
    use proptest::prelude::*;

    use super::*;

    fn told(why: &str) -> Verdicts {
        vec![Verdict::new("window", State::Open, why)].into()
    }

    fn place(verdicts: &Verdicts) -> *const Verdict {
        verdicts.iter().next().unwrap()
    }

    /// The sum by looking at each verdict, which is what the kept one has to be.
    fn by_each(verdicts: &Verdicts, now: Timestamp) -> Sum {
        Sum::of(verdicts.iter().map(|verdict| verdict.state_at(now)))
    }

    proptest! {
        #[test]
        fn what_they_come_to_is_what_each_of_them_says_at_any_instant(
            told in prop::collection::vec(
                (
                    prop::sample::select(vec![
                        State::Open,
                        State::Closed,
                        State::Waiting,
                        State::Unknown,
                        State::Overridden,
                    ]),
                    prop::option::of(0_i64..20),
                ),
                0..6,
            ),
        ) {
            let at = |second| Timestamp::from_second(second).unwrap();
            let verdicts = told.into_iter().map(|(state, until)| {
                Verdict::new("window", state, "told").valid_until(until.map(at))
            });
            let verdicts = Verdicts::from(verdicts.collect::<Vec<_>>());
            for now in (-1..22).map(at) {
                prop_assert_eq!(verdicts.sum_at(now), by_each(&verdicts, now));
            }
        }
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
