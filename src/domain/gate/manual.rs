//! `manual`: gates that operators put up on the spot, one verdict each.

use jiff::Timestamp;

use super::{Case, State, Verdict, no_journal, words};
use crate::domain::hold::{ManualGate, Openers};
use crate::domain::ids::Person;
use crate::domain::policy::Policy;

const GATE: &str = "manual";

/// Adds a verdict for each manual gate that covers the cell and the candidate; without one, none.
pub fn judge(case: &Case<'_>, now: Timestamp, verdicts: &mut Vec<Verdict>) {
    let Some(ledger) = case.ledger else {
        verdicts.push(no_journal(GATE));
        return;
    };
    let revision = case.candidate.map(|candidate| &candidate.sha);
    let mut gates: Vec<&ManualGate> = ledger
        .manual_gates
        .values()
        .filter(|gate| {
            gate.cover
                .covers(&case.service.name, case.environment(), revision)
        })
        .collect();
    gates.sort_by_key(|gate| (gate.since, gate.id.clone()));
    verdicts.extend(
        gates
            .into_iter()
            .map(|gate| verdict(gate, ledger.closed_again(&gate.id), case.policy, now)),
    );
}

fn verdict(
    gate: &ManualGate,
    closed_again: Option<Timestamp>,
    policy: &Policy,
    now: Timestamp,
) -> Verdict {
    let name = format!("{GATE} {}", gate.name);
    let closed = |why: String| {
        Verdict::new(&name, State::Closed, why)
            .opens_when(format!("{} opens it", gate.openers))
            .who(gate.openers.to_string())
    };
    let verdict = match &gate.opened {
        None => closed(format!("{} put it up: {}", gate.owner, gate.reason))
            .since(Some(closed_again.unwrap_or(gate.since))),
        Some(opened) if !may_open(&gate.openers, &opened.by, policy) => closed(format!(
            "opened by {}, who may not: only {}",
            opened.by, gate.openers
        )),
        Some(opened) => {
            let at = words::instant(opened.at, now);
            let why = if opened.note.is_empty() {
                format!("{} opened it at {at}", opened.by)
            } else {
                format!("{} opened it at {at}: {}", opened.by, opened.note)
            };
            Verdict::new(&name, State::Open, why).since(Some(opened.at))
        }
    };
    let value = format!(
        "{} on {}, since {}: {}",
        gate.owner,
        gate.cover,
        words::instant(gate.since, now),
        gate.reason
    );
    let opened = gate.opened.as_ref().map(|opened| opened.at.to_string());
    verdict
        .bound_to(format!("{} {}", gate.id, opened.unwrap_or_default()))
        .evidence(format!("gate {}", gate.id), value, None, None)
}

/// Says whether `person` may open it. Asked when it is opened, and again whenever it is judged.
pub fn may_open(openers: &Openers, person: &Person, policy: &Policy) -> bool {
    match openers {
        Openers::Anyone => true,
        Openers::Role(role) => policy.has_role(person, role),
        Openers::Person(entitled) => entitled == person,
    }
}
