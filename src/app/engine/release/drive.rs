//! Driving: what the runs that this gonogo drives do next, after every message. Each promotion goes
//! the way that an operator's goes: planned, recorded, read again, permitted, sent once.

use jiff::{SignedDuration, Timestamp};

use super::super::flow::Pending;
use super::super::planning::Wish;
use super::super::{Engine, JournalState, Report};
use crate::app::effect::Effect;
use crate::app::plan::Plan;
use crate::app::request::{Refusal, RefusalKind};
use crate::domain::entry::{Draft, Event, Precondition};
use crate::domain::ids::{ReleaseRunId, ServiceName};
use crate::domain::ledger::Ledger;
use crate::domain::promotion::State;
use crate::domain::release::agenda::Move;
use crate::domain::release::decision::Decision;
use crate::domain::release::run::{Ending, Next, Progress, Run, next};

/// How long what did not come about is left alone, first and at most.
const FIRST: SignedDuration = SignedDuration::from_secs(5);
const LONGEST: SignedDuration = SignedDuration::from_mins(5);

/// Until when a move is not tried, and why.
#[derive(Clone, Debug)]
pub(super) struct Wait {
    until: Timestamp,
    tries: u32,
    why: String,
}

impl Engine {
    /// Lets every run that this gonogo drives do what comes next.
    pub(crate) fn drive(&mut self, now: Timestamp) -> Vec<Effect> {
        let able = !self.read_only
            && !self.offline
            && self.journal == JournalState::Ready
            && self.operator.is_some();
        if !able {
            return Vec::new();
        }
        let runs: Vec<Run> = self
            .ledger
            .iter()
            .flat_map(Ledger::open_runs)
            .filter(|run| run.driver == self.instance && !self.is_ending(&run.id))
            .cloned()
            .collect();
        runs.iter()
            .flat_map(|run| self.drive_one(run, now))
            .collect()
    }

    /// Says whether this gonogo drives a run.
    pub(crate) fn drives(&self) -> bool {
        let mut runs = self.ledger.iter().flat_map(Ledger::open_runs);
        runs.any(|run| run.driver == self.instance)
    }

    /// Why a run starts nothing more for now: a no-go, a missing go, a release that is gone.
    pub fn standstill(&self, run: &Run, now: Timestamp) -> Option<String> {
        let Some(release) = self.policy.release(&run.release) else {
            return Some(format!("{} is not in the config any more", run.release));
        };
        let basis = self.basis(now);
        let Some(ledger) = basis.ledger else {
            return Some("the journal cannot be read".to_owned());
        };
        let decision = Decision::of(release, &self.board, Some(ledger), &self.policy, now);
        let why = decision.against(release);
        (!why.is_empty()).then(|| why.join("; "))
    }

    fn drive_one(&mut self, run: &Run, now: Timestamp) -> Vec<Effect> {
        let halted = self.standstill(run, now);
        let progress = |moved: &Move| match (self.progress(run, moved, now), &halted) {
            (Progress::Ready, Some(why)) => Progress::Blocked(why.clone()),
            (progress, _) => progress,
        };
        match next(&run.moves, progress) {
            Next::Promote(ready) => {
                let ready: Vec<Move> = ready.into_iter().cloned().collect();
                ready
                    .iter()
                    .flat_map(|moved| self.promote_of(run, moved, now))
                    .collect()
            }
            Next::Wait { .. } => Vec::new(),
            Next::Stop(why) => {
                let back = self.way_home(run, now);
                let text = format!("{} stopped: {why}", run.release);
                let refusal = Refusal::new(RefusalKind::NoGo, text);
                let (reason, refusal) = if back.is_empty() {
                    (why.clone(), refusal)
                } else {
                    let order = format!("to go back, in this order: {}", back.join(", "));
                    (format!("{why}; {order}"), refusal.hint(order))
                };
                let how = Ending::Stopped { why };
                self.end(run, how, Some(reason), Some(refusal), now)
            }
            Next::Shipped => self.end(run, Ending::Shipped, None, None, now),
        }
    }

    /// Orders one promotion of a run.
    fn promote_of(&mut self, run: &Run, moved: &Move, now: Timestamp) -> Vec<Effect> {
        let key = (run.id.clone(), moved.service.clone());
        if let Some(wait) = self.driving.waits.get(&key)
            && now < wait.until
        {
            return Vec::new();
        }
        let wish = Wish::Promote {
            revision: Some(moved.to.sha.to_string()),
        };
        let plan = self.plan(&moved.service, &moved.environment, &wish, now);
        let sent = plan.and_then(|mut plan| {
            plan.intent.reason = self.reason(run, moved);
            plan.intent.release = Some(run.id.clone());
            self.send(plan, now)
        });
        // Whatever comes of it: what was abandoned is not tried again at once.
        match sent {
            Ok(effects) => {
                self.hold_off(key, String::new(), now);
                effects
            }
            Err(refusal) => {
                let known = self.driving.waits.get(&key);
                if known.is_none_or(|wait| wait.why != refusal.why) {
                    let mut told = refusal.clone();
                    told.why = format!("{}: {}", run.release, refusal.why);
                    self.reports.push(Report::Refused {
                        id: None,
                        refusal: told,
                    });
                }
                self.hold_off(key, refusal.why, now);
                Vec::new()
            }
        }
    }

    fn hold_off(&mut self, key: (ReleaseRunId, ServiceName), why: String, now: Timestamp) {
        let tries = self.driving.waits.get(&key).map_or(0, |wait| wait.tries);
        let wait = FIRST.saturating_mul(1_i32 << tries.min(6)).min(LONGEST);
        let wait = Wait {
            until: now + wait,
            tries: tries + 1,
            why,
        };
        self.driving.waits.insert(key, wait);
    }

    fn reason(&self, run: &Run, moved: &Move) -> String {
        let wave = moved.wave + 1;
        let by = if self.operator.as_ref() == Some(&run.by) {
            String::new()
        } else {
            format!(", started by {}", run.by)
        };
        format!("release {} wave {wave}{by}", run.release)
    }

    fn is_ending(&self, id: &ReleaseRunId) -> bool {
        let mut pending = self.pending.values();
        pending.any(|pending| matches!(pending, Pending::Ended { run, .. } if run == id))
    }

    fn end(
        &mut self,
        run: &Run,
        how: Ending,
        reason: Option<String>,
        refusal: Option<Refusal>,
        now: Timestamp,
    ) -> Vec<Effect> {
        let Some(operator) = self.operator.clone() else {
            return Vec::new();
        };
        let event = Event::ReleaseEnded {
            id: run.id.clone(),
            release: run.release.clone(),
            how,
        };
        let draft = Draft {
            environment: run.moves.first().map(|moved| moved.environment.clone()),
            reason,
            ..self.draft(&operator, event, now)
        };
        let pending = Pending::Ended {
            run: run.id.clone(),
            release: run.release.clone(),
            refusal,
        };
        vec![self.append(pending, draft, Precondition::None)]
    }

    /// Takes the journal's answer to the end of a run.
    pub(crate) fn release_ended(
        &mut self,
        run: &ReleaseRunId,
        release: &crate::domain::ids::ReleaseName,
        refusal: Option<Refusal>,
    ) {
        self.driving.waits.retain(|(of, _), _| of != run);
        self.reports.push(match refusal {
            Some(refusal) => Report::Refused { id: None, refusal },
            None => Report::Done {
                id: None,
                text: format!("{release} shipped"),
            },
        });
    }

    /// Says whether a promotion of a run may still be sent: its run goes on, is driven from here, and
    /// nothing in it failed or has a no-go against it. Asked right before the permit.
    pub(crate) fn still_released(&self, plan: &Plan, now: Timestamp) -> Result<(), Refusal> {
        let Some(id) = &plan.intent.release else {
            return Ok(());
        };
        let no = |why: String| Err(Refusal::new(RefusalKind::NoGo, why));
        let run = self
            .ledger
            .as_ref()
            .and_then(|ledger| ledger.release_runs.get(id))
            .filter(|run| run.ended.is_none());
        let Some(run) = run else {
            return no("its release does not go on any more; nothing was sent".to_owned());
        };
        if run.driver != self.instance {
            return no(format!(
                "{} is driven from elsewhere now; nothing was sent",
                run.release
            ));
        }
        let service = &plan.intent.service;
        if run.moves.iter().all(|moved| moved.service != *service) {
            return no(format!(
                "{service} was dropped from {}; nothing was sent",
                run.release
            ));
        }
        if let Some(why) = self.standstill(run, now) {
            return no(format!(
                "{} stands still: {why}; nothing was sent",
                run.release
            ));
        }
        let failed = self
            .ledger
            .iter()
            .flat_map(|ledger| ledger.promotions.values())
            .filter(|promotion| promotion.intent.release.as_ref() == Some(id))
            .find(|promotion| {
                matches!(
                    promotion.state,
                    State::Failed | State::Cancelled | State::Rejected | State::Absent
                )
            });
        match failed {
            Some(failed) => no(format!(
                "{} of {} is {}; nothing was sent",
                failed.intent.service,
                run.release,
                failed.state.word()
            )),
            None => Ok(()),
        }
    }

    /// When a run that is driven from here is to be looked at again.
    pub(crate) fn drive_at(&self, now: Timestamp) -> Option<Timestamp> {
        let waits = self.driving.waits.values().map(|wait| wait.until);
        let soon = now + FIRST;
        self.drives().then(|| {
            waits
                .filter(|until| *until > now)
                .min()
                .map_or(soon, |at| at.min(soon))
        })
    }
}
