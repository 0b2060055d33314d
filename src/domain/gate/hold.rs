//! `hold`: nobody holds the cell or the revision.

use jiff::Timestamp;

use super::{Case, State, Verdict, no_journal, words};
use crate::domain::hold::{Hold, HoldKind};

const GATE: &str = "hold";

/// A rollback passes a `forward` hold (H4), but for one that names the very revision it goes back to.
pub fn judge(case: &Case<'_>, now: Timestamp) -> Verdict {
    let Some(ledger) = case.ledger else {
        return no_journal(GATE);
    };
    let revision = case.candidate.map(|candidate| &candidate.sha);
    let mut holds: Vec<&Hold> = ledger
        .holds_on(&case.service.name, case.environment(), revision, now)
        .collect();
    holds.sort_by_key(|hold| (hold.since, hold.id.clone()));
    let held = holds.len();
    holds.retain(|hold| stops(case, hold));
    let why = match holds.as_slice() {
        [] if held > 0 => {
            let why = "a rollback passes the hold, which is on what goes forward";
            return Verdict::new(GATE, State::Open, why);
        }
        [] => return Verdict::new(GATE, State::Open, "nobody holds it"),
        [hold] => match hold.until {
            Some(until) => format!(
                "{} holds it until {}: {}",
                hold.owner,
                words::instant(until, now),
                hold.reason
            ),
            None => format!("{} holds it: {}", hold.owner, hold.reason),
        },
        [first, others @ ..] => {
            format!(
                "{} holds it: {}, and {} more",
                first.owner,
                first.reason,
                others.len()
            )
        }
    };
    // All of them must end; one without an end leaves the whole without one.
    let opens_at = holds
        .iter()
        .map(|hold| hold.until)
        .reduce(|one, other| Some(one?.max(other?)))
        .flatten();
    let mut owners: Vec<&str> = holds.iter().map(|hold| hold.owner.as_str()).collect();
    owners.sort_unstable();
    owners.dedup();
    let verdict = Verdict::new(GATE, State::Closed, why)
        .opens_when(if holds.len() == 1 {
            "the hold is lifted"
        } else {
            "every hold is lifted"
        })
        .opens_at(opens_at)
        .who(words::list(owners));
    holds.into_iter().fold(verdict, |verdict, hold| {
        let until = match hold.until {
            Some(until) => format!("until {}", words::instant(until, now)),
            None => "until lifted".to_owned(),
        };
        let value = format!(
            "{} on {}, since {}, {until}: {}",
            hold.owner,
            hold.cover,
            words::instant(hold.since, now),
            hold.reason
        );
        verdict.evidence(format!("hold {}", hold.id), value, None, None)
    })
}

/// Says whether a hold that covers the case stops it.
fn stops(case: &Case<'_>, hold: &Hold) -> bool {
    let bad = case
        .candidate
        .is_some_and(|candidate| hold.names(&candidate.sha));
    match hold.kind {
        HoldKind::All => true,
        HoldKind::Forward => !case.back || bad,
    }
}
