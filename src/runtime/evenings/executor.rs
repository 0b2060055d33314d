//! Effects on their way: each reaches the journal or a forge at some instant, and is answered at a
//! later one, in any order. Answers are lost, late, old or wrong, as chance will have it.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::breakage::Breakage;

use super::invariants;
use super::record::live;
use super::words::{heard, told};
use super::world::{Author, World};
use crate::app::effect::{Effect, Question};
use crate::app::msg::{Answer, Budget, Fetched, JournalFault, LogAnswer, Msg};
use crate::domain::act::{Act, Handle, Outcome};
use crate::domain::entry::{Draft, Entry, Event, Precondition};
use crate::domain::facts::ServiceFacts;
use crate::domain::ids::{
    Digest, ForgeName, InstanceId, IntentId, RepoPath, Seq, ServiceName, Sha,
};
use crate::domain::promotion::{Purpose, Step};
use crate::runtime::connect::journal_fault;

/// How long a request can be on its way; after this it has arrived or never will.
pub const ON_ITS_WAY: SignedDuration = SignedDuration::from_secs(40);

/// An effect on its way.
#[derive(Debug)]
pub struct InFlight {
    pub number: u64,
    pub who: usize,
    pub instance: InstanceId,
    pub effect: Effect,
    /// By the clock of whoever asks.
    pub asked_at: Timestamp,
    pub since: Timestamp,
    /// What of the journal its operator had been shown.
    pub shown: Seq,
    /// It has reached its goal, and this is on its way back.
    pub answer: Option<Msg>,
}

/// Facts that are just being handed over.
#[derive(Debug)]
pub struct Arriving {
    pub service: ServiceName,
    /// As the board is shown them.
    pub shown: ServiceFacts,
    /// As the forge told them.
    pub facts: Arc<ServiceFacts>,
    pub asked_at: Timestamp,
    pub really: Timestamp,
}

impl InFlight {
    /// Says whether it does something, as opposed to asking.
    pub fn is_write(&self) -> bool {
        matches!(self.effect, Effect::Append { .. } | Effect::Act { .. })
    }
}

impl World {
    /// Takes what is on its way at `place` one leg further.
    pub fn go_on(&mut self, place: usize) {
        let mut flight = self.in_flight.swap_remove(place);
        let orphan = self.operators[flight.who].instance != flight.instance
            || self.operators[flight.who].state.is_none();
        if flight.answer.is_none() {
            let answer = self.reach(&flight);
            self.say(|_| {
                format!(
                    "  {} #{} reaches: {}",
                    flight.instance,
                    flight.number,
                    told(&flight.effect)
                )
            });
            if orphan {
                return;
            }
            flight.answer = Some(answer);
            if self.chance.percent(25) {
                self.in_flight.push(flight);
                return;
            }
        }
        if orphan {
            return;
        }
        let Some(answer) = flight.answer.take() else {
            return;
        };
        if self.broken(Breakage::LosesAnswers) && self.chance.percent(5) {
            return;
        }
        self.say(|_| {
            format!(
                "  {} #{} is answered: {}",
                flight.instance,
                flight.number,
                heard(&answer)
            )
        });
        *self.record.answers.entry(flight.number).or_default() += 1;
        if matches!(answer, Msg::Fetched(_)) && self.chance.percent(3) {
            // The same answer once more, as from a cache in between.
            self.hand(&flight, answer.clone());
        }
        self.hand(&flight, answer);
    }

    /// Hands an answer over, and writes down what was really told.
    fn hand(&mut self, flight: &InFlight, answer: Msg) {
        let instance = flight.instance.clone();
        let now = self.now;
        match &answer {
            Msg::Recorded {
                result: Ok(entry), ..
            } => {
                self.shown(&instance, std::slice::from_ref(entry));
                self.record.journal_good.insert(instance, true);
                match &entry.draft.event {
                    Event::Intended { intent } => {
                        self.record.intents_told.insert(intent.id.clone(), now);
                    }
                    Event::Stepped {
                        id,
                        step: Step::Sending { .. },
                        ..
                    } => {
                        let told = (flight.instance.clone(), id.clone());
                        self.record.permits_told.insert(told);
                    }
                    _ => {}
                }
            }
            Msg::JournalRead(Ok(entries)) => {
                self.shown(&instance, entries);
                self.record.journal_good.insert(instance, true);
            }
            Msg::JournalRead(Err(JournalFault::Unreachable { .. }))
            | Msg::Recorded {
                result: Err(JournalFault::Unreachable { .. }),
                ..
            } => {
                self.record.journal_good.insert(instance, false);
            }
            Msg::Fetched(fetched) => self.told(&instance, fetched, flight),
            Msg::Sampled { .. } => self.told_round(flight),
            _ => {}
        }
        self.tell(flight.who, answer);
    }

    /// Keeps how far an instance was shown the journal without a gap.
    pub fn shown(&mut self, instance: &InstanceId, entries: &[Entry]) {
        let shown = self.record.shown.entry(instance.clone()).or_default();
        for entry in entries {
            if entry.seq.0 == shown.0 + 1 {
                *shown = entry.seq;
            }
        }
    }

    fn told(&mut self, instance: &InstanceId, fetched: &Fetched, flight: &InFlight) {
        let key = (instance.clone(), fetched.forge.clone());
        let heard = self.clock_of(flight.who);
        let asked = self.record.asked.entry(key).or_insert(heard);
        *asked = heard.max(*asked);
        for fault in invariants::faults(&fetched.answer) {
            let said = (fetched.forge.clone(), fault.at);
            if self.record.trouble.contains(&said) {
                let told = (instance.clone(), fetched.forge.clone());
                self.record.trouble_told.insert(told);
            }
        }
        match (&fetched.answer, &fetched.question) {
            (Answer::Facts(answers), _) => {
                for (service, answer) in answers {
                    if let Ok(facts) = answer {
                        let mut told = Arc::new(facts.as_ref().clone());
                        let cached = self.cached(flight, service).is_some();
                        if cached && self.broken(Breakage::ShowsThePast) {
                            // The forge had shown something else by then.
                            let repo = self.repo(&fetched.forge, &facts.repo);
                            let truth = repo.map(|repo| repo.facts(self.now));
                            let moved = truth.filter(|truth| self.moved(flight.who, facts, truth));
                            told = moved.unwrap_or(told);
                        }
                        // What comes from a cache is as old as the cache.
                        if !cached || self.broken(Breakage::ShowsThePast) {
                            self.arriving.push(Arriving {
                                service: service.clone(),
                                shown: facts.as_ref().clone(),
                                facts: told,
                                asked_at: flight.asked_at,
                                really: flight.since,
                            });
                        }
                    }
                }
            }
            (Answer::Pulses(answers), _) => {
                for (service, answer) in answers {
                    if let Ok(pulse) = answer {
                        let asked_at = flight.asked_at;
                        self.record.told_pulse(instance, service, pulse, asked_at);
                    }
                }
            }
            (Answer::Marks(_), Question::Marks { service, marks, .. }) => {
                // What the forge really showed: `answer` has kept it.
                let shown = self.record.marks_shown.remove(&flight.number);
                let asked = (instance.clone(), service.clone());
                // An answer to an older question changes nothing.
                if self.record.marks_asked.get(&asked) != Some(&flight.number) {
                    return;
                }
                for (sought, reading) in marks.iter().zip(shown.into_iter().flatten()) {
                    let mark = sought.mark.clone();
                    let key = (instance.clone(), service.clone(), mark, sought.freeze);
                    let shown = self.record.marks.entry(key).or_default();
                    shown.push((self.numbers, reading));
                }
            }
            (Answer::Scope(Ok(scope)), Question::Scope { base, head, .. }) => {
                let key = (instance.clone(), base.clone(), head.clone());
                self.record
                    .scopes
                    .insert(key, Arc::new(scope.as_ref().clone()));
            }
            _ => {}
        }
    }

    /// Says whether something else is live where an operator is about to send something.
    fn moved(&self, who: usize, shown: &ServiceFacts, truth: &ServiceFacts) -> bool {
        let flows = self.operators[who].state.iter();
        let mut flows = flows.flat_map(|state| state.engine.flows.values());
        flows.any(|flow| {
            let into = flow.plan.environment();
            let sha = |facts| live(facts, into).map(|known| known.sha.clone());
            sha(shown) != sha(truth)
        })
    }

    /// An effect reaches its goal: what is to happen happens, and its answer is made.
    fn reach(&mut self, flight: &InFlight) -> Msg {
        match &flight.effect {
            Effect::Append {
                ticket,
                draft,
                precondition,
            } => Msg::Recorded {
                ticket: *ticket,
                result: self.append(flight, draft, precondition),
            },
            Effect::ReadJournal { since } => Msg::JournalRead(self.read(flight.who, *since)),
            Effect::Act {
                id,
                forge,
                repo,
                act,
            } => Msg::Acted {
                id: id.clone(),
                outcome: self.act(flight.who, id, forge, repo, act),
            },
            Effect::Fetch {
                generation,
                forge,
                question,
            } => {
                let answer = self.answer(flight, forge, question);
                let asked_at = if self.broken(Breakage::StampsFresh) {
                    flight.asked_at + SignedDuration::from_secs(50)
                } else {
                    flight.asked_at
                };
                Msg::Fetched(Fetched {
                    generation: *generation,
                    forge: forge.clone(),
                    question: question.clone(),
                    asked_at,
                    answer,
                    budget: Budget::default(),
                    more: false,
                })
            }
            Effect::Sample { ticket, sampling } => self.sample(flight, *ticket, sampling),
            // Nobody looks at logs on these evenings.
            Effect::Log { ticket, .. } => Msg::Log {
                ticket: *ticket,
                answer: LogAnswer::Lost,
            },
            Effect::Browse(_)
            | Effect::Copy(_)
            | Effect::Run { .. }
            | Effect::Notify(_)
            | Effect::Ring
            | Effect::Mouse(_)
            | Effect::Theme(_)
            | Effect::SaveCache
            | Effect::Suspend
            | Effect::Quit => Msg::Tick,
        }
    }

    fn append(
        &mut self,
        flight: &InFlight,
        draft: &Draft,
        precondition: &Precondition,
    ) -> Result<Entry, JournalFault> {
        if self.journal_is_down() {
            return Err(unreachable());
        }
        let mut draft = draft.clone();
        if self.broken(Breakage::TakesEmptyReasons)
            && let Event::HoldPlaced { hold, .. } = &mut draft.event
        {
            hold.reason.clear();
        }
        self.misdirects(&mut draft.event);
        let permits = matches!(
            &draft.event,
            Event::Stepped {
                step: Step::Sending { .. },
                ..
            }
        );
        if permits && self.broken(Breakage::InventsPermits) {
            let hash = Digest::from("invented");
            return Ok(Entry {
                seq: Seq(self.book.head().0 + 1),
                draft,
                previous: hash.clone(),
                hash,
            });
        }
        let result = self.book.append(&flight.instance, draft, precondition);
        self.author = Some(Author {
            instance: flight.instance.clone(),
            shown: flight.shown,
        });
        self.look_at_entries();
        self.author = None;
        if let Err(error) = &result {
            self.count("append refused");
            self.say(|_| format!("  the journal refuses: {error}"));
        }
        // Written, but whoever wrote it does not hear of it.
        if result.is_ok() && self.chance.percent(2) {
            self.count("append unheard");
            return Err(unreachable());
        }
        result.map_err(|error| journal_fault(&error))
    }

    /// What a hold names is another revision than it should.
    fn misdirects(&self, event: &mut Event) {
        let Event::HoldPlaced { hold, .. } = event else {
            return;
        };
        let lost = if hold.incident {
            self.broken(Breakage::MisdirectsIncidents)
        } else {
            self.broken(Breakage::MisdirectsRollbacks) && hold.reason.contains("rolled back from")
        };
        if lost {
            hold.cover.revision = Some(Sha::from("0".repeat(40)));
        }
    }

    /// What a reader of the journal is shown.
    pub fn read(&mut self, who: usize, since: Seq) -> Result<Vec<Entry>, JournalFault> {
        if self.journal_is_down() {
            return Err(unreachable());
        }
        let mut entries = self.book.since(since).to_vec();
        if self.broken(Breakage::HidesHolds) && who == 0 {
            for entry in &mut entries {
                if let Event::HoldPlaced { hold, .. } = &mut entry.draft.event {
                    hold.until = Some(hold.since);
                }
            }
        }
        Ok(entries)
    }

    fn act(
        &mut self,
        who: usize,
        id: &IntentId,
        forge: &ForgeName,
        repo: &RepoPath,
        act: &Act,
    ) -> Outcome {
        let now = self.now;
        let by = self.operators[who].person.clone();
        let Some(found) = self.forges.get_mut(forge) else {
            return Outcome::Rejected {
                status: 0,
                why: "not sent: no such forge".to_owned(),
                hint: None,
                denied: false,
            };
        };
        if found.is_down(now) {
            return no_answer("connection reset");
        }
        let lifts = self.is_unbrake(id);
        let Some(found) = self.forges.get_mut(forge) else {
            return no_answer("no such forge");
        };
        if lifts && self.breakage == Some(Breakage::KeepsMarks) {
            return Outcome::Accepted(found.pretends(act, id, now));
        }
        if self.breakage == Some(Breakage::LiesOfSuccess) && self.chance.percent(20) {
            return Outcome::Accepted(Handle::default());
        }
        let twofold = matches!(act, Act::ApproveDeployment { .. });
        let fate = self
            .chance
            .weighted(&[72, 6, 12, 10, u32::from(twofold) * 25]);
        if fate == 4 {
            return self.half_done(forge, repo, act);
        }
        let Some(found) = self.forges.get_mut(forge) else {
            return no_answer("no such forge");
        };
        if fate == 1 {
            self.count("refused by the forge");
            return Outcome::Rejected {
                status: 403,
                why: "resource not accessible".to_owned(),
                hint: None,
                denied: false,
            };
        }
        if fate == 3 {
            self.count("never arrived");
            return no_answer("timeout");
        }
        let made = found.perform(&mut self.chance, repo, act, id, &by, now);
        if fate == 2 && self.breakage == Some(Breakage::SendsAgain) {
            let _ = found.perform(&mut self.chance, repo, act, id, &by, now);
        }
        match made {
            Ok(_) if fate == 2 => {
                self.count("done, but unheard");
                no_answer("502 after it had acted")
            }
            Ok(handle) => {
                match act {
                    Act::RetryJob { .. } => self.count("job run again"),
                    Act::Rerun { .. } => self.count("run again"),
                    _ => {}
                }
                Outcome::Accepted(handle)
            }
            Err(why) => Outcome::Rejected {
                status: 422,
                why,
                hint: None,
                denied: false,
            },
        }
    }
}

impl World {
    fn is_unbrake(&self, id: &IntentId) -> bool {
        let going = self.fold.intents.get(id);
        going.is_some_and(|going| going.intent.purpose == Purpose::Unbrake)
    }

    /// Of an act that is two, the first has happened: whoever sent it may hear so or not.
    fn half_done(&mut self, forge: &ForgeName, repo: &RepoPath, act: &Act) -> Outcome {
        self.count("approved, and not started");
        let now = self.now;
        if self.chance.percent(50) {
            // Another approval is missing: all stays as it was.
            return Outcome::Rejected {
                status: 403,
                why: "the deployment is approved, but its job was not started".to_owned(),
                hint: None,
                denied: false,
            };
        }
        if let Some(found) = self.forges.get_mut(forge) {
            found.approves_only(repo, act, now);
        }
        no_answer("the deployment is approved; whether its job was started: timeout")
    }
}

fn no_answer(why: &str) -> Outcome {
    Outcome::NoAnswer {
        why: why.to_owned(),
    }
}

pub fn unreachable() -> JournalFault {
    JournalFault::Unreachable {
        why: "the disk is full".to_owned(),
        hint: None,
        broken: None,
    }
}
