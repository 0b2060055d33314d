//! `risk`: where much is at stake, somebody who neither wrote any of it nor promotes it has said go
//! to exactly this scope. Votes are those of `sign-off`; who wrote is found as `four-eyes` finds it.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::four_eyes::{Cast, Login};
use super::{Case, State, Verdict, no_journal, sign_off, words};
use crate::domain::ids::{Person, RoleName};
use crate::domain::observed::Fact;
use crate::domain::risk::{self, Risk};
use crate::domain::scope::{self, Scope};
use crate::domain::signoff::{Closings, Standing, Tally, Vote, before};

const GATE: &str = "risk";

/// Asks for a second approver from the score `second` on, and where the forge cut its list of files,
/// because what is not listed counts for nothing in the score.
///
/// 1. A no-go of one of the roles closes it, whatever the score is.
/// 2. Below `second` it is open.
/// 3. Otherwise it is closed until somebody with one of the roles says go who is neither the promoter
///    nor an author; unknown while it is not known who these are.
pub fn judge(case: &Case<'_>, second: u32, roles: &[RoleName], now: Timestamp) -> Verdict {
    if case.subject().is_none() {
        return case.missing(GATE);
    }
    let Some(ledger) = case.ledger else {
        return no_journal(GATE);
    };
    let (Some(scope), Some(candidate)) = (case.known_scope(), case.candidate) else {
        return case.no_scope(GATE);
    };
    let risk = risk::assess(scope, &case.service.scope);
    let (service, environment) = (&case.service.name, case.environment());
    let bound = scope::hash(service, environment, case.live, candidate);
    let ballots = ledger.votes_on(service, environment).map(Vote::ballot);
    let ballots = ballots.filter(|ballot| roles.contains(ballot.role));
    let closings = sign_off::closings(case, now);
    let tally = Tally::of(ballots, &bound, &[], true, case.policy, Some(&closings));
    let verdict = if let [first, ..] = tally.against().as_slice() {
        let why = match first.note {
            "" => format!("{} ({}) says no-go", first.person, first.role),
            note => format!("{} ({}) says no-go: {note}", first.person, first.role),
        };
        let against = tally.against();
        Verdict::new(GATE, State::Closed, why)
            .since(against.iter().map(|ballot| ballot.at).min())
            .opens_when("the no-go is taken back")
            .who(words::list(against.iter().map(|ballot| ballot.person)))
    } else {
        let verdict = weighed(case, scope, &risk, second, roles, &tally);
        verdict.valid_until(tally.counts_until(&closings))
    };
    with_evidence(case, scope, &risk, &tally, &closings, verdict).valid_until(case.valid_until())
}

fn weighed(
    case: &Case<'_>,
    scope: &Scope,
    risk: &Risk,
    second: u32,
    roles: &[RoleName],
    tally: &Tally<'_>,
) -> Verdict {
    let goes = tally.goes();
    let score = risk.score();
    let is_cut = scope.files.as_ref().is_none_or(|files| files.cut);
    let unread = !scope.complete || (scope.commits.len() as u64) < scope.total;
    let high = format!("risk {score} ({})", risk.level().word());
    if score < second && !is_cut {
        if unread {
            let read = scope.commits.len();
            let why = format!("{high}, but {read} of {} commits were read", scope.total);
            return Verdict::new(GATE, State::Unknown, why).opens_when("the whole scope is read");
        }
        let why = format!("{high} asks for no second approver: that is from {second} on");
        return Verdict::new(GATE, State::Open, why);
    }
    let asks = if score < second {
        format!("{high}, but the forge did not list every file")
    } else {
        format!("{high} is {second} or more")
    };
    let cast = Cast::of(case, scope);
    let promoter = case.actor.map(Login::of);
    let is_other = |person: &Person| {
        let login = Login::of(person);
        promoter.as_ref() != Some(&login) && !cast.authors.contains_key(&login)
    };
    let Some(second) = goes.iter().find(|ballot| is_other(ballot.person)) else {
        let why = match goes.as_slice() {
            [] => match tally.withdrawn_words(roles) {
                Some(gone) => format!("{asks}, and {gone}"),
                None => format!("{asks}, and nobody has said go as second approver"),
            },
            goes => {
                let who = words::list(goes.iter().map(|ballot| ballot.person));
                format!("{asks}, and {who} said go, but wrote some of it or promotes it")
            }
        };
        return Verdict::new(GATE, State::Closed, why)
            .opens_when("somebody says go who neither wrote any of it nor promotes it")
            .who(candidates(case, roles, is_other));
    };
    let unknown = if promoter.is_none() {
        Some("nobody knows who would promote".to_owned())
    } else if unread {
        let read = scope.commits.len();
        Some(format!("{read} of {} commits were read", scope.total))
    } else {
        cast.nameless.first().cloned()
    };
    let (person, role) = (second.person, second.role);
    match unknown {
        Some(unknown) => {
            let why = format!("{asks}; {person} ({role}) said go, but {unknown}");
            Verdict::new(GATE, State::Unknown, why).opens_when("everybody's part is known")
        }
        None => {
            let why = format!("{asks}; {person} ({role}) is the second approver");
            Verdict::new(GATE, State::Open, why).since(Some(second.at))
        }
    }
}

/// Who could be the second approver: `ann or raj (release)`.
fn candidates(case: &Case<'_>, roles: &[RoleName], is_other: impl Fn(&Person) -> bool) -> String {
    let members = roles.iter().filter_map(|role| case.policy.roles.get(role));
    let others: BTreeSet<&Person> = members
        .flatten()
        .filter(|person| is_other(person))
        .collect();
    let roles = words::either(roles);
    if others.is_empty() {
        format!("nobody: whoever is {roles} wrote some of it or promotes it")
    } else {
        format!("{} ({roles})", words::either(others))
    }
}

fn with_evidence(
    case: &Case<'_>,
    scope: &Scope,
    risk: &Risk,
    tally: &Tally<'_>,
    closings: &Closings<'_>,
    verdict: Verdict,
) -> Verdict {
    let at = case.scope.and_then(Fact::at);
    let sum = match risk.sum() {
        sum if sum > risk::MOST => format!("{} of {}, from {sum} points", risk.score(), risk::MOST),
        sum => format!("{sum} of {}", risk::MOST),
    };
    let verdict = verdict.evidence("score", sum, scope.url.clone(), at);
    let verdict = risk.points.iter().fold(verdict, |verdict, point| {
        let value = format!("{} {}: {}", point.count, point.what, point.why);
        verdict.evidence(format!("+{}", point.points), value, None, at)
    });
    tally
        .ballots
        .iter()
        .fold(verdict, |verdict, (vote, standing)| {
            let voice = format!("{} by {}", vote.voice.word(), vote.person);
            let value = match standing {
                Standing::Valid => match sign_off::from_before(vote, closings) {
                    Some(before) => format!("{voice}, {before}"),
                    None => voice,
                },
                Standing::Void => format!("{voice}, void: voted on {}", vote.saw),
                Standing::NotAMember => format!("{voice}, void: no longer in role {}", vote.role),
                Standing::Withdrawn(at) => {
                    format!("{voice}, withdrawn: {}", before(*at))
                }
            };
            verdict.evidence(vote.role.as_str(), value, None, Some(vote.at))
        })
}
