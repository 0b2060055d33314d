//! What overrides do to verdicts (O1): a gate that is not open reads `overridden`, never `open`, and
//! still tells what is wrong and on whose word it is passed. Who may override lives in `override_.rs`.

use jiff::Timestamp;

use super::{Case, State, Verdict, words};
use crate::domain::override_::{Override, Standing};

/// Marks the verdicts that an override of the case covers. Without a journal nobody knows of any,
/// and without a candidate there is nothing that one could be bound to.
pub(super) fn apply(case: &Case<'_>, verdicts: &mut [Verdict], now: Timestamp) {
    for one in of(case) {
        let standing = one.standing(case.policy, case.back, now);
        for verdict in verdicts.iter_mut() {
            let covered = one
                .gate(&verdict.gate)
                .is_some_and(|bound| !verdict.state.passes() && bound.values == verdict.values());
            if !covered {
                continue;
            }
            match standing {
                Standing::InForce => pass(verdict, one, now),
                Standing::Unconfirmed => {
                    verdict.awaits_confirmation = Some(one.id.clone());
                    verdict.opens_when = Some(format!(
                        "somebody other than {} confirms override {}",
                        one.owner, one.id
                    ));
                    verdict.who = Some(format!("an operator who is not {}", one.owner));
                }
                Standing::Expired
                | Standing::Used
                | Standing::NotEntitled
                | Standing::Forbidden => {}
            }
        }
    }
}

/// The instants at which an override of the case ends: the case is judged again then.
pub(super) fn ends<'a>(case: &Case<'a>) -> impl Iterator<Item = Timestamp> + use<'a> {
    of(case).map(|one| one.until)
}

/// The overrides of this very cell and revision, in the order of their ids.
fn of<'a>(case: &Case<'a>) -> impl Iterator<Item = &'a Override> + use<'a> {
    let candidate = case.candidate;
    let (service, environment) = (&case.service.name, case.environment());
    let overrides = case
        .ledger
        .into_iter()
        .flat_map(|ledger| ledger.overrides.values());
    overrides.filter(move |one| {
        one.used.is_none()
            && one.service == *service
            && one.environment == *environment
            && candidate.is_some_and(|candidate| candidate.sha == one.revision)
    })
}

fn pass(verdict: &mut Verdict, one: &Override, now: Timestamp) {
    let with = one
        .confirmed
        .as_ref()
        .map_or_else(String::new, |second| format!(" with {}", second.by));
    let (owner, reason) = (&one.owner, &one.reason);
    let said = std::mem::take(&mut verdict.why);
    let was = verdict.state;
    verdict.why = format!("overridden by {owner}{with}: {reason}; it is {was}: {said}");
    verdict.state = State::Overridden;
    verdict.since = Some(one.confirmed.as_ref().map_or(one.since, |second| second.at));
    verdict.overridden_by = Some(one.id.clone());
    verdict.opens_when = None;
    verdict.opens_at = None;
    verdict.who = None;
    let until = words::instant(one.until, now);
    let value = format!("by {owner}{with}, for one use until {until}: {reason}");
    let told = std::mem::replace(verdict, Verdict::new("", State::Unknown, ""));
    *verdict = told
        .evidence(format!("override {}", one.id), value, None, Some(one.since))
        .valid_until(Some(one.until));
}
