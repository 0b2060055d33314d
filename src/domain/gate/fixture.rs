//! A world to judge: one service over three environments in which everything is green, to be spoilt
//! by tests one piece at a time.

use std::collections::{BTreeMap, BTreeSet};

use jiff::civil::{Time, Weekday};
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Alone, Case, Judgement, State, Verdict, judge};
use crate::domain::act::Act;
use crate::domain::deployment::Deployment;
use crate::domain::facts::{Head, Permission, Release, ServiceFacts};
use crate::domain::fault::{Fault, FaultKind};
use crate::domain::hold::{Cover, Hold, HoldKind, ManualGate, Openers};
use crate::domain::ids::{
    DeploymentId, Digest, EnvironmentId, EnvironmentName, IntentId, Person, PullRequestNumber,
    RunId, ServiceName, Sha,
};
use crate::domain::ledger::Ledger;
use crate::domain::observed::Fact;
use crate::domain::phase::Phase;
use crate::domain::pipeline::{Check, Checks, Run, Waiting};
use crate::domain::policy::{GateSpec, Mode, Policy, Service, Stage, Via};
use crate::domain::promotion::{Intent, Purpose, Step};
use crate::domain::pull_request::Review;
use crate::domain::revision::Revision;
use crate::domain::scope::{self, Commit, Relation, Scope, ScopedPullRequest};
use crate::domain::seen::Seen;
use crate::domain::signoff::{Voice, Vote};
use crate::domain::window::{Span, Window, WindowEffect};

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
    pub actor: Person,
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
            actor: person("alice"),
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
            actor: Some(&self.actor),
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
            .into_iter()
            .filter(|verdict| verdict.gate == gate)
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
        let stage = self.policy.services[0]
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

    /// Folds a promotion of 2.41.0 into `environment` with the steps it has taken.
    pub(crate) fn promotion(&mut self, environment: &str, steps: &[Step]) {
        let ledger = std::mem::take(self.book());
        self.ledger = Some(promotion(ledger, environment, steps));
    }
}

pub(crate) fn revision(letter: char, version: &str) -> Revision {
    Revision {
        sha: sha(letter),
        version: Some(version.to_owned()),
    }
}

fn policy(gates: Vec<GateSpec>) -> Policy {
    let stage = |environment: &str, gates, via| Stage {
        environment: environment.into(),
        gates,
        via,
        mode: Mode::default(),
        verification: None,
    };
    let service = Service {
        name: "checkout".into(),
        forge: "github".into(),
        repo: "acme/checkout".into(),
        branch: None,
        group: None,
        depends: Vec::new(),
        path: vec![
            stage("dev", Vec::new(), Via::Forge),
            stage("staging", Vec::new(), Via::Deployment),
            stage("production", gates, Via::Approval { workflow: None }),
        ],
    };
    let members = |names: &[&str]| {
        names
            .iter()
            .map(|name| person(name))
            .collect::<BTreeSet<_>>()
    };
    Policy {
        version: Digest::of(["policy"]),
        max_age: SignedDuration::from_secs(60),
        environments: BTreeMap::new(),
        services: vec![service],
        windows: Vec::new(),
        roles: BTreeMap::from([
            ("qa".into(), members(&["dee", "mia"])),
            ("sre".into(), members(&["carol", "dee"])),
        ]),
    }
}

fn facts() -> ServiceFacts {
    let release = |tag: &str, letter, minutes| Release {
        id: None,
        tag: tag.to_owned(),
        name: None,
        draft: false,
        prerelease: false,
        sha: Some(sha(letter)),
        created_at: ago(minutes),
        published_at: Some(ago(minutes)),
        url: format!("https://forge.test/acme/checkout/releases/{tag}"),
    };
    ServiceFacts {
        repo: "acme/checkout".into(),
        url: "https://forge.test/acme/checkout".to_owned(),
        archived: false,
        permission: Permission::Write,
        default_branch: Some("main".to_owned()),
        head: Some(Head {
            sha: sha(HEAD),
            headline: "bump tls stack".to_owned(),
            author: Some(person("raj")),
            at: Some(ago(60)),
        }),
        checks: BTreeMap::from([(sha(WANTED), checks(WANTED, &["build", "unit", "e2e"]))]),
        environments: Vec::new(),
        deployments: vec![
            deployment(30, "staging", WANTED, Phase::Succeeded, 31 * 60),
            deployment(20, "staging", LIVE, Phase::Superseded, 31 * 60),
            deployment(10, "production", LIVE, Phase::Succeeded, 72 * 60),
        ],
        runs: vec![run(8812, WANTED, "production")],
        open_pull_requests: 0,
        pull_requests: Vec::new(),
        releases: vec![
            release("2.41.0", WANTED, 32 * 60),
            release("2.40.3", LIVE, 80 * 60),
        ],
        gaps: Vec::new(),
    }
}

/// A deployment that reached its phase so many minutes before `NOW`, and was created in the order of
/// the ids, ten minutes before that.
pub(crate) fn deployment(
    id: u64,
    environment: &str,
    letter: char,
    phase: Phase,
    minutes: i64,
) -> Deployment {
    Deployment {
        id: DeploymentId(id),
        environment: environment.into(),
        sha: sha(letter),
        git_ref: None,
        raw: phase.word().to_owned(),
        phase,
        created_at: ago(minutes + 10),
        changed_at: ago(minutes),
        creator: Some(person("bob")),
        description: None,
        url: None,
        key: None,
    }
}

pub(crate) fn checks(letter: char, names: &[&str]) -> Checks {
    let total = u32::try_from(names.len()).unwrap();
    Checks {
        sha: sha(letter),
        phase: Some(Phase::Succeeded),
        succeeded: total,
        failed: 0,
        pending: 0,
        total,
        contexts: names
            .iter()
            .map(|name| check(name, Phase::Succeeded))
            .collect(),
    }
}

pub(crate) fn check(name: &str, phase: Phase) -> Check {
    Check {
        name: name.to_owned(),
        completed_at: (!phase.is_in_flight()).then(|| ago(32 * 60)),
        phase,
        url: None,
    }
}

/// A run that waits for `environment`, and may be approved.
pub(crate) fn run(id: u64, letter: char, environment: &str) -> Run {
    Run {
        id: RunId(id),
        name: "release".to_owned(),
        workflow: Some("release.yml".to_owned()),
        title: None,
        number: id,
        attempt: 1,
        event: "push".to_owned(),
        sha: sha(letter),
        branch: Some("main".to_owned()),
        phase: Phase::Gated,
        raw: "waiting".to_owned(),
        url: format!("https://forge.test/acme/checkout/actions/runs/{id}"),
        actor: Some(person("eve")),
        created_at: ago(40),
        updated_at: ago(39),
        waiting: vec![Waiting {
            environment: environment.into(),
            environment_id: EnvironmentId(7),
            may_approve: true,
            reviewers: vec!["ann".to_owned(), "ops".to_owned()],
            wait_timer: SignedDuration::ZERO,
            wait_started_at: None,
        }],
    }
}

pub(crate) fn pull_request(number: u64, author: &str, approvers: &[&str]) -> ScopedPullRequest {
    ScopedPullRequest {
        number: PullRequestNumber(number),
        title: "retry".to_owned(),
        author: Some(person(author)),
        url: format!("https://forge.test/acme/checkout/pull/{number}"),
        labels: Vec::new(),
        additions: None,
        deletions: None,
        reviews: approvers
            .iter()
            .map(|name| review(name, true, 100))
            .collect(),
    }
}

pub(crate) fn review(name: &str, approved: bool, minutes: i64) -> Review {
    Review {
        author: person(name),
        approved,
        at: Some(ago(minutes)),
    }
}

pub(crate) fn commit(letter: char, pull_requests: &[u64]) -> Commit {
    Commit {
        sha: sha(letter),
        headline: "retry idempotency key".to_owned(),
        author: Some(person("eve")),
        at: Some(ago(40 * 60)),
        pull_requests: pull_requests
            .iter()
            .map(|number| PullRequestNumber(*number))
            .collect(),
        checks: Some(checks(letter, &["build", "unit", "e2e"])),
    }
}

/// 2.40.3 to 2.41.0: two commits by two approved pull requests.
pub(crate) fn scope() -> Scope {
    Scope {
        base: sha(LIVE),
        head: sha(WANTED),
        relation: Relation::Ahead,
        total: 2,
        commits: vec![commit(WANTED, &[915]), commit('d', &[912])],
        pull_requests: vec![
            pull_request(912, "eve", &["bob", "dee"]),
            pull_request(915, "dee", &["bob", "eve"]),
        ],
        complete: true,
        url: None,
    }
}

pub(crate) fn hold(id: &str, cover: Cover, until: Option<Timestamp>) -> Hold {
    Hold {
        id: id.into(),
        cover,
        kind: HoldKind::Forward,
        reason: "heap grows 3%/h".to_owned(),
        owner: person("carol"),
        since: ago(20),
        until,
        incident: false,
    }
}

pub(crate) fn manual_gate(id: &str, cover: Cover, openers: Openers) -> ManualGate {
    ManualGate {
        id: id.into(),
        cover,
        name: "pen test".to_owned(),
        reason: "signed report".to_owned(),
        owner: person("alice"),
        since: ago(20),
        openers,
        opened: None,
    }
}

pub(crate) fn fault() -> Fault {
    Fault {
        kind: FaultKind::Unreachable,
        forge: "github".into(),
        doing: "reading acme/checkout".to_owned(),
        why: "no answer in 10s".to_owned(),
        hint: None,
        request: None,
        at: now(),
        retry_at: None,
    }
}

/// A weekly window of every day.
pub(crate) fn daily(name: &str, effect: WindowEffect, from: Time, to: Time, zone: &str) -> Window {
    let days = [
        Weekday::Monday,
        Weekday::Tuesday,
        Weekday::Wednesday,
        Weekday::Thursday,
        Weekday::Friday,
        Weekday::Saturday,
        Weekday::Sunday,
    ];
    window(
        name,
        effect,
        Span::Weekly {
            days: days.to_vec(),
            from,
            to,
        },
        zone,
    )
}

pub(crate) fn window(name: &str, effect: WindowEffect, span: Span, zone: &str) -> Window {
    Window {
        name: name.to_owned(),
        effect,
        span,
        zone: TimeZone::get(zone).unwrap(),
        zone_name: zone.to_owned(),
        environments: Vec::new(),
        services: Vec::new(),
        reason: None,
    }
}

/// Adds bob's promotion of 2.41.0 into `environment`, with the steps it has taken.
pub(crate) fn promotion(mut ledger: Ledger, environment: &str, steps: &[Step]) -> Ledger {
    use crate::domain::entry::{Draft, Entry, Event};
    use crate::domain::ids::Seq;

    let id = IntentId::from(format!("intent-{environment}"));
    let intent = Intent {
        id: id.clone(),
        purpose: Purpose::Promotion,
        service: "checkout".into(),
        environment: environment.into(),
        from: Some(revision(LIVE, "2.40.3")),
        to: revision(WANTED, "2.41.0"),
        act: Act::Approve {
            run: RunId(8812),
            environments: vec![EnvironmentId(7)],
            comment: String::new(),
        },
        reason: "weekly".to_owned(),
        digest: Digest::of(["seen"]),
        replaces: None,
        overrides: Vec::new(),
        rollback: false,
    };
    let stepped = steps.iter().map(|step| Event::Stepped {
        id: id.clone(),
        purpose: Purpose::Promotion,
        step: step.clone(),
    });
    for event in std::iter::once(Event::Intended { intent }).chain(stepped) {
        let entry = Entry {
            seq: Seq(ledger.head.0 + 1),
            draft: Draft {
                at: ago(2),
                actor: person("bob"),
                service: Some("checkout".into()),
                environment: Some(environment.into()),
                revision: Some(sha(WANTED)),
                reason: None,
                policy: Digest::of(["policy"]),
                event,
            },
            previous: Digest::of(["previous"]),
            hash: Digest::of(["hash"]),
        };
        ledger.apply(&entry);
    }
    ledger
}
