//! The earliest possible go: one forward search over all gates, as if the facts stayed as they are.

use jiff::{SignedDuration, Timestamp};

use super::judge::{ask, specs};
use super::{Case, Earliest, State, Verdict, overridden};
use crate::domain::policy::GateSpec;

/// How far ahead is searched.
const HORIZON: SignedDuration = SignedDuration::from_hours(400 * 24);

/// How many openings are followed.
const STEPS: usize = 60;

/// Finds the earliest go after `verdicts`, which were judged at `now`.
///
/// 1. Nothing to promote: `Nothing`. Facts missing or stale: nobody can tell.
/// 2. A gate that does not pass and names no instant stops the search.
/// 3. Else leap to the latest instant that a gate names: before it, that gate is not open. Ask the
///    gates that time changes again, because another may have closed by then.
///
/// Facts do not grow older in the search; each poll renews them.
pub(super) fn of(case: &Case<'_>, verdicts: &[Verdict], now: Timestamp) -> Earliest {
    if case.facts.value().is_some() && case.candidate.is_none() {
        return Earliest::Nothing;
    }
    let Ok(horizon) = now.saturating_add(HORIZON) else {
        return Earliest::Now;
    };
    if let Some(stuck) = stuck(verdicts, now) {
        return stuck;
    }
    let mut last = latest(verdicts);
    let mut reached = None;
    for _ in 0..STEPS {
        let Some((at, gate)) = last else {
            return match reached {
                Some((at, gate)) => Earliest::At { at, gate },
                None => Earliest::Now,
            };
        };
        if at > horizon {
            return Earliest::NoKnownTime { gate };
        }
        let mut then = Vec::new();
        for spec in specs(case).filter(|spec| spec.changes_with_time()) {
            ask(case, spec, at, &mut then);
        }
        overridden::apply(case, &mut then, at);
        if let Some(stuck) = stuck(&then, at) {
            return stuck;
        }
        last = latest(&then);
        reached = Some((at, gate));
    }
    Earliest::NoKnownTime {
        gate: reached.map_or_else(String::new, |(_, gate)| gate),
    }
}

fn blocking(verdicts: &[Verdict]) -> impl Iterator<Item = &Verdict> {
    verdicts.iter().filter(|verdict| !verdict.state.passes())
}

/// Returns what the search ends with if a gate does not open by itself at a known instant: what a
/// person can act on is named first, but for facts that nobody has.
fn stuck(verdicts: &[Verdict], at: Timestamp) -> Option<Earliest> {
    let without_time = || {
        blocking(verdicts).filter(move |verdict| verdict.opens_at.is_none_or(|opens| opens <= at))
    };
    let fresh = without_time()
        .find(|verdict| verdict.gate == GateSpec::Fresh.name() && verdict.state == State::Unknown);
    let person = without_time().find_map(|verdict| {
        let who = verdict.who.as_ref()?;
        Some((verdict, who))
    });
    match (fresh, person) {
        (Some(fresh), _) => Some(Earliest::NoKnownTime {
            gate: fresh.gate.clone(),
        }),
        (None, Some((verdict, who))) => Some(Earliest::NeedsPerson {
            gate: verdict.gate.clone(),
            who: who.clone(),
        }),
        (None, None) => without_time().next().map(|verdict| Earliest::NoKnownTime {
            gate: verdict.gate.clone(),
        }),
    }
}

/// Returns the gate that opens last, and when.
fn latest(verdicts: &[Verdict]) -> Option<(Timestamp, String)> {
    blocking(verdicts)
        .filter_map(|verdict| Some((verdict.opens_at?, verdict)))
        .max_by_key(|(at, _)| *at)
        .map(|(at, verdict)| (at, verdict.gate.clone()))
}
