//! Looking at few rows must find what looking at all of them finds.

use jiff::{SignedDuration, Timestamp};

use super::*;
use crate::app::effect::{Effect, Question};
use crate::app::interface::harness;
use crate::app::msg::{Answer, Budget, Fetched, Msg};
use crate::domain::facts::{Pulse, ServiceFacts};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::Sha;

/// An engine and its twin, which looks at every row each time.
struct Twins {
    lazy: Engine,
    eager: Engine,
    looked: usize,
}

impl Twins {
    fn new() -> Self {
        let engine = || {
            let mut engine = harness::state().engine;
            engine.watched.clear();
            engine
        };
        Self {
            lazy: engine(),
            eager: engine(),
            looked: 0,
        }
    }

    fn change(&mut self, change: impl Fn(&mut Engine)) {
        change(&mut self.lazy);
        change(&mut self.eager);
    }

    /// Both take a message, and ask the same.
    fn take(&mut self, msg: Msg, now: Timestamp) -> Vec<Effect> {
        self.eager.schedule.looks = Looks::default();
        for forge in self.lazy.forges.keys() {
            self.looked += self.lazy.to_look_at(forge, now).len();
        }
        let effects = self.lazy.take(msg.clone(), now);
        assert_eq!(effects, self.eager.take(msg, now), "at {now}");
        effects
    }

    fn facts(&self, service: &ServiceName) -> ServiceFacts {
        let row = self.lazy.board.row(service).unwrap();
        row.facts.value().unwrap().clone()
    }

    /// An answer to a question of the twins; now and then something has changed, or went wrong.
    fn answer(&self, question: &Question, random: &mut fastrand::Rng, now: Timestamp) -> Answer {
        let fault = || Fault {
            kind: FaultKind::NotFound,
            forge: "github".into(),
            doing: "reading".into(),
            why: "made up".into(),
            hint: None,
            request: None,
            at: now,
            retry_at: None,
        };
        match question {
            Question::Pulse(targets) => {
                let mut pulse = |service: &ServiceName| {
                    let facts = self.facts(service);
                    Pulse {
                        head: facts.head.map(|head| head.sha),
                        checks: None,
                        deployments: Vec::new(),
                        pull_requests: Some(
                            facts.open_pull_requests + u64::from(random.u8(..8) == 0),
                        ),
                        labelled: Vec::new(),
                        pull_requests_at: None,
                        latest_release: None,
                        pushed_at: None,
                    }
                };
                let each = targets.iter().map(|target| &target.service);
                Answer::Pulses(each.map(|one| (one.clone(), Ok(pulse(one)))).collect())
            }
            Question::Facts(targets) => {
                #[expect(clippy::result_large_err, reason = "what a forge answers")]
                let mut read = |service: &ServiceName| {
                    let mut facts = self.facts(service);
                    match random.u8(..6) {
                        0 => return Err(fault()),
                        1 => {
                            let sha = Sha::from(format!("{:040x}", random.u64(..)));
                            facts
                                .head
                                .iter_mut()
                                .for_each(|head| head.sha = sha.clone());
                        }
                        _ => {}
                    }
                    Ok(Box::new(facts))
                };
                let each = targets.iter().map(|target| &target.service);
                Answer::Facts(each.map(|one| (one.clone(), read(one))).collect())
            }
            Question::Scope { .. } if random.bool() => Answer::Scope(Err(fault())),
            Question::Identity
            | Question::Scope { .. }
            | Question::Declared { .. }
            | Question::Jobs { .. }
            | Question::Marks { .. }
            | Question::Find { .. } => Answer::Cancelled,
        }
    }
}

#[test]
fn what_few_looks_find_is_what_looking_at_every_row_finds() {
    let mut twins = Twins::new();
    let mut random = fastrand::Rng::with_seed(7);
    let services: Vec<ServiceName> = twins
        .lazy
        .board
        .rows
        .iter()
        .map(|row| row.service.name.clone())
        .collect();
    let (mut now, mut asked, mut rounds) = (harness::now(), 0, 0);
    let end = now + SignedDuration::from_mins(40);
    while now < end {
        let one = services[random.usize(..services.len())].clone();
        match random.u8(..40) {
            0 => twins.change(|engine| {
                engine.watched.insert(one.clone());
            }),
            1 => twins.change(|engine| engine.watched.clear()),
            2 => twins.change(|engine| engine.schedule.refresh([&one], now)),
            3 => twins.change(|engine| engine.schedule.hurry(&one, now)),
            4 => {
                let traced = twins.lazy.board.row(&one).map(|row| {
                    let last = row.service.path.last().unwrap();
                    (one.clone(), last.environment.clone())
                });
                twins.change(|engine| engine.traced.clone_from(&traced));
            }
            _ => {}
        }
        let mut effects = twins.take(Msg::Tick, now);
        while let Some(effect) = effects.pop() {
            let Effect::Fetch {
                generation,
                forge,
                question,
            } = effect
            else {
                continue;
            };
            // Some questions are never answered.
            if random.u8(..20) == 0 {
                continue;
            }
            asked += 1;
            let answer = twins.answer(&question, &mut random, now);
            let fetched = Fetched {
                generation,
                forge,
                question,
                asked_at: now,
                answer,
                budget: Budget::default(),
                more: false,
            };
            rounds += 1;
            effects.extend(twins.take(Msg::Fetched(fetched), now));
        }
        rounds += 1;
        let due = (twins.lazy.due(now), twins.eager.due(now));
        assert_eq!(due.0, due.1, "at {now}");
        now += SignedDuration::from_secs(1);
    }
    assert!(asked > 200, "{asked} answers");
    assert!(
        twins.looked * 2 < rounds * services.len(),
        "{} looks in {rounds} rounds at {} services",
        twins.looked,
        services.len()
    );
}
