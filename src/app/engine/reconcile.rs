//! Reconciliation: what was sent and never answered is looked up on the forge by reading, at
//! growing distances, until it is found or surely absent. It is never sent again.

use jiff::{SignedDuration, Timestamp};

use super::flow::Pending;
use super::{Engine, Report};
use crate::app::effect::{Effect, Question};
use crate::app::plan::Plan;
use crate::domain::act::Handle;
use crate::domain::entry::Precondition;
use crate::domain::fault::Fault;
use crate::domain::ids::IntentId;
use crate::domain::ledger::Ledger;
use crate::domain::promotion::{Promotion, State, Step};

/// Seconds after the send at which it is looked up; the last distance repeats.
const READS: [i64; 5] = [5, 15, 45, 120, 300];
const THEN_EVERY: SignedDuration = SignedDuration::from_mins(10);
/// `Absent` needs this many agreeing reads ...
const AGREEING: u32 = 3;
/// ... over at least this time, because forges show what they took only after a while.
const OVER: SignedDuration = SignedDuration::from_mins(10);

/// The search for one intent's outcome.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Search {
    pub next_at: Timestamp,
    pub asking: bool,
    /// Reads that agree that it is not there.
    pub missing: u32,
    pub first_missing_at: Option<Timestamp>,
    reads: usize,
}

impl Engine {
    /// Looks up every unsettled intent whose time has come.
    pub(crate) fn reconcile(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.offline {
            return Vec::new();
        }
        let unsettled: Vec<Promotion> = self
            .ledger
            .iter()
            .flat_map(Ledger::open)
            .filter(|promotion| matches!(promotion.state, State::Unknown | State::Reconciling))
            .cloned()
            .collect();
        self.reconciling
            .retain(|id, _| unsettled.iter().any(|promotion| promotion.intent.id == *id));
        let mut effects = Vec::new();
        for promotion in unsettled {
            let id = promotion.intent.id.clone();
            let search = self.reconciling.entry(id.clone()).or_insert(Search {
                next_at: (now + SignedDuration::from_secs(1))
                    .min(now + SignedDuration::from_secs(READS[0])),
                asking: false,
                missing: 0,
                first_missing_at: None,
                reads: 0,
            });
            if search.asking || search.next_at > now {
                continue;
            }
            search.asking = true;
            let Some(plan) = self.plan_of(&promotion) else {
                continue;
            };
            if promotion.state == State::Unknown {
                effects.extend(self.record_step(&plan, Step::Reconciling, now, None));
            }
            effects.push(Effect::Fetch {
                generation: self.next_generation(),
                forge: plan.forge.clone(),
                question: Question::Find {
                    id,
                    repo: plan.repo.clone(),
                    act: plan.intent.act.clone(),
                    sent_at: promotion.sent_at.unwrap_or(promotion.intended_at),
                },
            });
        }
        effects
    }

    /// Takes the forge's answer to a search.
    pub(crate) fn found(
        &mut self,
        id: &IntentId,
        answer: Result<Option<Handle>, Fault>,
        now: Timestamp,
    ) -> Vec<Effect> {
        let Some(promotion) = self
            .ledger
            .as_ref()
            .and_then(|ledger| ledger.promotions.get(id))
            .cloned()
        else {
            return Vec::new();
        };
        let Some(plan) = self.plan_of(&promotion) else {
            return Vec::new();
        };
        let Some(search) = self.reconciling.get_mut(id) else {
            return Vec::new();
        };
        search.asking = false;
        let distance = READS.get(search.reads + 1).map_or(THEN_EVERY, |next| {
            SignedDuration::from_secs(next - READS.get(search.reads).copied().unwrap_or(0))
        });
        search.reads += 1;
        search.next_at = now + distance;
        match answer {
            Ok(Some(handle)) => {
                self.reconciling.remove(id);
                self.schedule.hurry(plan.service(), now);
                let text = format!(
                    "{} {} {} was found on {}",
                    plan.intent.purpose,
                    plan.service(),
                    plan.environment(),
                    plan.forge
                );
                self.record_step(&plan, Step::Reconciled { handle }, now, Some(text))
            }
            Ok(None) => {
                search.missing += 1;
                let first = *search.first_missing_at.get_or_insert(now);
                if search.missing >= AGREEING && now.duration_since(first) >= OVER {
                    let reads = search.missing;
                    self.reconciling.remove(id);
                    let text = format!(
                        "{} {} {} never reached {}: a person decides whether to order it again",
                        plan.intent.purpose,
                        plan.service(),
                        plan.environment(),
                        plan.forge
                    );
                    return self.record_step(&plan, Step::Absent { reads }, now, Some(text));
                }
                Vec::new()
            }
            // A read that failed says nothing either way.
            Err(fault) => {
                self.reports.push(Report::Trouble(Box::new(fault)));
                Vec::new()
            }
        }
    }

    /// Records a step that nobody ordered: it was seen on the forge.
    pub(crate) fn record_step(
        &mut self,
        plan: &Plan,
        step: Step,
        now: Timestamp,
        text: Option<String>,
    ) -> Vec<Effect> {
        if self.read_only {
            return Vec::new();
        }
        let Some(operator) = self.operator.clone() else {
            return Vec::new();
        };
        let waiting = self
            .pending
            .values()
            .any(|pending| matches!(pending, Pending::Step(id, _) if *id == plan.intent.id));
        if waiting && !matches!(step, Step::Reconciled { .. } | Step::Absent { .. }) {
            return Vec::new();
        }
        let text = text.unwrap_or_else(|| {
            format!(
                "{} {} {} {}",
                plan.intent.purpose,
                plan.service(),
                plan.environment(),
                step.word()
            )
        });
        let draft = self.step_draft(plan, step, &operator, now);
        vec![self.append(
            Pending::Step(plan.intent.id.clone(), text),
            draft,
            Precondition::Follows,
        )]
    }

    /// Makes a plan of a promotion in the ledger, for the calls that need one.
    pub(crate) fn plan_of(&self, promotion: &Promotion) -> Option<Plan> {
        let service = self.policy.service(&promotion.intent.service)?;
        let repo = self
            .board
            .row(&service.name)
            .and_then(|row| row.facts.value())
            .map(|facts| facts.repo.clone());
        Some(Plan {
            call: String::new(),
            if_bad: String::new(),
            warnings: Vec::new(),
            command: String::new(),
            protected: false,
            forge: service.forge.clone(),
            repo: repo.unwrap_or_else(|| service.repo.clone()),
            intent: promotion.intent.clone(),
        })
    }
}
