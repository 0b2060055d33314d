//! `blocker`: nothing is open in the service's repository, issue or pull request, with a label that
//! blocks. A search that failed is unknown.

use std::collections::BTreeMap;

use super::{Case, State, Verdict, words};
use crate::domain::facts::{Blocker, Labelled};

const GATE: &str = "blocker";

/// So many of the open ones are evidence.
const SHOWN: usize = 20;

pub fn judge(case: &Case<'_>, labels: &[String]) -> Verdict {
    let Some((facts, _)) = case.subject() else {
        return case.missing(GATE);
    };
    let at = case.facts.at();
    let searches: Vec<(&String, Option<&Labelled>)> = labels
        .iter()
        .map(|label| (label, facts.labelled.get(label)))
        .collect();
    let unread: Vec<&String> = searches
        .iter()
        .filter(|(_, found)| found.is_none())
        .map(|(label, _)| *label)
        .collect();
    let found: BTreeMap<u64, &Blocker> = searches
        .iter()
        .filter_map(|(_, found)| *found)
        .flat_map(|found| &found.shown)
        .map(|blocker| (blocker.number, blocker))
        .collect();
    let unshown: u64 = searches
        .iter()
        .filter_map(|(_, found)| *found)
        .map(|found| found.total.saturating_sub(found.shown.len() as u64))
        .sum();
    let verdict = if let Some(first) = found.values().next() {
        closed(case, first, found.len() - 1, unshown)
    } else if unshown > 0 {
        let why = format!(
            "{unshown} open with {}, and the forge does not say which",
            words::list(labels)
        );
        Verdict::new(GATE, State::Closed, why)
            .opens_when("each is closed or loses the label")
            .who(maintainer(case))
    } else if labels.is_empty() || !unread.is_empty() {
        let why = match unread.as_slice() {
            [] => "no label is named".to_owned(),
            unread => format!(
                "not known whether anything is open with {}",
                words::list(unread)
            ),
        };
        Verdict::new(GATE, State::Unknown, why).opens_when("the forge answers the search")
    } else {
        let why = format!(
            "no open issue or pull request has {}",
            words::either(labels)
        );
        Verdict::new(GATE, State::Open, why)
    };
    let verdict = found.values().take(SHOWN).fold(verdict, |verdict, it| {
        let what = format!("#{}", it.number);
        verdict.evidence(what, in_words(it), Some(it.url.clone()), at)
    });
    searches
        .into_iter()
        .fold(verdict, |verdict, (label, found)| {
            let value = found.map_or("not read".to_owned(), |found| {
                format!("{} open", found.total)
            });
            verdict.evidence(label, value, None, at)
        })
        .valid_until(case.valid_until())
}

fn closed(case: &Case<'_>, first: &Blocker, others: usize, unshown: u64) -> Verdict {
    let mut why = format!("{} #{} is open: {}", kind(first), first.number, first.title);
    // Of those that are not shown nobody knows which have several of the labels, and count twice.
    why.extend(match (others, unshown) {
        (0, 0) => None,
        (others, 0) => Some(format!(", and {others} more")),
        (_, 1..) => Some(", and more".to_owned()),
    });
    let opens_when = match (others, unshown) {
        (0, 0) => "it is closed or loses the label",
        (_, _) => "each is closed or loses the label",
    };
    Verdict::new(GATE, State::Closed, why)
        .opens_when(opens_when)
        .who(maintainer(case))
}

fn maintainer(case: &Case<'_>) -> String {
    format!("a maintainer of {}", case.service.repo)
}

fn kind(blocker: &Blocker) -> &'static str {
    if blocker.is_pull_request {
        "pull request"
    } else {
        "issue"
    }
}

/// `issue "refunds fail", by dee, labels release-blocker and bug`.
fn in_words(blocker: &Blocker) -> String {
    let author = blocker
        .author
        .as_ref()
        .map_or("somebody unknown", |author| author.as_str());
    format!(
        "{} \"{}\", by {author}, labels {}",
        kind(blocker),
        blocker.title,
        words::list(&blocker.labels)
    )
}
