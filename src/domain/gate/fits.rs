//! `fits`: what is left of the window is longer than deployment, verification and rollback have
//! taken nine times of ten, and a margin.

use jiff::{SignedDuration, Timestamp};

use super::{Case, State, Verdict, words};
use crate::domain::history::{History, Spread};
use crate::domain::policy::FitsRule;
use crate::domain::window::Schedule;

const GATE: &str = "fits";

/// With fewer deployments than this, history tells nothing.
const ENOUGH: usize = 5;

/// How many openings are looked at for one that is long enough.
const OPENINGS: usize = 60;

/// What a promotion takes at the worst but for one time in ten.
struct Need {
    deploy: SignedDuration,
    verification: SignedDuration,
    rollback: SignedDuration,
    margin: SignedDuration,
}

impl Need {
    fn all(&self) -> SignedDuration {
        [self.verification, self.rollback, self.margin]
            .into_iter()
            .fold(self.deploy, SignedDuration::saturating_add)
    }
}

pub fn judge(case: &Case<'_>, rule: &FitsRule, now: Timestamp) -> Verdict {
    let schedule = Schedule::new(&case.policy.windows, &case.service.name, case.environment());
    if schedule.is_empty() {
        return Verdict::new(GATE, State::Open, "no window or freeze applies");
    }
    let Some((facts, _)) = case.subject() else {
        return case.missing(GATE);
    };
    let environment = case.environment();
    let history = History::of(facts, case.ledger, case.service, environment);
    let Some(deploy) = history.deploy.filter(|deploy| deploy.count >= ENOUGH) else {
        let known = match history.count() {
            0 => "no deployment".to_owned(),
            1 => "only 1 deployment".to_owned(),
            count => format!("only {count} deployments"),
        };
        let why = format!("{known} into {environment} to judge by, {ENOUGH} are needed");
        return Verdict::new(GATE, State::Open, why).valid_until(case.valid_until());
    };
    let need = Need {
        deploy: deploy.p90,
        verification: history.verification_takes(case.stage),
        // Never gone back yet: a rollback is a deployment.
        rollback: history.rollback.map_or(deploy.p90, |spread| spread.p90),
        margin: rule.margin,
    };
    let all = need.all();
    let takes = words::span(all);
    let verdict = within(&schedule, all, &takes, now);
    with_evidence(verdict, &need, deploy, case.facts.at()).valid_until(case.valid_until())
}

fn within(schedule: &Schedule<'_>, all: SignedDuration, takes: &str, now: Timestamp) -> Verdict {
    let state = schedule.state(now);
    let why = match (state.open, state.changes_at) {
        (true, None) => {
            let why = format!("it takes {takes}, and no end is known");
            return Verdict::new(GATE, State::Open, why);
        }
        (true, Some(closes)) => {
            let left = closes.duration_since(now);
            let words = words::span(left);
            if left > all {
                let why = format!("it takes {takes}, and {words} are left");
                let last = closes.checked_sub(all).ok();
                return Verdict::new(GATE, State::Open, why).valid_until(last);
            }
            format!("it takes {takes}, and only {words} are left")
        }
        (false, _) => format!("it takes {takes}, and no window is open"),
    };
    match long_enough(schedule, all, now) {
        Some(at) => Verdict::new(GATE, State::Waiting, why)
            .opens_when(format!(
                "the next window that is long enough opens at {}",
                words::instant(at, now)
            ))
            .opens_at(Some(at)),
        None => {
            let why = format!("{why}; no window to come is known to be long enough");
            Verdict::new(GATE, State::Closed, why)
                .opens_when(format!("a window is longer than {takes}"))
                .who("whoever keeps the config")
        }
    }
}

/// Returns the first opening after `now` that is long enough.
fn long_enough(schedule: &Schedule<'_>, all: SignedDuration, now: Timestamp) -> Option<Timestamp> {
    let mut at = now;
    for _ in 0..OPENINGS {
        let opens = schedule.opens_at(at)?;
        let Some(closes) = schedule.state(opens).changes_at else {
            return Some(opens);
        };
        if opens > now && closes.duration_since(opens) > all {
            return Some(opens);
        }
        at = closes;
    }
    None
}

fn with_evidence(verdict: Verdict, need: &Need, deploy: Spread, at: Option<Timestamp>) -> Verdict {
    let usual = format!(
        "{} at the 90th of {} (usually {})",
        words::span(need.deploy),
        deploy.count,
        words::span(deploy.p50)
    );
    let verdict = verdict.evidence("deployment", usual, None, at);
    [
        ("verification", need.verification),
        ("rollback", need.rollback),
        ("margin", need.margin),
    ]
    .into_iter()
    .filter(|(_, span)| !span.is_zero())
    .fold(verdict, |verdict, (what, span)| {
        verdict.evidence(what, words::span(span), None, None)
    })
}
