//! Reconciliation: what was sent and never answered is looked up on the forge by reading, at
//! growing distances, until it is found or surely absent. It is never sent again.

use jiff::{SignedDuration, Timestamp};

use super::Engine;
use super::flow::Pending;
use crate::app::effect::{Effect, Question};
use crate::app::plan::Plan;
use crate::domain::act::{Act, Handle};
use crate::domain::entry::Precondition;
use crate::domain::fault::Fault;
use crate::domain::ids::IntentId;
use crate::domain::ledger::Ledger;
use crate::domain::promotion::{Intent, Promotion, State, Step};

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
        let mut effects = self.settle_lost(now);
        for promotion in unsettled {
            // A service that the configuration no longer names has no forge to ask.
            let Some(plan) = self.plan_of(&promotion) else {
                continue;
            };
            let id = promotion.intent.id.clone();
            let search = self.reconciling.entry(id.clone()).or_insert(Search {
                next_at: now + SignedDuration::from_secs(1),
                asking: false,
                missing: 0,
                first_missing_at: None,
                reads: 0,
            });
            if search.asking || search.next_at > now {
                continue;
            }
            search.asking = true;
            if promotion.state == State::Unknown {
                effects.extend(self.record_step(&plan.intent, Step::Reconciling, now, None));
            }
            if plan.intent.act == Act::ByHand {
                // No forge was asked to do anything: there is nothing to be found.
                effects.extend(self.found(&id, Ok(None), now));
                continue;
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

    /// Settles intents of this very run whose answer from the journal was lost on the way; while
    /// we live, nobody else does. What was only intended was never sent. What has its permit was
    /// not sent either, but only reading the forge may say so.
    fn settle_lost(&mut self, now: Timestamp) -> Vec<Effect> {
        let is_lost = |promotion: &&Promotion| match promotion.state {
            State::Intended => self.lost.contains(&promotion.intent.id),
            State::Sending => promotion.owner.as_ref() == Some(&self.instance),
            State::Accepted
            | State::Running
            | State::Unknown
            | State::Reconciling
            | State::Succeeded
            | State::Failed
            | State::Cancelled
            | State::Abandoned
            | State::Rejected
            | State::Absent => false,
        };
        let lost: Vec<Promotion> = self
            .ledger
            .iter()
            .flat_map(Ledger::open)
            .filter(|promotion| !self.flows.contains_key(&promotion.intent.id))
            .filter(is_lost)
            .cloned()
            .collect();
        let mut effects = Vec::new();
        for promotion in lost {
            let why = "the journal's answer was lost; nothing was sent".to_owned();
            let step = match promotion.state {
                State::Intended => Step::Abandoned { why },
                _ => Step::Unknown { why },
            };
            // Its service may have left the config since: that it was not sent is known all the same.
            effects.extend(self.record_step(&promotion.intent, step, now, None));
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
        if let Some(search) = self.reconciling.get_mut(id) {
            search.asking = false;
        }
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
        // The search's beginning is not in the journal yet: its end must not come first.
        if promotion.state == State::Unknown {
            search.next_at = now + SignedDuration::from_secs(1);
            return Vec::new();
        }
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
                self.record_step(&plan.intent, Step::Reconciled { handle }, now, Some(text))
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
                    return self.record_step(&plan.intent, Step::Absent { reads }, now, Some(text));
                }
                Vec::new()
            }
            // A read that failed says nothing either way.
            Err(fault) => {
                self.trouble(Some(&fault));
                Vec::new()
            }
        }
    }

    /// Records a step that nobody ordered: it was seen on the forge.
    pub(crate) fn record_step(
        &mut self,
        intent: &Intent,
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
            .any(|pending| matches!(pending, Pending::Step(id, _) if *id == intent.id));
        if waiting && !matches!(step, Step::Reconciled { .. } | Step::Absent { .. }) {
            return Vec::new();
        }
        let text = text.unwrap_or_else(|| {
            format!(
                "{} {} {} {}",
                intent.purpose,
                intent.service,
                intent.environment,
                step.word()
            )
        });
        let draft = self.step_draft(intent, step, &operator, now);
        vec![self.append(
            Pending::Step(intent.id.clone(), text),
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
            goes_back: false,
            warnings: Vec::new(),
            command: String::new(),
            protected: false,
            by_itself: false,
            forge: service.forge.clone(),
            repo: repo.unwrap_or_else(|| service.repo.clone()),
            intent: promotion.intent.clone(),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::app::engine::planning::Wish;
    use crate::app::interface::harness;
    use crate::app::msg::Msg;
    use crate::domain::entry::{Draft, Entry, Event};
    use crate::domain::ids::{Digest, Person, Seq};

    /// An engine whose journal has an intent of its own, at `steps`.
    fn engine_with(steps: Vec<Step>) -> (Engine, Intent) {
        let mut engine = harness::state().engine;
        let (service, environment) = ("api".into(), "production".into());
        let wish = Wish::Promote { revision: None };
        let plan = engine.plan(&service, &environment, &wish, harness::now());
        let intent = plan.unwrap().intent;
        let first = Event::Intended {
            intent: intent.clone(),
        };
        let rest = steps.into_iter().map(|step| Event::Stepped {
            id: intent.id.clone(),
            purpose: intent.purpose,
            step,
        });
        let entries: Vec<Entry> = std::iter::once(first)
            .chain(rest)
            .zip(1..)
            .map(|(event, seq)| Entry {
                seq: Seq(seq),
                draft: Draft {
                    at: harness::now(),
                    actor: Person::from("alice"),
                    service: Some(service.clone()),
                    environment: Some(environment.clone()),
                    revision: Some(intent.to.sha.clone()),
                    reason: Some("weekly".into()),
                    policy: Digest::from("p"),
                    event,
                },
                previous: Digest::from(""),
                hash: Digest::from(""),
            })
            .collect();
        engine.take_entries(&entries, harness::now());
        (engine, intent)
    }

    fn steps(effects: &[Effect]) -> Vec<&'static str> {
        effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Append { draft, .. } => match &draft.event {
                    Event::Stepped { step, .. } => Some(step.word()),
                    _ => None,
                },
                _ => None,
            })
            .collect()
    }

    #[test]
    fn an_intent_whose_append_was_not_answered_is_abandoned_when_it_turns_up() {
        let (mut engine, intent) = engine_with(Vec::new());
        assert_eq!(
            steps(&engine.reconcile(harness::now())),
            [""; 0],
            "it may be another board's"
        );
        engine.lost.insert(intent.id);
        assert_eq!(steps(&engine.reconcile(harness::now())), ["abandoned"]);
    }

    #[test]
    fn what_is_lost_is_settled_even_if_its_service_has_left_the_config() {
        let owner = harness::state().engine.instance;
        for (sent, settled) in [
            (Vec::new(), "abandoned"),
            (vec![Step::Sending { owner }], "unknown"),
        ] {
            let (mut engine, intent) = engine_with(sent);
            engine.lost.insert(intent.id);
            let mut policy = (*engine.policy).clone();
            policy.services.retain(|known| known.name != intent.service);
            policy.version = Digest::from("without").into();
            engine.take(Msg::Reloaded(Ok(Arc::new(policy))), harness::now());
            assert_eq!(steps(&engine.reconcile(harness::now())), [settled]);
        }
    }

    #[test]
    fn a_permit_whose_answer_was_lost_is_looked_up_and_not_sent() {
        let owner = harness::state().engine.instance;
        let (mut engine, _) = engine_with(vec![Step::Sending { owner }]);
        let effects = engine.reconcile(harness::now());
        assert_eq!(steps(&effects), ["unknown"]);
        assert!(
            !effects
                .iter()
                .any(|effect| matches!(effect, Effect::Act { .. }))
        );
    }

    #[test]
    fn what_another_instance_is_sending_is_left_to_it() {
        let (mut engine, _) = engine_with(vec![Step::Sending {
            owner: "elsewhere".into(),
        }]);
        assert_eq!(steps(&engine.reconcile(harness::now())), [""; 0]);
    }

    #[test]
    fn absent_needs_three_agreeing_reads_over_ten_minutes() {
        let owner = "elsewhere".into();
        let why = "timeout".to_owned();
        let (mut engine, intent) = engine_with(vec![
            Step::Sending { owner },
            Step::Unknown { why },
            Step::Reconciling,
        ]);
        let start = harness::now();
        let at = |seconds| start + SignedDuration::from_secs(seconds);
        engine.reconcile(start);
        let asked = engine.reconcile(at(5));
        assert!(
            asked
                .iter()
                .any(|effect| matches!(effect, Effect::Fetch { .. }))
        );
        assert_eq!(steps(&engine.found(&intent.id, Ok(None), at(5))), [""; 0]);
        assert_eq!(steps(&engine.found(&intent.id, Ok(None), at(15))), [""; 0]);
        assert_eq!(
            steps(&engine.found(&intent.id, Ok(None), at(45))),
            [""; 0],
            "three, but too soon"
        );
        assert_eq!(
            steps(&engine.found(&intent.id, Ok(None), at(606))),
            ["absent"]
        );
    }

    #[test]
    fn it_is_looked_up_at_5_15_45_120_and_300_seconds_and_then_every_ten_minutes() {
        let (owner, why) = ("elsewhere".into(), "timeout".to_owned());
        let sent = vec![Step::Sending { owner }, Step::Unknown { why }];
        let (mut engine, intent) = engine_with([sent, vec![Step::Reconciling]].concat());
        let start = harness::now();
        let fault = || Fault {
            kind: crate::domain::fault::FaultKind::ForgeTrouble,
            forge: "github".into(),
            doing: "looking".to_owned(),
            why: "502".to_owned(),
            hint: None,
            request: None,
            at: start,
            retry_at: None,
        };
        let mut looks = Vec::new();
        for second in 0..2_000 {
            let now = start + SignedDuration::from_secs(second);
            let asked = engine.reconcile(now);
            if asked
                .iter()
                .any(|effect| matches!(effect, Effect::Fetch { .. }))
            {
                looks.push(second - 1);
                // A read that failed says nothing either way, however often.
                assert_eq!(steps(&engine.found(&intent.id, Err(fault()), now)), [""; 0]);
            }
        }
        let since: Vec<i64> = looks.iter().map(|second| second - looks[0] + 5).collect();
        assert_eq!(since, [5, 15, 45, 120, 300, 900, 1_500]);
    }
}
