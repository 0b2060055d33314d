//! `sign-off`: each required role has said go to exactly this scope, and nobody said no-go.

use super::{Case, State, Verdict, no_journal, words};
use crate::domain::ids::{Person, RoleName};
use crate::domain::policy::Policy;
use crate::domain::scope;
use crate::domain::signoff::{Standing, Tally, Vote};

const GATE: &str = "sign-off";

pub fn judge(case: &Case<'_>, roles: &[RoleName], distinct: bool) -> Verdict {
    let Some(ledger) = case.ledger else {
        return no_journal(GATE);
    };
    let Some((_, candidate)) = case.subject() else {
        return case.missing(GATE);
    };
    let (service, environment) = (&case.service.name, case.environment());
    let bound = scope::hash(service, environment, case.live, candidate);
    let ballots = ledger.votes_on(service, environment).map(Vote::ballot);
    let tally = Tally::of(ballots, &bound, roles, distinct, case.policy);
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
            .opens_when("the no-go is taken back")
            .who(words::list(against.iter().map(|ballot| ballot.person)))
    } else if missing.is_empty() {
        let said = tally
            .roles
            .iter()
            .filter_map(|(role, person)| Some(format!("{} ({role})", (*person)?)));
        let why = match roles.len() {
            0 => "no role has to sign off".to_owned(),
            all => format!("{have} of {all} go: {}", words::list(said)),
        };
        Verdict::new(GATE, State::Open, why)
    } else {
        let all = roles.len();
        let why = format!("{have} of {all} go, waits for {}", words::list(&missing));
        Verdict::new(GATE, State::Closed, why)
            .opens_when(format!("{} says go", words::list(&missing)))
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
        .valid_until(case.valid_until());
    for (vote, standing) in &tally.ballots {
        let voice = format!("{} by {}", vote.voice.word(), vote.person);
        let value = match standing {
            Standing::Valid if vote.note.is_empty() => voice,
            Standing::Valid => format!("{voice}: {}", vote.note),
            Standing::Void => format!("{voice}, void: voted on {}, now {now}", vote.saw),
            Standing::NotAMember => format!("{voice}, void: no longer in role {}", vote.role),
        };
        verdict = verdict.evidence(vote.role.as_str(), value, None, Some(vote.at));
    }
    verdict
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
