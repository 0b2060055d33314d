//! What holds leave on a forge, and what people do with that: statuses, labels, freezes. Each change
//! is kept with its instant, because reads may lag behind.

use jiff::Timestamp;

use crate::domain::act::{Act, StatusState};
use crate::domain::brake::{Binds, Mark, Reading, Sought};
use crate::domain::ids::{FreezeId, IntentId, PullRequestNumber};

/// Every change of every mark of a repository, oldest first.
#[derive(Debug, Default)]
pub struct Marks(Vec<Change>);

/// Freezes of the same times are different ones, by their numbers.
type Number = Option<FreezeId>;

#[derive(Debug)]
struct Change {
    at: Timestamp,
    mark: Mark,
    number: Number,
    left: Left,
}

/// What is there of a mark.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Left {
    /// It stops; by whose act, if it was one of ours.
    Stops(Option<IntentId>),
    /// A status that says something else.
    Other(&'static str),
    Gone,
}

impl Marks {
    fn put(&mut self, at: Timestamp, mark: &Mark, number: Number, left: Left) {
        let mark = mark.clone();
        self.0.push(Change {
            at,
            mark,
            number,
            left,
        });
    }

    /// What there is of each that has these words, as of `at`; of one alone if its number is known.
    fn each(&self, mark: &Mark, number: Number, at: Timestamp) -> Vec<&Change> {
        let mut each: Vec<&Change> = Vec::new();
        let of_mark = self.0.iter().filter(|change| {
            change.mark == *mark && change.at <= at && (number.is_none() || change.number == number)
        });
        for change in of_mark {
            each.retain(|known| known.number != change.number);
            each.push(change);
        }
        each
    }

    /// The first that is there.
    fn there(&self, mark: &Mark, number: Number, at: Timestamp) -> Option<&Change> {
        let mut each = self.each(mark, number, at).into_iter();
        each.find(|change| matches!(change.left, Left::Stops(_)))
    }

    /// Says whether a mark was ever there, and whether it was ever taken away.
    pub(super) fn ever(&self, mark: &Mark) -> (bool, bool) {
        let of_mark = || self.0.iter().filter(|change| change.mark == *mark);
        let there = of_mark().any(|change| matches!(change.left, Left::Stops(_)));
        let gone = of_mark().any(|change| change.left == Left::Gone);
        (there, gone)
    }

    /// What an act leaves, or why it cannot. What somebody has put there before stays theirs.
    pub(super) fn act(
        &mut self,
        act: &Act,
        number: Number,
        key: &IntentId,
        at: Timestamp,
    ) -> Result<(), String> {
        let Some(mark) = Mark::of(act) else {
            return Ok(());
        };
        let number = match act {
            Act::Unfreeze { freeze, .. } => Some(*freeze),
            _ => number,
        };
        let there = self.there(&mark, number, at).is_some();
        match act {
            Act::SetStatus { state, .. } => {
                let left = match state {
                    StatusState::Failure | StatusState::Error => Left::Stops(Some(key.clone())),
                    StatusState::Success => Left::Other("success"),
                    StatusState::Pending => Left::Other("pending"),
                };
                self.put(at, &mark, number, left);
            }
            Act::AddLabel { .. } if there => {}
            Act::AddLabel { .. } | Act::Freeze { .. } => {
                self.put(at, &mark, number, Left::Stops(Some(key.clone())));
            }
            Act::RemoveLabel { .. } | Act::Unfreeze { .. } if !there => {
                return Err(format!("404: there is no {}", mark.says()));
            }
            Act::RemoveLabel { .. } | Act::Unfreeze { .. } => {
                self.put(at, &mark, number, Left::Gone);
            }
            _ => {}
        }
        Ok(())
    }

    /// Somebody past gonogo undoes or overrules a mark that is there; says what.
    pub(super) fn undone(&mut self, mark: &Mark, at: Timestamp) -> Option<String> {
        let number = self.there(mark, None, at)?.number;
        let left = match mark {
            Mark::Status { .. } => Left::Other("success"),
            Mark::Label { .. } | Mark::Freeze { .. } => Left::Gone,
            Mark::Rejection { .. } => return None,
        };
        self.put(at, mark, number, left);
        Some(format!("somebody undoes {}", mark.says()))
    }

    /// Somebody past gonogo labels a pull request.
    pub(super) fn labelled(&mut self, mark: &Mark, at: Timestamp) {
        if self.there(mark, None, at).is_none() {
            self.put(at, mark, None, Left::Stops(None));
        }
    }

    /// The marks that are there now by acts of ours, and by which.
    pub fn ours(&self, now: Timestamp) -> Vec<(Mark, IntentId)> {
        let mut ours = Vec::new();
        for mark in self.all() {
            for change in self.each(&mark, None, now) {
                if let Left::Stops(Some(key)) = &change.left {
                    ours.push((mark.clone(), key.clone()));
                }
            }
        }
        ours
    }

    /// The labels that are there.
    pub(super) fn labels(&self, now: Timestamp) -> Vec<(PullRequestNumber, String)> {
        let all = self.all().into_iter();
        all.filter(|mark| self.there(mark, None, now).is_some())
            .filter_map(|mark| match mark {
                Mark::Label { number, label } => Some((number, label)),
                _ => None,
            })
            .collect()
    }

    pub(super) fn all(&self) -> Vec<Mark> {
        let mut all: Vec<Mark> = Vec::new();
        for change in &self.0 {
            if !all.contains(&change.mark) {
                all.push(change.mark.clone());
            }
        }
        all
    }

    /// What a read as of `at` shows: of a status, whose it is; of the rest, whether it is there.
    pub fn read(&self, sought: &Sought, at: Timestamp) -> Reading {
        let each = self.each(&sought.mark, sought.freeze, at);
        let there = self.there(&sought.mark, sought.freeze, at);
        let is_status = matches!(sought.mark, Mark::Status { .. });
        match (there.map(|change| &change.left), each.last()) {
            (Some(Left::Stops(key)), _) if is_status && key.as_ref() != Some(&sought.key) => {
                Reading::Foreign {
                    says: "failure: by another".to_owned(),
                }
            }
            (Some(_), _) => Reading::Ours {
                binds: Binds::Unasked,
            },
            (None, Some(change)) => match change.left {
                Left::Other(word) => Reading::Foreign {
                    says: word.to_owned(),
                },
                Left::Gone | Left::Stops(_) => Reading::Gone,
            },
            (None, None) => Reading::Gone,
        }
    }

    /// Looks for what a keyless act has done, by what is there; with the number of a freeze. That
    /// something is not there any more is never read from a replica that lags behind: one that has
    /// not seen the mark yet would say so too, and nobody could tell.
    pub(super) fn find(&self, act: &Act, at: Timestamp, now: Timestamp) -> Option<Number> {
        let mark = Mark::of(act)?;
        match act {
            Act::AddLabel { .. } => self.there(&mark, None, at).map(|change| change.number),
            // Of twins the newest.
            Act::Freeze { .. } => {
                let each = self.each(&mark, None, at).into_iter();
                let there = each.filter(|change| matches!(change.left, Left::Stops(_)));
                there.map(|change| change.number).max()
            }
            Act::RemoveLabel { .. } => self.there(&mark, None, now).is_none().then_some(None),
            Act::Unfreeze { freeze, .. } => {
                let there = self.there(&mark, Some(*freeze), now);
                there.is_none().then_some(Some(*freeze))
            }
            _ => None,
        }
    }
}
