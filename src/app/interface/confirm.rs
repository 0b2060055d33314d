//! The confirm dialog: cancel a run, reject what waits, run again. One act, its call, a reason.

use tui_input::Input;

use super::choice::step;
use super::{Overlay, field, link, reports};
use crate::app::command::Command;
use crate::app::effect::Effect;
use crate::app::engine::Engine;
use crate::app::engine::planning::Wish;
use crate::app::plan::Plan;
use crate::app::request::{Refusal, RefusalKind, Request};
use crate::app::state::State;
use crate::domain::promotion::Purpose;

/// One act with its call and a reason.
#[derive(Clone, Debug)]
pub struct ConfirmDialog {
    pub plan: Result<Box<Plan>, Refusal>,
    pub title: String,
    pub reason: Input,
    pub focus: ConfirmFocus,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ConfirmFocus {
    Reason,
    #[default]
    Cancel,
    Confirm,
}

/// Opens the dialog of a command on the selected cell.
pub(super) fn open(state: &mut State, command: Command) {
    let Some(cursor) = state.interface.cursor.clone() else {
        return;
    };
    let (wish, verb) = match command {
        Command::Cancel => (Wish::Cancel, "CANCEL the run into"),
        Command::Rerun => (Wish::Rerun, "RUN AGAIN the failed jobs of"),
        _ => (Wish::Reject, "REJECT"),
    };
    let plan = state
        .engine
        .plan(&cursor.service, &cursor.environment, &wish, state.now);
    let title = format!("{verb} {} > {}", cursor.service, cursor.environment);
    state
        .interface
        .overlays
        .push(Overlay::Confirm(ConfirmDialog {
            plan: plan.map(Box::new),
            title,
            reason: Input::default(),
            focus: ConfirmFocus::default(),
        }));
}

pub(super) fn run(state: &mut State, command: Command) -> Vec<Effect> {
    let Some(Overlay::Confirm(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    match command {
        Command::NextPane | Command::Down | Command::Right => dialog.step(true),
        Command::PreviousPane | Command::Up | Command::Left => dialog.step(false),
        Command::Close => {
            state.interface.overlays.pop();
        }
        Command::Copy => return link::copy(state),
        Command::Open => match dialog.focus {
            ConfirmFocus::Reason => dialog.step(true),
            ConfirmFocus::Cancel => {
                state.interface.overlays.pop();
            }
            ConfirmFocus::Confirm => return send(state),
        },
        _ => {}
    }
    Vec::new()
}

fn send(state: &mut State) -> Vec<Effect> {
    let now = state.now;
    let Some(Overlay::Confirm(dialog)) = state.interface.overlays.last_mut() else {
        return Vec::new();
    };
    dialog.check(&state.engine);
    let plan = match (dialog.blocked(), &dialog.plan) {
        (None, Ok(plan)) => plan,
        (why, _) => {
            state.interface.say(false, why.unwrap_or_default(), now);
            return Vec::new();
        }
    };
    let mut plan = plan.clone();
    plan.intent.reason = field::text(&dialog.reason);
    let (effects, refused) = reports::ask(&mut state.engine, Request::Send(plan), now);
    if let Some(refusal) = refused {
        dialog.plan = Err(refusal);
    } else {
        state.interface.overlays.pop();
    }
    effects
}

impl ConfirmDialog {
    pub const STOPS: [ConfirmFocus; 3] = [
        ConfirmFocus::Reason,
        ConfirmFocus::Cancel,
        ConfirmFocus::Confirm,
    ];

    fn step(&mut self, forward: bool) {
        self.focus = step(&Self::STOPS, self.focus, forward);
    }

    pub(super) fn field(&mut self) -> Option<&mut Input> {
        (self.focus == ConfirmFocus::Reason).then_some(&mut self.reason)
    }

    /// Why it cannot be confirmed now.
    pub fn blocked(&self) -> Option<String> {
        match &self.plan {
            Err(refusal) => Some(refusal.why.clone()),
            Ok(_) if field::text(&self.reason).is_empty() => {
                Some("a reason is required".to_owned())
            }
            Ok(_) => None,
        }
    }

    pub(super) fn command_line(&self) -> Option<String> {
        let plan: &Plan = self.plan.as_deref().ok()?;
        Some(link::with_reason(&plan.command, &field::text(&self.reason)))
    }

    /// What is to be cancelled may be over by itself: then there is nothing to send.
    pub(super) fn check(&mut self, engine: &Engine) {
        let Ok(plan) = &self.plan else { return };
        let cell = engine.board.cell(plan.service(), plan.environment());
        let over = plan.intent.purpose == Purpose::Cancellation
            && cell.is_none_or(|cell| {
                let flight = cell.in_flight.as_ref();
                flight.is_none_or(|flight| flight.revision != plan.intent.to)
            });
        if over {
            self.plan = Err(Refusal::new(
                RefusalKind::NoGo,
                format!("{} is not under way any more", plan.intent.to),
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::super::harness::{changes, on, press, running, said, state, top, with_cell};
    use super::*;
    use crate::app::command::blocked::reason;
    use crate::domain::act::Act;
    use crate::domain::deployment::{Deployment, Maker};
    use crate::domain::entry::Event;
    use crate::domain::forge_kind::ForgeKind;
    use crate::domain::ids::{DeploymentId, JobId, RunId};
    use crate::domain::phase::Phase;

    fn dialog(state: &State) -> &ConfirmDialog {
        match state.interface.overlays.last() {
            Some(Overlay::Confirm(dialog)) => dialog,
            other => panic!("no confirm dialog: {other:?}"),
        }
    }

    fn acts(effects: &[Effect]) -> Vec<Act> {
        let acts = effects.iter().filter_map(|effect| match effect {
            Effect::Append { draft, .. } => match &draft.event {
                Event::Intended { intent } => Some(intent.act.clone()),
                _ => None,
            },
            _ => None,
        });
        acts.collect()
    }

    #[test]
    fn a_run_is_cancelled_with_its_exact_call_and_a_reason() {
        let mut state = state();
        running(&mut state, "api", "production");
        press(&mut state, "X");
        let call = dialog(&state).plan.as_ref().map(|plan| plan.call.clone());
        assert_eq!(
            call.as_deref(),
            Ok("POST /repos/acme/api/actions/runs/8812/cancel")
        );
        assert_eq!(
            dialog(&state).blocked().as_deref(),
            Some("a reason is required")
        );
        let effects = press(&mut state, "up 'wrong_build tab tab enter");
        assert!(
            matches!(acts(&effects).as_slice(), [Act::Cancel { run }] if run.0 == 8812),
            "{effects:?}"
        );
        assert_eq!(top(&state), "none");
    }

    #[test]
    fn x_is_struck_out_where_no_run_could_be_cancelled_in_the_words_of_the_dialog() {
        let mut state = state();
        running(&mut state, "api", "production");
        assert_eq!(reason(&state, Command::Cancel), None);
        with_cell(&mut state.engine.board, "api", "production", |cell| {
            let flight = cell.in_flight.as_mut().expect("in flight");
            flight.run = None;
        });
        let struck = reason(&state, Command::Cancel);
        assert_eq!(
            struck.as_deref(),
            Some("the deployment under way has no run that could be cancelled")
        );
        press(&mut state, "X");
        assert_eq!(dialog(&state).blocked(), struck);
    }

    #[test]
    fn where_a_job_is_what_runs_it_alone_is_cancelled() {
        let mut state = state();
        running(&mut state, "api", "production");
        for row in &mut state.engine.board.rows {
            std::sync::Arc::make_mut(&mut row.service).kind = ForgeKind::GitLab;
            let flight = row.cells.last().and_then(|cell| cell.in_flight.as_ref());
            let sha = flight.map(|flight| flight.revision.sha.clone());
            let known = row.facts.last.as_mut().expect("facts");
            let newest = known.value.deployments[0].clone();
            known.value.deployments.push(Deployment {
                id: DeploymentId(99),
                sha: sha.unwrap_or_else(|| newest.sha.clone()),
                phase: Phase::Running,
                created_at: newest.created_at + SignedDuration::from_hours(1),
                made_by: Some(Maker {
                    run: RunId(8812),
                    job: JobId(17),
                    name: "deploy".to_owned(),
                }),
                ..newest
            });
        }
        press(&mut state, "X");
        let call = dialog(&state).plan.as_ref().map(|plan| plan.call.clone());
        assert_eq!(
            call.as_deref(),
            Ok("POST /projects/acme%2Fapi/jobs/17/cancel (deploy)")
        );
        let effects = press(&mut state, "up 'wrong_build tab tab enter");
        assert!(
            matches!(acts(&effects).as_slice(), [Act::CancelJob { job, .. }] if job.0 == 17),
            "{effects:?}"
        );
    }

    #[test]
    fn a_run_that_ended_under_the_dialog_is_not_cancelled() {
        let mut state = state();
        running(&mut state, "api", "production");
        press(&mut state, "X up 'wrong tab tab");
        with_cell(&mut state.engine.board, "api", "production", |cell| {
            cell.in_flight = None;
        });
        let effects = press(&mut state, "enter");
        assert!(!effects.iter().any(changes));
        assert!(said(&state).contains("not under way any more"));
    }

    #[test]
    fn what_cannot_be_done_opens_the_dialog_with_the_reason() {
        let mut state = state();
        on(&mut state, "api", "production");
        for (keys, why) in [
            ("X", "nothing is under way into api production"),
            (": 'rerun enter", "no run of api production has failed"),
            (": 'reject enter", "no run waits for approval of production"),
        ] {
            press(&mut state, keys);
            assert_eq!(dialog(&state).blocked().as_deref(), Some(why), "{keys}");
            let effects = press(&mut state, "up 'why tab tab enter");
            assert!(!effects.iter().any(changes));
            press(&mut state, "esc");
        }
    }
}
