//! `hold`: nobody holds the cell or the revision.

use jiff::Timestamp;

use super::{Case, State, Verdict, no_journal, words};
use crate::domain::hold::{Hold, HoldKind, Term};
use crate::domain::ledger::Ledger;

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
        [] => return open(case, ledger, now),
        [hold] => match hold.term(now) {
            Term::UntilLifted => format!("{} holds it: {}", hold.owner, hold.reason),
            Term::Ends(_) | Term::Asks(_) | Term::Asking(_) => format!(
                "{} holds it {}: {}",
                hold.owner,
                term(hold, now),
                hold.reason
            ),
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
        .map(|hold| hold.ends_at())
        .reduce(|one, other| Some(one?.max(other?)))
        .flatten();
    let verdict = Verdict::new(GATE, State::Closed, why)
        .opens_when(if holds.len() == 1 {
            "the hold is lifted"
        } else {
            "every hold is lifted"
        })
        .opens_at(opens_at)
        // The oldest is the first.
        .since(holds.first().map(|hold| hold.since))
        // Whose it is stands in the reason; lifting it, with a reason, is anybody's.
        .who("any operator");
    holds
        .into_iter()
        .fold(verdict, |verdict, hold| with_evidence(verdict, hold, now))
}

/// Nobody holds what would go in. What is live may be held itself, by an incident's hold: that stops
/// nothing that replaces it, and is told all the same.
fn open(case: &Case<'_>, ledger: &Ledger, now: Timestamp) -> Verdict {
    let named = case.live.and_then(|live| {
        let environment = case.environment();
        let mut known = ledger.holds_on(&case.service.name, environment, Some(&live.sha), now);
        Some((live, known.find(|hold| hold.names(&live.sha))?))
    });
    let Some((live, hold)) = named else {
        return Verdict::new(GATE, State::Open, "nobody holds it");
    };
    let why = format!(
        "nobody holds what would replace {live}, which is held itself: {}",
        hold.reason
    );
    with_evidence(Verdict::new(GATE, State::Open, why), hold, now)
}

fn with_evidence(verdict: Verdict, hold: &Hold, now: Timestamp) -> Verdict {
    let value = format!(
        "{} on {}, since {}, {}: {}",
        hold.owner,
        hold.cover,
        words::instant(hold.since, now),
        term(hold, now),
        hold.reason
    );
    verdict.evidence(format!("hold {}", hold.id), value, None, None)
}

/// How long it stays on, in words.
fn term(hold: &Hold, now: Timestamp) -> String {
    match hold.term(now) {
        Term::UntilLifted => "until lifted".to_owned(),
        Term::Ends(at) => format!("until {}", words::instant(at, now)),
        Term::Asks(at) => format!("until lifted, and asks at {}", words::instant(at, now)),
        Term::Asking(at) => format!("until lifted, and asks since {}", words::instant(at, now)),
    }
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
