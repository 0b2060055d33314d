//! What the forges answer to questions: the truth, an older truth, a fault, or nothing.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};

use super::breakage::Breakage;
use super::executor::InFlight;
use super::forge::{self, Forge};
use super::world::{World, dusk};
use crate::app::effect::{Effect, Question, Target};
use crate::app::engine::flow::Stage;
use crate::app::msg::{Answer, Identity};
use crate::domain::brake::{Binds, Reading, Sought};
use crate::domain::capability::Capability;
use crate::domain::facts::ServiceFacts;
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::ids::{EnvironmentName, ForgeName, RepoPath, ServiceName};
use crate::domain::phase::Phase;

/// How far reads lag behind writes at the most. A send that was not seen for ten minutes is taken
/// for absent, which is right only if forges show within that what they took.
const LAG: i64 = 45;
/// When a forge that takes deployments back begins to.
const TAKEN_BACK: SignedDuration = SignedDuration::from_mins(1);

impl World {
    /// What a recheck is answered from, where it is not the forge.
    pub fn cached(&self, flight: &InFlight, service: &ServiceName) -> Option<Arc<ServiceFacts>> {
        let Effect::Fetch { generation, .. } = &flight.effect else {
            return None;
        };
        let state = self.operators[flight.who].state.as_ref()?;
        let rechecks = state.engine.flows.values().any(|flow| match flow.stage {
            Stage::Rechecking { facts, .. } => facts == Some(*generation),
            _ => false,
        });
        let breaks =
            self.broken(Breakage::RechecksFromCache) || self.broken(Breakage::ShowsThePast);
        if !rechecks || !breaks {
            return None;
        }
        let key = (flight.instance.clone(), service.clone());
        let told = self.record.facts.get(&key)?;
        Some(Arc::clone(&told.facts))
    }

    pub fn answer(&mut self, flight: &InFlight, forge: &ForgeName, question: &Question) -> Answer {
        if self.chance.percent(1) {
            self.count("cancelled read");
            return Answer::Cancelled;
        }
        let host = self.forges.get(forge).map(|found| found.host);
        let trouble = host.map_or(0, |host| host.trouble);
        let down = self
            .forges
            .get(forge)
            .is_none_or(|found| found.is_down(self.now));
        let fault = if down {
            Some(self.fault(forge, FaultKind::Unreachable))
        } else if self.broken(Breakage::SpreadsTrouble) && self.is_any_down() {
            // No forge has said so of itself.
            Some(blamed(forge, self.now))
        } else if self.chance.percent(trouble) {
            let kinds = [
                FaultKind::ForgeTrouble,
                FaultKind::RateLimited,
                FaultKind::Unreadable,
                FaultKind::NotFound,
            ];
            let kind = *self.chance.pick(&kinds).unwrap_or(&FaultKind::ForgeTrouble);
            Some(self.fault(forge, kind))
        } else {
            None
        };
        // A replica that lags behind.
        let lag = if self.chance.percent(15) {
            self.chance.seconds(1, LAG)
        } else {
            SignedDuration::ZERO
        };
        let at = self.now - lag;
        match question {
            Question::Identity => Answer::Identity(match fault {
                Some(fault) => Err(fault),
                None => Ok(Identity {
                    login: self.operators[flight.who].person.clone(),
                    scopes: Vec::new(),
                    version: None,
                    capabilities: Capability::ALL.to_vec(),
                }),
            }),
            Question::Pulse(targets) => {
                let answers = self.each(targets, forge, fault.as_ref(), |repo| {
                    forge::pulse(&repo.facts(at))
                });
                Answer::Pulses(answers)
            }
            Question::Facts(targets) => {
                let mut answers = self.each(targets, forge, fault.as_ref(), |repo| {
                    Box::new(repo.facts(at).as_ref().clone())
                });
                for (service, answer) in &mut answers {
                    let Ok(facts) = answer else { continue };
                    if let Some(cached) = self.cached(flight, service) {
                        **facts = cached.as_ref().clone();
                    }
                    if self.broken(Breakage::GoesBack) && self.now > dusk() + TAKEN_BACK {
                        take_back(facts, self.now);
                    }
                }
                Answer::Facts(answers)
            }
            Question::Scope {
                repo,
                base,
                head,
                named_checks,
                ..
            } => {
                let found = self.repo(forge, repo);
                let scope = found.map(|found| found.scope(base, head, *named_checks));
                Answer::Scope(match (fault, scope) {
                    (None, Some(scope)) => Ok(Box::new(scope)),
                    (Some(fault), _) => Err(fault),
                    (None, None) => Err(self.fault(forge, FaultKind::NotFound)),
                })
            }
            // No policy of these evenings compares what environments declare.
            Question::Declared { .. } => Answer::Declared(Vec::new()),
            Question::Jobs { .. } => Answer::Jobs(fault.map_or(Ok(Vec::new()), Err)),
            Question::Marks { repo, marks, .. } => {
                self.marks(flight, forge, repo, marks, fault, at)
            }
            Question::Find { id, repo, act, .. } => {
                if self.broken(Breakage::NeverTells) {
                    return Answer::Found(Err(self.fault(forge, FaultKind::ForgeTrouble)));
                }
                let now = self.now;
                let found = self.forges.get(forge);
                let found = found.and_then(|found| found.find(repo, act, id, at, now));
                Answer::Found(fault.map_or(Ok(found), Err))
            }
        }
    }

    fn each<T>(
        &mut self,
        targets: &[Target],
        forge: &ForgeName,
        fault: Option<&Fault>,
        read: impl Fn(&forge::Repo) -> T,
    ) -> Vec<(ServiceName, Result<T, Fault>)> {
        let mut answers = Vec::new();
        for target in targets {
            let read = self.repo(forge, &target.repo).map(&read);
            let answer = match (fault, read) {
                (Some(fault), _) => Err(fault.clone()),
                (None, Some(read)) => Ok(read),
                (None, None) => Err(self.fault(forge, FaultKind::NotFound)),
            };
            answers.push((target.service.clone(), answer));
        }
        answers
    }

    pub fn repo(&self, forge: &ForgeName, repo: &RepoPath) -> Option<&forge::Repo> {
        self.forges
            .get(forge)
            .and_then(|found: &Forge| found.repos.get(repo))
    }

    /// What a forge shows of marks; the record keeps it as it really is.
    fn marks(
        &mut self,
        flight: &InFlight,
        forge: &ForgeName,
        repo: &RepoPath,
        marks: &[Sought],
        fault: Option<Fault>,
        at: Timestamp,
    ) -> Answer {
        if let Some(fault) = fault {
            return Answer::Marks(vec![Err(fault); marks.len()]);
        }
        let Some(found) = self.repo(forge, repo) else {
            let missing = self.fault(forge, FaultKind::NotFound);
            return Answer::Marks(vec![Err(missing); marks.len()]);
        };
        let shown: Vec<Reading> = marks
            .iter()
            .map(|sought| found.marks.read(sought, at))
            .collect();
        let told = shown.iter().map(|reading| match self.breakage {
            Some(Breakage::ForgetsMarks) => Reading::Gone,
            Some(Breakage::ClaimsMarks) => Reading::Ours {
                binds: Binds::Unasked,
            },
            _ => reading.clone(),
        });
        let answer = Answer::Marks(told.map(Ok).collect());
        for reading in &shown {
            self.count(match reading {
                Reading::Ours { .. } => "mark read back",
                Reading::Foreign { .. } => "mark replaced",
                Reading::Gone => "mark gone",
            });
        }
        self.record.marks_shown.insert(flight.number, shown);
        answer
    }

    fn is_any_down(&self) -> bool {
        self.forges.values().any(|found| found.is_down(self.now))
    }

    /// A forge is in trouble, by its own word.
    fn fault(&mut self, forge: &ForgeName, kind: FaultKind) -> Fault {
        self.record.trouble.insert((forge.clone(), self.now));
        Fault {
            kind,
            forge: forge.clone(),
            doing: "reading".to_owned(),
            why: "trouble".to_owned(),
            hint: None,
            request: None,
            at: self.now,
            retry_at: (kind == FaultKind::RateLimited)
                .then(|| self.now + SignedDuration::from_secs(20)),
        }
    }
}

/// What one forge is blamed for because another is in trouble.
fn blamed(forge: &ForgeName, now: Timestamp) -> Fault {
    Fault {
        kind: FaultKind::Unreachable,
        forge: forge.clone(),
        doing: "reading".to_owned(),
        why: "another is gone".to_owned(),
        hint: None,
        request: None,
        at: now,
        retry_at: None,
    }
}

/// Takes back the newest success of an environment, and puts the one before in its place.
fn take_back(facts: &mut ServiceFacts, now: Timestamp) {
    let newest = |facts: &ServiceFacts, raw: &str, into: Option<&EnvironmentName>| {
        let found = facts.deployments.iter().enumerate().filter(|(_, known)| {
            known.raw == raw && into.is_none_or(|into| known.environment == *into)
        });
        found
            .max_by_key(|(_, known)| (known.created_at, known.id))
            .map(|(place, _)| place)
    };
    let Some(live) = newest(facts, "succeeded", None) else {
        return;
    };
    let environment = facts.deployments[live].environment.clone();
    let Some(before) = newest(facts, "inactive", Some(&environment)) else {
        return;
    };
    for (place, phase, raw) in [
        (live, Phase::Failed, "failed"),
        (before, Phase::Succeeded, "succeeded"),
    ] {
        let deployment = &mut facts.deployments[place];
        deployment.phase = phase;
        raw.clone_into(&mut deployment.raw);
        deployment.changed_at = now;
    }
}
