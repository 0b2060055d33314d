//! Intake: what the engine does with each message: merge, judge, follow, ask what is due.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::flow::Stage;
use super::{Engine, ForgeState, JournalState, Report, TIMELINE};
use crate::app::effect::{Effect, Question};
use crate::app::msg::{Answer, Fetched, JournalFault, Msg};
use crate::domain::board::Board;
use crate::domain::entry::{Entry, Event, Precondition};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{ForgeName, ServiceName};
use crate::domain::ledger::Ledger;
use crate::domain::policy::Policy;

/// How long the journal is left alone before what it did not take is tried again.
const AGAIN: SignedDuration = SignedDuration::from_secs(2);

impl Engine {
    /// Takes a message that is not about the terminal.
    pub(crate) fn take(&mut self, msg: Msg, now: Timestamp) -> Vec<Effect> {
        let mut effects = match msg {
            Msg::Tick => self.tick(now),
            Msg::Fetched(fetched) => self.fetched(fetched, now),
            Msg::JournalRead(Ok(entries)) => {
                self.take_entries(&entries, now);
                self.journal_found(now);
                self.journal_rechecked(now)
            }
            Msg::JournalRead(Err(fault)) => {
                if let JournalFault::Unreachable { why, hint } = fault {
                    self.journal_lost(why, hint, now);
                }
                Vec::new()
            }
            Msg::Recorded { ticket, result } => self.recorded(ticket, result, now),
            Msg::Acted { id, outcome } => self.acted(&id, outcome, now),
            Msg::Asked(request) => self.ask(request, now),
            Msg::Reloaded(Ok(policy)) => {
                self.reload(policy, now);
                Vec::new()
            }
            Msg::Reloaded(Err(why)) => {
                self.reports.push(Report::Refused {
                    id: None,
                    refusal: crate::app::request::Refusal::new(
                        crate::app::request::RefusalKind::Usage,
                        format!("the changed config is not used: {why}"),
                    )
                    .hint("`gonogo config check` lists every problem"),
                });
                Vec::new()
            }
            Msg::Key(_)
            | Msg::Paste(_)
            | Msg::Resized { .. }
            | Msg::Told { .. }
            | Msg::Terminated => Vec::new(),
        };
        effects.extend(self.due_questions(now));
        effects
    }

    fn tick(&mut self, now: Timestamp) -> Vec<Effect> {
        self.board.judge_due(
            &self.policy,
            known(&self.journal, self.ledger.as_ref()),
            now,
        );
        let mut effects = self.note_expired(now);
        effects.extend(self.look_for_journal(now));
        effects.extend(self.reconcile(now));
        effects.extend(self.settle_again(now));
        effects
    }

    /// Writes each hold's expiry to the journal once.
    fn note_expired(&mut self, now: Timestamp) -> Vec<Effect> {
        if self.read_only || self.journal != JournalState::Ready {
            return Vec::new();
        }
        let (Some(ledger), Some(operator)) = (&self.ledger, self.operator.clone()) else {
            return Vec::new();
        };
        let ended: Vec<_> = ledger
            .holds
            .values()
            .filter(|hold| !hold.is_on(now) && !ledger.expired.contains(&hold.id))
            .filter(|hold| {
                let pending = super::flow::Pending::Expiry(hold.id.clone());
                !self.pending.values().any(|known| *known == pending)
            })
            .map(|hold| (hold.id.clone(), hold.cover.clone()))
            .collect();
        ended
            .into_iter()
            .map(|(id, cover)| {
                let event = Event::HoldExpired {
                    id: id.clone(),
                    cover: cover.clone(),
                };
                let draft = crate::domain::entry::Draft {
                    service: cover.service,
                    environment: cover.environment,
                    revision: cover.revision,
                    ..self.draft(&operator, event, now)
                };
                self.append(super::flow::Pending::Expiry(id), draft, Precondition::None)
            })
            .collect()
    }

    /// Tries again to make outcomes durable that the journal did not take.
    fn settle_again(&mut self, now: Timestamp) -> Vec<Effect> {
        let again: Vec<_> = self
            .flows
            .iter()
            .filter(|(_, flow)| {
                let failed = flow.stage.failed_at();
                failed.is_some_and(|at| now.duration_since(at) >= AGAIN)
            })
            .map(|(id, flow)| (id.clone(), flow.stage.clone()))
            .collect();
        again
            .into_iter()
            .flat_map(|(id, stage)| match stage {
                Stage::Abandoning { refusal, .. } => self.abandon(&id, refusal, now),
                Stage::Recording
                | Stage::Rechecking { .. }
                | Stage::Permitting
                | Stage::Sending
                | Stage::Settling { .. } => self.settle(&id, now),
            })
            .collect()
    }

    fn fetched(&mut self, fetched: Fetched, now: Timestamp) -> Vec<Effect> {
        let Fetched {
            generation,
            forge,
            question,
            asked_at,
            answer,
            budget,
        } = fetched;
        let state = self.forges.entry(forge.clone()).or_default();
        state.budget = budget;
        let wanted = self.answered(generation)
            || self.is_rechecking(generation)
            || matches!(question, Question::Find { .. });
        if !wanted {
            return Vec::new();
        }
        let mut effects = Vec::new();
        let mut fault = None;
        match (answer, question) {
            (Answer::Identity(Ok(identity)), _) => {
                if self.operator.is_none() {
                    self.operator = Some(identity.login.clone());
                }
                self.forge(&forge).identity = Some(identity);
            }
            (Answer::Identity(Err(trouble)), _) => fault = Some(trouble),
            (Answer::Pulses(answers), _) => {
                for (service, answer) in answers {
                    fault = fault.or_else(|| of_forge(answer.as_ref().err()));
                    let changed = self.board.pulse(
                        &service,
                        answer,
                        asked_at,
                        &self.policy,
                        known(&self.journal, self.ledger.as_ref()),
                        now,
                    );
                    if changed {
                        self.schedule.refresh_one(&service, now);
                    }
                }
            }
            (Answer::Facts(answers), _) => {
                for (service, answer) in answers {
                    let answer = answer.map(|facts| *facts);
                    fault = fault.or_else(|| of_forge(answer.as_ref().err()));
                    if let Err(trouble) = &answer {
                        self.reports
                            .push(Report::Trouble(Box::new(trouble.clone())));
                    }
                    let mut trouble = answer.as_ref().err().cloned();
                    let merged = self.board.merge(
                        &service,
                        answer,
                        asked_at,
                        &self.policy,
                        known(&self.journal, self.ledger.as_ref()),
                        now,
                    );
                    if trouble.is_none() {
                        trouble = self.not_taken(generation, &forge, merged, asked_at, now);
                    }
                    effects.extend(self.follow(&service, now));
                    effects.extend(self.rechecked(generation, trouble.as_ref(), now));
                }
            }
            (
                Answer::Scope(answer),
                Question::Scope {
                    service,
                    base,
                    head,
                    ..
                },
            ) => {
                let mut trouble = answer.as_ref().err().cloned();
                if let Some(trouble) = &trouble {
                    self.reports
                        .push(Report::Trouble(Box::new(trouble.clone())));
                    fault = of_forge(Some(trouble));
                }
                let answer = answer.map(|scope| *scope);
                let merged = self.board.scope(
                    &service,
                    (base, head),
                    answer,
                    asked_at,
                    &self.policy,
                    known(&self.journal, self.ledger.as_ref()),
                    now,
                );
                if trouble.is_none() {
                    trouble = self.not_taken(generation, &forge, merged, asked_at, now);
                }
                effects.extend(self.rechecked(generation, trouble.as_ref(), now));
            }
            (Answer::Jobs(answer), Question::Jobs { service, run, .. }) => {
                self.jobs
                    .entry((service, run))
                    .or_default()
                    .merge(answer, asked_at);
            }
            (Answer::Found(answer), Question::Find { id, .. }) => {
                effects.extend(self.found(&id, answer, now));
            }
            (Answer::Cancelled, Question::Find { id, .. }) => {
                if let Some(search) = self.reconciling.get_mut(&id) {
                    search.asking = false;
                }
                return effects;
            }
            (Answer::Cancelled, _) => {
                let fault = given_up(&forge, now);
                effects.extend(self.rechecked(generation, Some(&fault), now));
                return effects;
            }
            (Answer::Scope(_) | Answer::Jobs(_) | Answer::Found(_), _) => {
                return effects;
            }
        }
        self.heard(&forge, fault, now);
        effects
    }

    /// Keeps how a forge is: a good answer clears its fault, a fault of the whole forge makes it
    /// be asked less.
    fn heard(&mut self, forge: &ForgeName, fault: Option<Fault>, now: Timestamp) {
        let state = self.forge(forge);
        match fault {
            None => {
                state.fault = None;
                state.failures = 0;
                state.answered_at = Some(now);
                self.resume(forge);
            }
            Some(fault) => {
                state.failures = state.failures.saturating_add(1);
                let (failures, retry_at) = (state.failures, fault.retry_at);
                state.fault = Some(fault.clone());
                self.back_off(forge, failures, retry_at, now);
                self.reports.push(Report::Trouble(Box::new(fault)));
            }
        }
    }

    fn forge(&mut self, forge: &ForgeName) -> &mut ForgeState {
        self.forges.entry(forge.clone()).or_default()
    }

    fn is_rechecking(&self, generation: u64) -> bool {
        self.flows.values().any(|flow| match flow.stage {
            Stage::Rechecking { facts, scope, .. } => {
                facts == Some(generation) || scope == Some(generation)
            }
            Stage::Recording
            | Stage::Permitting
            | Stage::Sending
            | Stage::Settling { .. }
            | Stage::Abandoning { .. } => false,
        })
    }

    /// Folds entries into the ledger and judges the services that they cover.
    pub(crate) fn take_entries(&mut self, entries: &[Entry], now: Timestamp) {
        let ledger = self.ledger.get_or_insert_with(Ledger::default);
        let mut touched: Vec<ServiceName> = Vec::new();
        let mut all = false;
        for entry in entries
            .iter()
            .filter(|entry| entry.seq > ledger.head)
            .collect::<Vec<_>>()
        {
            // A gap means that another instance wrote between: the next read brings the whole row.
            if entry.seq.0 != ledger.head.0 + 1 {
                break;
            }
            ledger.apply(entry);
            match &entry.draft.service {
                Some(service) => touched.push(service.clone()),
                None => all = true,
            }
            self.entries.push_back(entry.clone());
            if self.entries.len() > TIMELINE {
                self.entries.pop_front();
            }
        }
        if all || touched.len() > 32 {
            self.board
                .judge_all(&self.policy, self.ledger.as_ref(), now);
        } else {
            for service in touched {
                self.board
                    .judge(&service, &self.policy, self.ledger.as_ref(), now);
            }
        }
    }

    pub(crate) fn read_journal(&self) -> Vec<Effect> {
        vec![Effect::ReadJournal { since: self.seen() }]
    }

    /// Asks again for a journal that could not be read or written.
    fn look_for_journal(&mut self, now: Timestamp) -> Vec<Effect> {
        let lost = matches!(self.journal, JournalState::Unreachable { .. });
        if lost && self.schedule.journal_is_due(now) {
            return self.read_journal();
        }
        Vec::new()
    }

    /// Without the journal nobody knows what is held or under way: no gate may rest on it.
    pub(crate) fn journal_lost(&mut self, why: String, hint: Option<String>, now: Timestamp) {
        let lost = JournalState::Unreachable {
            why: why.clone(),
            hint: hint.clone(),
        };
        if self.journal != lost {
            self.reports.push(Report::JournalTrouble { why, hint });
        }
        let was_there = !matches!(self.journal, JournalState::Unreachable { .. });
        self.journal = lost;
        if was_there {
            self.board.judge_all(&self.policy, None, now);
        }
    }

    /// The journal answered: what was judged without it is judged again.
    pub(crate) fn journal_found(&mut self, now: Timestamp) {
        self.ledger.get_or_insert_with(Ledger::default);
        if self.journal != JournalState::Ready {
            self.journal = JournalState::Ready;
            self.board
                .judge_all(&self.policy, self.ledger.as_ref(), now);
        }
    }

    fn reload(&mut self, policy: Arc<Policy>, now: Timestamp) {
        if policy.version == self.policy.version {
            return;
        }
        self.policy = policy;
        let old = std::mem::take(&mut self.board);
        self.board = Board::new(
            &self.policy,
            known(&self.journal, self.ledger.as_ref()),
            old,
            now,
        );
        self.reports.push(Report::Done {
            id: None,
            text: "the changed config is in use".into(),
        });
    }
}

/// The ledger, while the journal that it was folded from can be reached.
fn known<'a>(journal: &JournalState, ledger: Option<&'a Ledger>) -> Option<&'a Ledger> {
    match journal {
        JournalState::Ready => ledger,
        JournalState::Unread | JournalState::Unreachable { .. } => None,
    }
}

/// A read of a recheck that was dropped leaves nobody to wait for it.
fn given_up(forge: &ForgeName, now: Timestamp) -> Fault {
    Fault {
        kind: FaultKind::Unreachable,
        forge: forge.clone(),
        doing: "reading again".to_owned(),
        why: "the read was given up before it was answered".to_owned(),
        hint: None,
        request: None,
        at: now,
        retry_at: None,
    }
}

/// Keeps a fault only if it is about the whole forge.
fn of_forge(fault: Option<&Fault>) -> Option<Fault> {
    fault.filter(|fault| fault.kind.is_of_forge()).cloned()
}
