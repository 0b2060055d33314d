//! `release`: nobody has said no-go to a release that the cell ships in. One that nobody has decided on
//! closes nothing: a person may ship without it, and is told. Who starts it lives in `domain/release`.

use jiff::Timestamp;

use super::{Case, State, Verdict, no_journal, since, words};
use crate::domain::ledger::Ledger;
use crate::domain::release::Release;
use crate::domain::signoff::{Ballot, ReleaseVote, Standing, Tally, Voice};

const GATE: &str = "release";

/// What was said of one release.
struct Said {
    state: State,
    why: String,
    evidence: Vec<(String, String)>,
    opens_when: Option<String>,
    who: Vec<String>,
    bound: String,
    /// When the first of those said no-go who count.
    since: Option<Timestamp>,
}

/// A verdict where a role of a release of this cell has said no-go; `None` where nobody has.
///
/// A no-go counts for exactly what its caster saw (S1): what would ship has to be known to tell
/// whether it still is that. One that does not count any more is named, and opens.
pub fn judge(case: &Case<'_>) -> Option<Verdict> {
    let mut releases = case
        .policy
        .releases
        .iter()
        .filter(|release| release.ships(&case.service.name, case.environment()))
        .peekable();
    if releases.peek().is_none() || case.candidate.is_none() {
        return None;
    }
    let Some(ledger) = case.ledger else {
        return Some(no_journal(GATE));
    };
    let ships = |release: &&Release| {
        release.still_ships(&case.service.name, case.environment(), Some(ledger))
    };
    let said: Vec<Said> = releases
        .filter(ships)
        .filter_map(|release| said(case, release, ledger))
        .collect();
    let state = said.iter().map(|said| said.state).reduce(State::and)?;
    let hardest = || said.iter().filter(|said| said.state == state);
    let why = words::list(hardest().map(|said| said.why.as_str()));
    let since = since::first(hardest().map(|said| said.since));
    let mut verdict = Verdict::new(GATE, state, why).since(since);
    for (what, value) in said.iter().flat_map(|said| &said.evidence) {
        verdict = verdict.evidence(what, value, None, None);
    }
    if let Some(when) = hardest().find_map(|said| said.opens_when.clone()) {
        verdict = verdict.opens_when(when);
    }
    let who: Vec<&str> = hardest()
        .flat_map(|said| said.who.iter().map(String::as_str))
        .collect();
    if !who.is_empty() {
        verdict = verdict.who(words::list(who));
    }
    let bound: Vec<&str> = said.iter().map(|said| said.bound.as_str()).collect();
    Some(
        verdict
            .bound_to(bound.join("; "))
            .valid_until(case.valid_until()),
    )
}

fn said(case: &Case<'_>, release: &Release, ledger: &Ledger) -> Option<Said> {
    let name = &release.name;
    let ballots = ledger
        .votes_on_release(name)
        .filter(|vote| release.roles.contains(&vote.role))
        .map(ReleaseVote::ballot);
    let no_goes: Vec<Ballot<'_>> = ballots
        .filter(|ballot| ballot.voice == Voice::NoGo)
        .collect();
    let first = no_goes.first()?;
    let (bound, movement) = match case.peers.bound(release, ledger) {
        Ok(bound) => bound,
        Err(why) => {
            return Some(Said {
                state: State::Unknown,
                why: format!(
                    "{} said no-go to {name}, and nobody can tell what it would ship: {why}",
                    first.person
                ),
                evidence: no_goes.iter().map(|one| evidence(release, one)).collect(),
                opens_when: Some(format!("all services of {name} are read")),
                who: Vec::new(),
                bound: format!("{name} {why}"),
                since: None,
            });
        }
    };
    let tally = Tally::of(
        no_goes,
        &bound,
        &release.roles,
        release.distinct,
        case.policy,
        None,
    );
    let against = tally.against();
    if against.is_empty() {
        let void = tally.ballots.iter().map(|(ballot, standing)| {
            let person = ballot.person;
            match standing {
                Standing::NotAMember => {
                    format!(
                        "{person}, who said no-go to {name}, has no role {} any more",
                        ballot.role
                    )
                }
                Standing::Void | Standing::Valid | Standing::Withdrawn(_) => {
                    format!("{person} said no-go to {name} as it was: {}", ballot.saw)
                }
            }
        });
        return Some(Said {
            state: State::Open,
            why: words::list(void),
            evidence: vec![(format!("{name} ships"), movement)],
            opens_when: None,
            who: Vec::new(),
            bound: format!("{name} {bound}"),
            since: None,
        });
    }
    let mut evidence: Vec<(String, String)> =
        against.iter().map(|one| evidence(release, one)).collect();
    evidence.push((format!("{name} ships"), movement));
    let votes = against
        .iter()
        .map(|one| format!("{} {} {}", one.person, one.role, one.note));
    let votes: Vec<String> = votes.collect();
    Some(Said {
        state: State::Closed,
        why: words::list(against.iter().map(|one| {
            format!(
                "{} says no-go to {name} as {}: {}",
                one.person, one.role, one.note
            )
        })),
        evidence,
        opens_when: Some(format!(
            "{} {} go on {name}, or what it ships changes",
            words::list(against.iter().map(|one| one.person.as_str())),
            if against.len() == 1 { "votes" } else { "vote" }
        )),
        who: against.iter().map(|one| one.person.to_string()).collect(),
        bound: format!("{name} {bound} {}", votes.join("; ")),
        since: against.iter().map(|one| one.at).min(),
    })
}

fn evidence(release: &Release, ballot: &Ballot<'_>) -> (String, String) {
    let Ballot {
        role, person, note, ..
    } = ballot;
    let what = format!("no-go on {}", release.name);
    (what, format!("{person} as {role}: {note}"))
}
