//! `review`: every change in scope was approved by enough people, and where policy forbids it nobody
//! approved their own.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use jiff::Timestamp;

use super::{Case, State, Verdict, since, words};
use crate::domain::ids::Person;
use crate::domain::pull_request::Review;
use crate::domain::scope::{Scope, ScopedPullRequest};

const GATE: &str = "review";

/// Pull requests that are all right are evidence up to this many; those that are not, always.
const SHOWN: usize = 20;

pub fn judge(case: &Case<'_>, approvals: u32, own: bool) -> Verdict {
    if case.subject().is_none() {
        return case.missing(GATE);
    }
    let Some(scope) = case.known_scope() else {
        return case.no_scope(GATE);
    };
    let at = case.scope.and_then(crate::domain::observed::Fact::at);
    let mut evidence = Vec::new();
    let mut trouble = Vec::new();
    let (mut approvers, mut own_alone) = (BTreeSet::new(), BTreeSet::new());
    let (mut enough, mut against) = (Vec::new(), Vec::new());
    for pull_request in &scope.pull_requests {
        let opinion = Opinion::of(pull_request, own);
        let why = opinion.trouble(pull_request, approvals);
        approvers.extend(opinion.approved.iter().copied());
        if approvals > 0 {
            enough.push(opinion.enough_at(approvals));
        }
        if why.is_some() {
            against.push(opinion.against_since());
        }
        own_alone.extend(pull_request.author.as_ref().filter(|_| opinion.own));
        if why.is_some() || evidence.len() < SHOWN {
            evidence.push((pull_request, opinion.in_words(pull_request, approvals)));
        }
        trouble.extend(why);
    }
    if approvals > 0 {
        let unreviewed = unreviewed(scope);
        if !unreviewed.is_empty() {
            against.push(None);
            trouble.push(format!(
                "no pull request brought {}",
                words::list(unreviewed)
            ));
        }
    }
    let read = scope.pull_requests.len();
    let incomplete = !scope.complete || (scope.commits.len() as u64) < scope.total;
    let verdict = match trouble.as_slice() {
        [] if incomplete => {
            let why = format!(
                "{} of {} commits were read",
                scope.commits.len(),
                scope.total
            );
            Verdict::new(GATE, State::Unknown, why).opens_when("the whole scope is read")
        }
        [] => {
            let why = match (approvals, read) {
                (_, 0) => "no pull request in scope".to_owned(),
                (0, read) => format!("nobody asked for changes in {read} pull requests"),
                (1, 1) => format!("1 pull request is approved{}", by(&approvers)),
                (1, read) => format!("{read} pull requests are approved{}", by(&approvers)),
                (_, 1) => format!(
                    "1 pull request has {approvals} approvals or more{}",
                    by(&approvers)
                ),
                (_, read) => format!(
                    "{read} pull requests have {approvals} approvals or more{}",
                    by(&approvers)
                ),
            };
            let why = match own_alone.len() {
                0 => why,
                _ => format!("{why} (author {} not counted)", words::list(own_alone)),
            };
            Verdict::new(GATE, State::Open, why).since(since::last(enough))
        }
        [first, others @ ..] => {
            let why = match others.len() {
                0 => first.clone(),
                others => format!("{first}, and {others} more"),
            };
            Verdict::new(GATE, State::Closed, why)
                .since(since::first(against))
                .opens_when("each change is approved")
                .who("a reviewer on the forge")
        }
    };
    evidence
        .into_iter()
        .fold(verdict, |verdict, (pull_request, value)| {
            let what = format!("#{}", pull_request.number);
            verdict.evidence(what, value, Some(pull_request.url.clone()), at)
        })
        .valid_until(case.valid_until())
}

/// `, by bob and dee`, and of many how many.
fn by(approvers: &BTreeSet<&Person>) -> String {
    match approvers.len() {
        0 => String::new(),
        1..=4 => format!(", by {}", words::list(approvers)),
        many => format!(", by {many} people"),
    }
}

/// Returns each reviewer's last opinion.
pub(super) fn latest(reviews: &[Review]) -> BTreeMap<&Person, &Review> {
    let mut latest: BTreeMap<&Person, &Review> = BTreeMap::new();
    for review in reviews {
        let known = latest.get(&review.author);
        if known.is_none_or(|known| known.at <= review.at) {
            latest.insert(&review.author, review);
        }
    }
    latest
}

/// What people think of one pull request.
struct Opinion<'a> {
    approved: Vec<&'a Person>,
    against: Vec<&'a Person>,
    /// The author approved, and that does not count.
    own: bool,
    /// When each of those approved, and each of those asked for changes.
    approved_at: Vec<Option<Timestamp>>,
    against_at: Vec<Option<Timestamp>>,
}

impl<'a> Opinion<'a> {
    fn of(pull_request: &'a ScopedPullRequest, own: bool) -> Self {
        let mut opinion = Self {
            approved: Vec::new(),
            against: Vec::new(),
            own: false,
            approved_at: Vec::new(),
            against_at: Vec::new(),
        };
        for (person, review) in latest(&pull_request.reviews) {
            if !review.approved {
                opinion.against.push(person);
                opinion.against_at.push(review.at);
            } else if !own && pull_request.author.as_ref() == Some(person) {
                opinion.own = true;
            } else {
                opinion.approved.push(person);
                opinion.approved_at.push(review.at);
            }
        }
        opinion
    }

    /// When the approval came that made it enough.
    fn enough_at(&self, approvals: u32) -> Option<Timestamp> {
        let last = usize::try_from(approvals).ok()?.checked_sub(1)?;
        let mut all: Vec<Timestamp> = self.approved_at.iter().copied().collect::<Option<_>>()?;
        all.sort_unstable();
        all.get(last).copied()
    }

    /// Since when somebody asks for changes; of approvals that are missing nobody knows.
    fn against_since(&self) -> Option<Timestamp> {
        since::first(self.against_at.iter().copied())
    }

    fn trouble(&self, pull_request: &ScopedPullRequest, approvals: u32) -> Option<String> {
        let number = pull_request.number;
        let have = self.approved.len();
        if !self.against.is_empty() {
            let who = words::list(&self.against);
            Some(format!("{who} asked for changes in #{number}"))
        } else if have >= usize::try_from(approvals).unwrap_or(usize::MAX) {
            None
        } else if self.own {
            Some(format!(
                "#{number} has {have} of {approvals} approvals but its author's own"
            ))
        } else {
            Some(format!("#{number} has {have} of {approvals} approvals"))
        }
    }

    fn in_words(&self, pull_request: &ScopedPullRequest, approvals: u32) -> String {
        let mut value = format!("{} of {approvals}", self.approved.len());
        if !self.approved.is_empty() {
            value.push_str(": ");
            value.push_str(&words::list(&self.approved));
        }
        if let (true, Some(author)) = (self.own, &pull_request.author) {
            let _ = write!(value, " (author {author} is not counted)");
        }
        if !self.against.is_empty() {
            let _ = write!(value, "; changes asked by {}", words::list(&self.against));
        }
        value
    }
}

/// Returns the commits that no pull request in scope brought.
fn unreviewed(scope: &Scope) -> Vec<&str> {
    scope
        .commits
        .iter()
        .filter(|commit| {
            !commit.pull_requests.iter().any(|number| {
                scope
                    .pull_requests
                    .iter()
                    .any(|known| known.number == *number)
            })
        })
        .map(|commit| commit.sha.short())
        .collect()
}
