//! What leaves the go/no-go screen as text: the record of the decision, which names the journal's newest
//! hash so that it can be checked against it, and the words that remind those who have not voted.

use serde_json::json;

use super::super::time::Clock;
use crate::app::state::State;
use crate::domain::ids::Person;
use crate::domain::release::Release;
use crate::domain::release::decision::Said;

/// The decision as JSON: the set, the verdict, each vote with what it saw, and where the journal stood.
pub(in crate::app) fn record(state: &State, release: &Release) -> String {
    let decision = state.engine.decision(release, state.now);
    let votes: Vec<_> = decision
        .roles()
        .into_iter()
        .map(|(role, said)| {
            let ballot = said.ballot();
            json!({
                "role": role.as_str(),
                "vote": word(said),
                "person": ballot.map(|ballot| ballot.person.as_str()),
                "at": ballot.map(|ballot| ballot.at.to_string()),
                "set": ballot.map(|ballot| ballot.scope.as_str()),
                "saw": ballot.map(|ballot| ballot.saw),
                "note": ballot.map(|ballot| ballot.note),
            })
        })
        .collect();
    let head = state.engine.entries.back();
    let record = json!({
        "schema": 1,
        "release": release.name.as_str(),
        "environment": release.environment.as_str(),
        "at": state.now.to_string(),
        "by": state.engine.operator.as_ref().map(Person::as_str),
        "verdict": decision.word(),
        "why": decision.why,
        "set": decision.bound.as_str(),
        "moves": decision.words,
        "votes": votes,
        "journal": head.map(|entry| json!({
            "seq": entry.seq.0,
            "hash": entry.hash.as_str(),
        })),
    });
    format!("{record:#}")
}

/// A message to those whose vote is missing or bound to another set; `None` if nobody's is.
pub(in crate::app) fn nudge(state: &State, release: &Release) -> Option<String> {
    let decision = state.engine.decision(release, state.now);
    let missing: Vec<String> = decision
        .roles()
        .into_iter()
        .filter_map(|(role, said)| {
            let why = match said {
                Said::Go(_) | Said::NoGo(_) => return None,
                Said::Nothing => "has not voted",
                Said::Void(_) => "voted on another set",
                Said::NotAMember(_) => "was voted for by somebody without the role",
                Said::Withdrawn(..) => "voted before the window closed",
            };
            let members = state.engine.policy.roles.get(role);
            let members: Vec<String> = members
                .into_iter()
                .flatten()
                .map(|person| format!("@{person}"))
                .collect();
            Some(format!("- {role} {why}: {}", members.join(" ")))
        })
        .collect();
    if missing.is_empty() {
        return None;
    }
    let clock = Clock::new(&state.interface.zone, state.interface.utc, state.now);
    let due = release
        .due
        .map_or_else(String::new, |due| format!(", due {}", clock.long(due)));
    Some(format!(
        "**{} > {}** waits for votes on set {}{due}\n{}\nvote: gonogo vote go {} --as ROLE",
        release.name,
        release.environment,
        decision.bound.short(),
        missing.join("\n"),
        release.name
    ))
}

fn word(said: Said<'_>) -> &'static str {
    match said {
        Said::Go(_) => "go",
        Said::NoGo(_) => "no-go",
        Said::Void(_) => "stale",
        Said::NotAMember(_) => "no-role",
        Said::Withdrawn(..) => "withdrawn",
        Said::Nothing => "waiting",
    }
}

#[cfg(test)]
mod tests {
    use crate::app::effect::Effect;
    use crate::app::interface::harness::{add_release, press, said, state};

    #[test]
    fn the_record_names_the_set_the_votes_and_the_journal_and_a_nudge_names_who_is_missing() {
        let mut state = state();
        add_release(&mut state);
        let effects = press(&mut state, "2 E");
        let [Effect::Copy(text)] = effects.as_slice() else {
            panic!("{effects:?}");
        };
        let record: serde_json::Value = serde_json::from_str(text).expect("JSON");
        assert_eq!(record["schema"], 1);
        assert_eq!(record["verdict"], "no-go");
        assert_eq!(record["votes"][0]["vote"], "waiting");
        assert!(record["set"].as_str().is_some_and(|set| set.len() > 8));
        let effects = press(&mut state, "@");
        let [Effect::Copy(text)] = effects.as_slice() else {
            panic!("{effects:?}");
        };
        assert!(text.contains("has not voted"), "{text}");
        assert!(text.contains("gonogo vote go"), "{text}");
        press(&mut state, "1 2");
        assert!(!said(&state).contains("nothing to copy"));
    }
}
