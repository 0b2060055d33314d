//! `window`: the schedule lets promotions in. The rules of the schedule live in `domain/window.rs`.

use jiff::Timestamp;

use super::{Case, State, Verdict, words};
use crate::domain::window::Schedule;

const GATE: &str = "window";

pub fn judge(case: &Case<'_>, now: Timestamp) -> Verdict {
    let schedule = Schedule::new(&case.policy.windows, &case.service.name, case.environment());
    if schedule.is_empty() {
        return Verdict::new(GATE, State::Open, "no window or freeze applies");
    }
    said(&schedule, now).since(schedule.since(now))
}

fn said(schedule: &Schedule<'_>, now: Timestamp) -> Verdict {
    let state = schedule.state(now);
    let until = state.changes_at.map(|at| words::instant(at, now));
    if state.open {
        let why = match (&state.by, until) {
            (Some(window), Some(until)) => format!("{window} until {until}"),
            (Some(window), None) => window.clone(),
            (None, Some(until)) => format!("no freeze until {until}"),
            (None, None) => "no freeze".to_owned(),
        };
        // The closing is what ends this verdict: from then on it must be asked again.
        return Verdict::new(GATE, State::Open, why).valid_until(state.changes_at);
    }
    let by = match (&state.by, &state.reason) {
        (Some(window), Some(reason)) => format!("{window}: {reason}"),
        (Some(window), None) => window.clone(),
        (None, _) => "outside every window".to_owned(),
    };
    match (state.opens_at, until) {
        (Some(at), Some(until)) => {
            Verdict::new(GATE, State::Waiting, format!("{by}; opens {until}"))
                .bound_to(format!("{by}; opens {at}"))
                .opens_when(format!("the schedule opens at {until}"))
                .opens_at(Some(at))
        }
        (_, _) => Verdict::new(GATE, State::Closed, format!("{by}; no known opening"))
            .opens_when("the windows are changed")
            .who("whoever keeps the config"),
    }
}
