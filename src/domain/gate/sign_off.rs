//! `sign-off`: each required role has said go to exactly this scope, and nobody said no-go.

use super::{Case, State, Verdict, no_journal, words};
use crate::domain::ids::{Person, RoleName};
use crate::domain::policy::Policy;
use crate::domain::scope;
use crate::domain::signoff::{Voice, Vote};

const GATE: &str = "sign-off";

/// Whether a vote counts now.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Standing {
    Valid,
    /// Cast on another scope (S1).
    Void,
    /// Its caster no longer has the role (S2).
    NotAMember,
}

pub fn judge(case: &Case<'_>, roles: &[RoleName], distinct: bool) -> Verdict {
    let Some(ledger) = case.ledger else {
        return no_journal(GATE);
    };
    let Some((_, candidate)) = case.subject() else {
        return case.missing(GATE);
    };
    let (service, environment) = (&case.service.name, case.environment());
    let bound = scope::hash(service, environment, case.live, candidate);
    let votes: Vec<(&Vote, Standing)> = ledger
        .votes_on(service, environment)
        .map(|vote| {
            let standing = if vote.scope != bound {
                Standing::Void
            } else if case.policy.has_role(&vote.person, &vote.role) {
                Standing::Valid
            } else {
                Standing::NotAMember
            };
            (vote, standing)
        })
        .collect();
    let valid = |voice: Voice| {
        votes
            .iter()
            .filter(move |(vote, standing)| *standing == Standing::Valid && vote.voice == voice)
            .map(|(vote, _)| *vote)
    };
    let goes: Vec<&Vote> = valid(Voice::Go).collect();
    let filled = fill(roles, &goes, distinct, case.policy);
    let missing: Vec<&RoleName> = roles
        .iter()
        .zip(&filled)
        .filter(|(_, person)| person.is_none())
        .map(|(role, _)| role)
        .collect();
    let against: Vec<&Vote> = valid(Voice::NoGo).collect();
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
            .who(words::list(against.iter().map(|vote| &vote.person)))
    } else if missing.is_empty() {
        let said = roles
            .iter()
            .zip(filled.iter().flatten())
            .map(|(role, person)| format!("{person} ({role})"));
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
    for (vote, standing) in &votes {
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

/// Returns who fills each role, in the order of `roles`.
///
/// The ledger keeps one vote of each person on a cell, so with `distinct` each vote fills one place.
/// Without it, a person's go also counts for every other required role that the person has.
fn fill<'a>(
    roles: &[RoleName],
    goes: &[&'a Vote],
    distinct: bool,
    policy: &Policy,
) -> Vec<Option<&'a Person>> {
    let mut used: Vec<&Person> = Vec::new();
    roles
        .iter()
        .map(|role| {
            let vote = goes.iter().find(|vote| {
                if distinct {
                    vote.role == *role && !used.contains(&&vote.person)
                } else {
                    vote.role == *role || policy.has_role(&vote.person, role)
                }
            })?;
            used.push(&vote.person);
            Some(&vote.person)
        })
        .collect()
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
