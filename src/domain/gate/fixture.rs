//! A world to judge: one service over three environments in which everything is green, to be spoilt
//! by tests one piece at a time.

use jiff::{SignedDuration, Timestamp};

use super::{Alone, Case, Judgement, State, Verdict, judge};
use crate::domain::act::{Act, Handle};
use crate::domain::attestation::Attestation;
use crate::domain::entry::{Draft, Entry, Event};
use crate::domain::facts::ServiceFacts;
use crate::domain::hold::Hold;
use crate::domain::ids::{Digest, EnvironmentName, IntentId, Person, Seq, ServiceName, Sha};
use crate::domain::ledger::Ledger;
use crate::domain::observed::Fact;
use crate::domain::pipeline::Checks;
use crate::domain::policy::{GateSpec, Policy, Service, Stage, Via};
use crate::domain::promotion::{Purpose, Step};
use crate::domain::revision::Revision;
use crate::domain::scope::{self, Scope};
use crate::domain::seen::Seen;
use crate::domain::signoff::{Voice, Vote};

mod parts;

pub(crate) use parts::{
    changed, check, checks, commit, daily, deployment, fault, hold, manual_gate, promotion,
    pull_request, review, revision, run, scope, window,
};
use parts::{facts, policy, sent};

/// A Saturday afternoon.
pub(crate) const NOW: &str = "2026-11-21T14:00:00Z";

pub(crate) fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(crate) fn now() -> Timestamp {
    at(NOW)
}

/// So many minutes before `NOW`.
pub(crate) fn ago(minutes: i64) -> Timestamp {
    now() - SignedDuration::from_mins(minutes)
}

/// So many minutes after `NOW`.
pub(crate) fn later(minutes: i64) -> Timestamp {
    ago(-minutes)
}

/// A full SHA of one letter.
pub(crate) fn sha(letter: char) -> Sha {
    Sha::from(letter.to_string().repeat(40))
}

pub(crate) fn person(name: &str) -> Person {
    Person::from(name)
}

/// What is live in production: 2.40.3.
pub(crate) const LIVE: char = 'a';
/// What is live in staging and may go to production: 2.41.0.
pub(crate) const WANTED: char = 'b';
/// The head of the branch.
pub(crate) const HEAD: char = 'c';

/// All that a case is made of, owned.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub policy: Policy,
    pub facts: Fact<ServiceFacts>,
    pub scope: Option<Fact<Scope>>,
    pub seen: Seen,
    pub actor: Option<Person>,
    pub ledger: Option<Ledger>,
    pub live: Option<Revision>,
    pub candidate: Option<Revision>,
    pub environment: EnvironmentName,
    pub own: Option<IntentId>,
    pub back: bool,
}

impl World {
    /// `checkout`, about to go from 2.40.3 to 2.41.0 in production through these gates.
    pub(crate) fn new(gates: Vec<GateSpec>) -> Self {
        Self {
            policy: policy(gates),
            facts: Fact::observed(facts(), now() - SignedDuration::from_secs(10)),
            scope: Some(Fact::observed(scope(), ago(30))),
            seen: Seen::default(),
            actor: Some(person("alice")),
            ledger: Some(Ledger::default()),
            live: Some(revision(LIVE, "2.40.3")),
            candidate: Some(revision(WANTED, "2.41.0")),
            environment: "production".into(),
            own: None,
            back: false,
        }
    }

    pub(crate) fn service(&self) -> &Service {
        &self.policy.services[0]
    }

    pub(crate) fn stage(&self) -> &Stage {
        self.service().stage(&self.environment).unwrap()
    }

    pub(crate) fn case(&self) -> Case<'_> {
        Case {
            policy: &self.policy,
            service: self.service(),
            stage: self.stage(),
            facts: &self.facts,
            scope: self.scope.as_ref(),
            seen: &self.seen,
            peers: &Alone,
            ledger: self.ledger.as_ref(),
            actor: self.actor.as_ref(),
            live: self.live.as_ref(),
            candidate: self.candidate.as_ref(),
            own: self.own.as_ref(),
            back: self.back,
        }
    }

    pub(crate) fn judge(&self) -> Judgement {
        self.judge_at(now())
    }

    pub(crate) fn judge_at(&self, now: Timestamp) -> Judgement {
        judge::judge(&self.case(), now)
    }

    /// The one verdict of a gate.
    pub(crate) fn verdict(&self, gate: &str) -> Verdict {
        self.verdict_at(gate, now())
    }

    pub(crate) fn verdict_at(&self, gate: &str, now: Timestamp) -> Verdict {
        let found: Vec<Verdict> = self
            .judge_at(now)
            .verdicts
            .iter()
            .filter(|verdict| verdict.gate == gate)
            .cloned()
            .collect();
        let [verdict] = found.as_slice() else {
            panic!("{} verdicts named {gate}", found.len())
        };
        verdict.clone()
    }

    /// What a gate says and why, to compare in one line.
    pub(crate) fn says(&self, gate: &str) -> (State, String) {
        let verdict = self.verdict(gate);
        (verdict.state, verdict.why)
    }

    /// Everything that a gate explains, one line each, to compare with what it should.
    pub(crate) fn explained(&self, gate: &str) -> String {
        let Verdict {
            gate,
            state,
            why,
            since,
            evidence,
            opens_when,
            opens_at,
            who,
            valid_until,
            bound: _,
            overridden_by: _,
            awaits_confirmation: _,
        } = self.verdict(gate);
        let mut lines = vec![format!("{gate} {state}: {why}")];
        lines.extend(since.map(|since| format!("  since {since}")));
        for it in evidence {
            let url = it.url.map_or_else(String::new, |url| format!(" <{url}>"));
            let at = it
                .observed_at
                .map_or_else(String::new, |at| format!(" @{at}"));
            lines.push(format!("  {}: {}{url}{at}", it.what, it.value));
        }
        lines.extend(opens_when.map(|when| format!("  opens when {when}")));
        lines.extend(opens_at.map(|at| format!("  opens at {at}")));
        lines.extend(who.map(|who| format!("  who: {who}")));
        lines.extend(valid_until.map(|until| format!("  valid until {until}")));
        lines.join("\n")
    }

    pub(crate) fn known(&mut self) -> &mut ServiceFacts {
        &mut self.facts.last.as_mut().unwrap().value
    }

    pub(crate) fn scoped(&mut self) -> &mut Scope {
        &mut self.scope.as_mut().unwrap().last.as_mut().unwrap().value
    }

    pub(crate) fn book(&mut self) -> &mut Ledger {
        self.ledger.as_mut().unwrap()
    }

    pub(crate) fn checks(&mut self) -> &mut Checks {
        self.known().checks.get_mut(&sha(WANTED)).unwrap()
    }

    pub(crate) fn via(&mut self, via: Via) {
        let environment = self.environment.clone();
        let stage = self
            .policy
            .nth(0)
            .path
            .iter_mut()
            .find(|stage| stage.environment == environment);
        stage.unwrap().via = via;
    }

    /// Makes a world with everything else the same and one more hold.
    pub(crate) fn held(mut self, hold: Hold) -> Self {
        self.book().holds.insert(hold.id.clone(), hold);
        self
    }

    /// Casts a vote on the scope as it stands.
    pub(crate) fn vote(&mut self, name: &str, role: &str, voice: Voice) {
        let service = ServiceName::from("checkout");
        let candidate = self.candidate.clone().unwrap();
        let vote = Vote {
            service: service.clone(),
            environment: self.environment.clone(),
            role: role.into(),
            person: name.into(),
            voice,
            scope: scope::hash(&service, &self.environment, self.live.as_ref(), &candidate),
            saw: format!("{} > {candidate}", self.live.as_ref().unwrap()),
            note: String::new(),
            at: ago(5),
        };
        let key = (service, self.environment.clone(), vote.person.clone());
        self.book().votes.insert(key, vote);
    }

    /// Attests a task for the scope as it stands.
    pub(crate) fn attest(&mut self, task: &str, name: &str) {
        let service = ServiceName::from("checkout");
        let candidate = self.candidate.clone().unwrap();
        let live = self.live.clone();
        let attestation = Attestation {
            scope: scope::hash(&service, &self.environment, live.as_ref(), &candidate),
            service,
            environment: self.environment.clone(),
            task: task.to_owned(),
            person: name.into(),
            saw: format!("{} > {candidate}", live.unwrap()),
            note: String::new(),
            at: ago(5),
        };
        self.write(name, Event::TaskDone { attestation });
    }

    /// Folds one more entry, by `actor`.
    pub(crate) fn write(&mut self, actor: &str, event: Event) {
        let seq = Seq(self.book().head.0 + 1);
        let hash = Digest::of([seq.to_string().as_str()]);
        self.book().apply(&Entry {
            seq,
            draft: Draft {
                at: ago(5),
                actor: actor.into(),
                service: None,
                environment: None,
                revision: None,
                reason: None,
                policy: Digest::of(["policy"]),
                event,
            },
            previous: hash.clone(),
            hash,
        });
    }

    /// Folds a promotion of 2.41.0 into `environment` with the steps it has taken.
    pub(crate) fn promotion(&mut self, environment: &str, steps: &[Step]) {
        let ledger = std::mem::take(self.book());
        self.ledger = Some(promotion(ledger, environment, steps));
    }

    /// Folds a brake that was set upon 2.41.0 in `environment`.
    pub(crate) fn brake(&mut self, environment: &str, act: Act) {
        let handle = Handle::default();
        self.braked(environment, act, Step::Accepted { handle });
    }

    /// Folds a brake that was to be set upon 2.41.0 in `environment`, and what became of it.
    pub(crate) fn braked(&mut self, environment: &str, act: Act, outcome: Step) {
        let ledger = std::mem::take(self.book());
        let owner = "here".into();
        let steps = [Step::Sending { owner }, outcome];
        self.ledger = Some(sent(ledger, environment, Purpose::Brake, act, &steps));
    }
}
