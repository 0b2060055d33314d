//! `sign-off`: each required role has said go to exactly this scope, and nobody said no-go.

use jiff::Timestamp;

use super::{Case, State, Verdict, no_journal, words};
use crate::domain::ids::{Person, RoleName};
use crate::domain::policy::Policy;
use crate::domain::scope;
use crate::domain::signoff::{Ballot, Closings, Standing, Tally, Voice, Vote, before};

const GATE: &str = "sign-off";

pub fn judge(case: &Case<'_>, roles: &[RoleName], distinct: bool, now: Timestamp) -> Verdict {
    let Some(ledger) = case.ledger else {
        return no_journal(GATE);
    };
    let Some((_, candidate)) = case.subject() else {
        return case.missing(GATE);
    };
    let (service, environment) = (&case.service.name, case.environment());
    let bound = scope::hash(service, environment, case.live, candidate);
    let ballots = ledger.votes_on(service, environment).map(Vote::ballot);
    let closings = closings(case, now);
    let tally = Tally::of(
        ballots,
        &bound,
        roles,
        distinct,
        case.policy,
        Some(&closings),
    );
    let missing = tally.missing();
    let against = tally.against();
    let have = roles.len() - missing.len();
    let verdict = if let [first, ..] = against.as_slice() {
        let why = if first.note.is_empty() {
            format!("{} ({}) says no-go", first.person, first.role)
        } else {
            format!(
                "{} ({}) says no-go: {}",
                first.person, first.role, first.note
            )
        };
        Verdict::new(GATE, State::Closed, why)
            .since(against.iter().map(|ballot| ballot.at).min())
            .opens_when("the no-go is taken back")
            .who(words::list(against.iter().map(|ballot| ballot.person)))
    } else if missing.is_empty() {
        // A go that fills no role may have taken back a no-go, so it counts too.
        let since = tally.goes().iter().map(|ballot| ballot.at).max();
        Verdict::new(GATE, State::Open, all_go(&tally, &closings)).since(since)
    } else {
        let all = roles.len();
        let mut why = format!("{have} of {all} go, waits for {}", words::list(&missing));
        let gone = tally.withdrawn_words(roles);
        // Before the window closed, a single missing role may have been all that was missing.
        let since = tally
            .withdrawn(roles)
            .filter(|(count, _)| *count == missing.len())
            .map(|(_, at)| at);
        let again = if gone.is_some() { " again" } else { "" };
        let say = if missing.len() == 1 { "says" } else { "say" };
        if let Some(gone) = gone {
            why = format!("{why}; {gone}");
        }
        Verdict::new(GATE, State::Closed, why)
            .since(since)
            .opens_when(format!("{} {say} go{again}", words::list(&missing)))
            .who(members(&missing, case.policy))
    };
    let now = format!(
        "{} > {candidate}",
        case.live.map_or("nothing", |live| live.label())
    );
    let mut verdict = verdict
        .evidence(
            "scope",
            format!("{now} ({})", bound.short()),
            None,
            case.facts.at(),
        )
        .valid_until(case.valid_until())
        .valid_until(tally.counts_until(&closings));
    for (vote, standing) in &tally.ballots {
        let voice = format!("{} by {}", vote.voice.word(), vote.person);
        let value = match standing {
            Standing::Valid => {
                let voice = match from_before(vote, &closings) {
                    Some(before) => format!("{voice}, {before}"),
                    None => voice,
                };
                if vote.note.is_empty() {
                    voice
                } else {
                    format!("{voice}: {}", vote.note)
                }
            }
            Standing::Void => format!("{voice}, void: voted on {}, now {now}", vote.saw),
            Standing::NotAMember => format!("{voice}, void: no longer in role {}", vote.role),
            Standing::Withdrawn(at) => format!("{voice}, withdrawn: {}", before(*at)),
        };
        verdict = verdict.evidence(vote.role.as_str(), value, None, Some(vote.at));
    }
    verdict
}

/// Tells of the case's votes whether its schedule has closed since.
pub(super) fn closings<'a>(case: &Case<'a>, now: Timestamp) -> Closings<'a> {
    Closings::new(
        &case.policy.windows,
        &case.service.name,
        case.environment(),
        case.stage.at_close(),
        now,
    )
}

/// That a go is older than the last time the window closed; nothing of a no-go, which has no end.
pub(super) fn from_before(ballot: &Ballot<'_>, closings: &Closings<'_>) -> Option<String> {
    let closed = closings.since(ballot.at)?;
    (ballot.voice == Voice::Go).then(|| before(closed))
}

/// Who fills each role, and how many of their votes were kept when the window closed.
fn all_go(tally: &Tally<'_>, closings: &Closings<'_>) -> String {
    let filled = || tally.roles.iter();
    let all = filled().count();
    if all == 0 {
        return "no role has to sign off".to_owned();
    }
    let said = filled().filter_map(|(role, person)| Some(format!("{} ({role})", (*person)?)));
    let why = format!("{all} of {all} go: {}", words::list(said));
    let goes = tally.goes();
    let goes = goes.iter();
    let kept: Vec<Timestamp> = goes
        .filter(|ballot| filled().any(|(_, person)| *person == Some(ballot.person)))
        .filter_map(|ballot| closings.since(ballot.at))
        .collect();
    match kept.iter().copied().max() {
        Some(closed) if kept.len() == all => format!("{why}, {}", before(closed)),
        Some(closed) => format!("{why}, {} of them {}", kept.len(), before(closed)),
        None => why,
    }
}

/// `qa: dee, mia; sre: nobody has this role`.
fn members(roles: &[&RoleName], policy: &Policy) -> String {
    let mut who: Vec<String> = Vec::new();
    for role in roles {
        let members = policy.roles.get(*role).map(|members| {
            members
                .iter()
                .map(Person::as_str)
                .collect::<Vec<_>>()
                .join(", ")
        });
        who.push(match members {
            Some(members) if !members.is_empty() => format!("{role}: {members}"),
            Some(_) | None => format!("{role}: nobody has this role"),
        });
    }
    who.join("; ")
}
