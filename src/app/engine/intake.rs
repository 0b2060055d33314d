//! Intake: what the engine does with each message: merge, judge, follow, ask what is due.

use jiff::{SignedDuration, Timestamp};

use super::flow::Stage;
use super::{Engine, JournalState, Report, TIMELINE};
use crate::app::effect::{Effect, Question};
use crate::app::msg::{Answer, Fetched, JournalFault, Msg};
use crate::domain::board::Row;
use crate::domain::entry::Entry;
use crate::domain::facts::ServiceFacts;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{ForgeName, ServiceName, Sha};
use crate::domain::ledger::Ledger;
use crate::domain::seen::{Declared, Seen};

mod forges;

use forges::of_forge;

/// How long the journal is left alone before what it did not take is tried again.
const AGAIN: SignedDuration = SignedDuration::from_secs(2);

impl Engine {
    /// Takes a message that is not about the terminal.
    pub(crate) fn take(&mut self, msg: Msg, now: Timestamp) -> Vec<Effect> {
        // What the parts of an answer lead to is asked in one question, after the last.
        let more = matches!(&msg, Msg::Fetched(fetched) if fetched.more);
        let mut effects = match msg {
            Msg::Tick => self.tick(now),
            Msg::Fetched(fetched) => self.fetched(fetched, now),
            Msg::JournalRead(Ok(entries)) => {
                self.take_entries(&entries, now);
                self.journal_found(now);
                self.journal_rechecked(now)
            }
            Msg::JournalRead(Err(fault)) => {
                self.journal_lost(&fault, now);
                Vec::new()
            }
            Msg::Neighbours(living) => {
                self.neighbours = Some(living);
                Vec::new()
            }
            Msg::Recorded { ticket, result } => self.recorded(ticket, result, now),
            Msg::Acted { id, outcome } => self.acted(&id, outcome, now),
            Msg::Sampled {
                ticket,
                asked_at,
                round,
            } => self.sampled(ticket, asked_at, round, now),
            Msg::Asked(request) => self.ask(request, now),
            Msg::Reloaded(Ok(policy)) => {
                self.reload(policy, now);
                Vec::new()
            }
            Msg::Reloaded(Err(why)) => {
                // Nobody looks at the board while they write a file: it stays until it is read.
                self.reports.push(Report::Alert {
                    subject: "the changed config is not used".to_owned(),
                    why,
                    hint: Some(
                        "the one before stays in use; `gonogo config check` lists every problem"
                            .to_owned(),
                    ),
                });
                Vec::new()
            }
            // About the terminal alone.
            Msg::Log { .. }
            | Msg::Key(_)
            | Msg::Paste(_)
            | Msg::Resized { .. }
            | Msg::Told { .. }
            | Msg::Noticed { .. }
            | Msg::NoticeLost { .. }
            | Msg::Ran { .. }
            | Msg::Rearranged(_)
            | Msg::Pointed(_)
            | Msg::Terminated => Vec::new(),
        };
        effects.extend(self.tend_by_hand(now));
        effects.extend(self.drive(now));
        effects.extend(self.brake(now));
        if !more {
            effects.extend(self.due_questions(now));
            effects.extend(self.due_rounds(now));
        }
        effects
    }

    fn tick(&mut self, now: Timestamp) -> Vec<Effect> {
        let (board, basis) = self.judging(now);
        board.judge_due(basis);
        self.ask_about_holds(now);
        let mut effects = self.note_expired(now);
        effects.extend(self.look_for_journal(now));
        effects.extend(self.reconcile(now));
        effects.extend(self.settle_again(now));
        effects.extend(self.note_uses(now));
        effects.extend(self.look_after_all(now));
        effects.extend(self.automate(now));
        effects
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
                Stage::Holding
                | Stage::Recording
                | Stage::Sampling { .. }
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
            more,
        } = fetched;
        let state = self.forges.entry(forge.clone()).or_default();
        let hidden = state.budget.hidden;
        state.budget_is(budget, now);
        if budget.hidden > hidden {
            self.say_incomplete(&forge, now);
        }
        let wanted = self.answered(generation, more)
            || self.is_rechecking(generation)
            || matches!(question, Question::Find { .. });
        if !wanted {
            return Vec::new();
        }
        let mut effects = Vec::new();
        let mut fault = None;
        let read_something = has_facts(&answer);
        match (answer, question) {
            (Answer::Identity(Ok(identity)), _) => {
                if self.operator.is_none() {
                    self.operator = Some(identity.login.clone());
                }
                let known = self.forge(&forge).identity.replace(identity);
                if known != self.forge(&forge).identity {
                    self.forget_denials(&forge);
                }
            }
            (Answer::Identity(Err(trouble)), _) => fault = Some(trouble),
            (Answer::Pulses(answers), _) => {
                for (service, answer) in answers {
                    fault = fault.or_else(|| of_forge(answer.as_ref().err()));
                    let answer = answer.map(|pulse| self.completed(&service, pulse));
                    let watched = self.watched.contains(&service);
                    let (board, basis) = self.judging(now);
                    let changed = board.pulse(&service, answer, asked_at, watched, basis);
                    if changed {
                        self.schedule.refresh_one(&service, now);
                    }
                }
            }
            (Answer::Facts(answers), asked) => {
                let mut trouble = None;
                let complete = is_complete(&asked, &answers);
                for (service, answer) in answers {
                    let answer = answer.map(|facts| *facts);
                    fault = fault.or_else(|| of_forge(answer.as_ref().err()));
                    self.trouble(answer.as_ref().err());
                    if trouble.is_none() {
                        trouble = answer.as_ref().err().cloned();
                    }
                    let (board, basis) = self.judging(now);
                    let merged = board.merge(&service, answer, asked_at, basis);
                    if trouble.is_none() {
                        trouble = self.not_taken(generation, &forge, merged, asked_at, now);
                    }
                    self.look_at_candidates(&service, &asked, now);
                    effects.extend(self.follow(&service, now));
                    effects.extend(self.look_after(&service, now));
                    self.brakes_keep_up(&service, now);
                }
                // Decided with all of them: a service is judged by what it depends on too.
                if complete && !more {
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
                self.trouble(trouble.as_ref());
                fault = of_forge(trouble.as_ref());
                let answer = answer.map(|scope| *scope);
                let (board, basis) = self.judging(now);
                let merged = board.scope(&service, (base, head), answer, asked_at, basis);
                if trouble.is_none() {
                    trouble = self.not_taken(generation, &forge, merged, asked_at, now);
                }
                effects.extend(self.rechecked(generation, trouble.as_ref(), now));
            }
            (Answer::Declared(answers), Question::Declared { service, files, .. }) => {
                fault = answers
                    .iter()
                    .find_map(|answer| of_forge(answer.as_ref().err()));
                self.declared(&service, files.into_iter().zip(answers), asked_at, now);
            }
            (Answer::Jobs(answer), Question::Jobs { service, run, .. }) => {
                fault = of_forge(answer.as_ref().err());
                self.jobs
                    .entry((service.clone(), run))
                    .or_default()
                    .merge(answer, asked_at);
                self.forget_jobs(&service);
            }
            (Answer::Marks(answers), Question::Marks { service, marks, .. }) => {
                fault = answers
                    .iter()
                    .find_map(|answer| of_forge(answer.as_ref().err()));
                self.marks_read(&service, marks.into_iter().zip(answers), asked_at);
            }
            (Answer::Found(answer), Question::Find { id, .. }) => {
                fault = of_forge(answer.as_ref().err());
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
            (
                Answer::Scope(_)
                | Answer::Declared(_)
                | Answer::Jobs(_)
                | Answer::Marks(_)
                | Answer::Found(_),
                _,
            ) => {
                return effects;
            }
        }
        self.heard(&forge, fault, read_something, now);
        effects
    }

    /// Reads a service once more if the answer brought candidates whose checks it could not have
    /// asked for.
    fn look_at_candidates(&mut self, service: &ServiceName, asked: &Question, now: Timestamp) {
        if let Question::Facts(targets) = asked {
            let target = targets.iter().find(|target| target.service == *service);
            let revisions = target.map(|target| target.revisions.clone());
            let revisions = revisions.unwrap_or_default();
            self.schedule.asked_with(service, revisions);
        }
        if !self.checks_are_read(service) {
            self.schedule.refresh_one(service, now);
        }
    }

    /// Keeps what files declare, and forgets the files that no gate compares any more.
    fn declared(
        &mut self,
        service: &ServiceName,
        answers: impl Iterator<Item = ((String, Sha), Result<Declared, Fault>)>,
        asked_at: Timestamp,
        now: Timestamp,
    ) {
        let wanted = self.board.row(service).map(Row::wanted_files);
        let wanted = wanted.unwrap_or_default();
        let (board, basis) = self.judging(now);
        let take = |seen: &mut Seen| {
            seen.declared.retain(|file, _| wanted.contains(file));
            for (file, answer) in answers {
                let fact = seen.declared.entry(file).or_default();
                fact.merge(answer, asked_at);
            }
        };
        board.see(service, take, basis);
    }

    fn is_rechecking(&self, generation: u64) -> bool {
        self.flows.values().any(|flow| match &flow.stage {
            Stage::Rechecking {
                facts,
                scope,
                others,
                ..
            } => {
                *facts == Some(generation)
                    || *scope == Some(generation)
                    || others.contains(&generation)
            }
            Stage::Holding
            | Stage::Recording
            | Stage::Sampling { .. }
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
        self.remember(now);
        if all || touched.len() > 32 {
            self.judge_all(now);
        } else {
            for service in touched {
                let (board, basis) = self.judging(now);
                board.judge(&service, basis);
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
    pub(crate) fn journal_lost(&mut self, fault: &JournalFault, now: Timestamp) {
        let JournalFault::Unreachable { why, hint, broken } = fault.clone() else {
            return;
        };
        let lost = JournalState::Unreachable {
            why: why.clone(),
            hint: hint.clone(),
            broken,
        };
        if self.journal != lost {
            self.reports
                .push(Report::JournalTrouble { why, hint, broken });
        }
        let was_there = !matches!(self.journal, JournalState::Unreachable { .. });
        self.journal = lost;
        if was_there {
            self.judge_all(now);
        }
    }

    /// The journal answered: what was judged without it is judged again.
    pub(crate) fn journal_found(&mut self, now: Timestamp) {
        self.ledger.get_or_insert_with(Ledger::default);
        if self.journal != JournalState::Ready {
            self.journal = JournalState::Ready;
            self.judge_all(now);
        }
    }
}

/// Says whether every service that was asked for was answered for.
fn is_complete(
    question: &Question,
    answers: &[(ServiceName, Result<Box<ServiceFacts>, Fault>)],
) -> bool {
    match question {
        Question::Facts(targets) => targets.iter().all(|target| {
            answers
                .iter()
                .any(|(service, _)| *service == target.service)
        }),
        Question::Identity
        | Question::Pulse(_)
        | Question::Scope { .. }
        | Question::Declared { .. }
        | Question::Jobs { .. }
        | Question::Marks { .. }
        | Question::Find { .. } => false,
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

/// Says whether an answer brought anything at all.
fn has_facts(answer: &Answer) -> bool {
    match answer {
        Answer::Identity(answer) => answer.is_ok(),
        Answer::Pulses(answers) => answers.iter().any(|(_, answer)| answer.is_ok()),
        Answer::Facts(answers) => answers.iter().any(|(_, answer)| answer.is_ok()),
        Answer::Scope(answer) => answer.is_ok(),
        Answer::Declared(answers) => answers.iter().any(Result::is_ok),
        Answer::Jobs(answer) => answer.is_ok(),
        Answer::Marks(answers) => answers.iter().any(Result::is_ok),
        Answer::Found(answer) => answer.is_ok(),
        Answer::Cancelled => false,
    }
}

#[cfg(test)]
mod tests;
