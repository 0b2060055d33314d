//! A release evening of any size, and the forge's answers about it.

use std::path::Path;
use std::sync::Arc;

use gonogo::app::effect::{Effect, Question};
use gonogo::app::engine::{Engine, Start};
use gonogo::app::msg::{Answer, Budget, Fetched, Identity};
use gonogo::app::{Interface, Msg, State, update};
use gonogo::config;
use gonogo::domain::deployment::Deployment;
use gonogo::domain::facts::{ForgeEnvironment, Head, Permission, Pulse, Release, ServiceFacts};
use gonogo::domain::ids::{DeploymentId, EnvironmentId, RepoPath, ServiceName, Sha};
use gonogo::domain::phase::Phase;
use gonogo::domain::pipeline::Checks;
use gonogo::domain::policy::{Policy, Service};
use gonogo::domain::scope::{Commit, Relation, Scope};
use gonogo::domain::seen::Declared;
use jiff::{SignedDuration, Timestamp};

pub const ENVIRONMENTS: [&str; 5] = ["dev", "test", "staging", "canary", "production"];

/// How much is judged of each service.
#[derive(Clone, Copy)]
pub enum Kind {
    /// Five environments with the gates of their tiers.
    Full,
    /// One environment, few gates: so that a hundred thousand rows fit into memory.
    Lean,
}

/// When the evening begins.
pub fn evening() -> Timestamp {
    Timestamp::from_second(1_795_284_000).unwrap()
}

pub fn name(at: usize) -> ServiceName {
    ServiceName::from(format!("svc-{at:06}"))
}

fn sha(at: usize, version: usize) -> Sha {
    Sha::from(format!("{at:030x}{version:010x}"))
}

/// A policy as a config file gives it, with one service many times over.
pub fn policy(services: usize, kind: Kind) -> Arc<Policy> {
    let path = match kind {
        Kind::Full => format!("{ENVIRONMENTS:?}"),
        Kind::Lean => "[\"production\"]".to_owned(),
    };
    let text = format!(
        "[operator]\nname = \"alice\"\n[environment.dev]\ntier = \"fast\"\n[environment.test]\ntier = \"fast\"\n\
         [environment.staging]\ntier = \"standard\"\n[environment.canary]\ntier = \"regulated\"\n\
         [environment.production]\ntier = \"{}\"\n\
         [window.evenings]\ndays = [\"mon\", \"tue\", \"wed\", \"thu\"]\nfrom = \"18:00\"\nto = \"22:00\"\n\
         zone = \"Europe/Berlin\"\n[service.svc]\nrepo = \"acme/svc\"\nbranch = \"main\"\npath = {path}\n",
        match kind {
            Kind::Full => "regulated",
            Kind::Lean => "fast",
        },
    );
    let settings = config::load(&text, Path::new("/bench.toml"))
        .unwrap_or_else(|problems| panic!("{}", config::render(&problems)));
    let mut policy = Policy::clone(&settings.policy);
    let service = policy.services.remove(0);
    policy.services = (0..services)
        .map(|at| Service {
            name: name(at),
            repo: RepoPath::from(format!("acme/{}", name(at))),
            group: Some(format!("group-{}", at % 20)),
            ..Service::clone(&service)
        })
        .map(Arc::new)
        .collect();
    Arc::new(policy)
}

/// What the forge knows of a service: half of them have a candidate, and version `more` is ahead
/// of that.
pub fn facts(at: usize, more: usize, now: Timestamp) -> ServiceFacts {
    let back = |hours: i64| now - SignedDuration::from_hours(hours);
    let newest = 2 + at % 2 + more;
    let url = format!("https://github.com/acme/{}", name(at));
    let checks = |version| Checks {
        sha: sha(at, version),
        phase: Some(Phase::Succeeded),
        succeeded: 12,
        failed: 0,
        pending: 0,
        total: 12,
        contexts: Vec::new(),
    };
    let deployments = ENVIRONMENTS
        .iter()
        .enumerate()
        .flat_map(|(place, environment)| {
            let live = newest.saturating_sub(place.min(1));
            let url = url.clone();
            (0..3).map(move |past: usize| Deployment {
                id: DeploymentId((at * 100 + place * 10 + 9 - past) as u64),
                environment: (*environment).into(),
                sha: sha(at, live.saturating_sub(past)),
                git_ref: Some("main".to_owned()),
                phase: Phase::Succeeded,
                raw: "ACTIVE".to_owned(),
                created_at: back(40 + 24 * i64::try_from(past).unwrap_or(0)),
                changed_at: back(39 + 24 * i64::try_from(past).unwrap_or(0)),
                creator: Some("bob".into()),
                description: Some("release".to_owned()),
                url: Some(format!("{url}/deployments")),
                key: None,
                payload: None,
                made_by: None,
                began_at: None,
                live_at: None,
            })
        });
    ServiceFacts {
        repo: RepoPath::from(format!("acme/{}", name(at))),
        url: url.clone(),
        archived: false,
        permission: Permission::Write,
        default_branch: Some("main".to_owned()),
        head: Some(Head {
            sha: sha(at, newest),
            headline: "Answer faster under load".to_owned(),
            author: Some("eve".into()),
            at: Some(back(41)),
        }),
        checks: (0..=newest)
            .map(|version| (sha(at, version), checks(version)))
            .collect(),
        environments: ENVIRONMENTS
            .iter()
            .zip(1..)
            .map(|(environment, id)| ForgeEnvironment {
                name: (*environment).into(),
                id: Some(EnvironmentId(id)),
                required_reviewers: *environment == "production",
                prevent_self_review: false,
                wait_timer: SignedDuration::ZERO,
                branch_policy: false,
            })
            .collect(),
        deployments: deployments.collect(),
        runs: Vec::new(),
        open_pull_requests: 3,
        pull_requests: Vec::new(),
        releases: (0..=newest)
            .map(|version| Release {
                id: None,
                tag: format!("v1.{version}.0"),
                name: None,
                draft: false,
                prerelease: false,
                sha: Some(sha(at, version)),
                created_at: back(48),
                published_at: Some(back(48)),
                url: format!("{url}/releases"),
            })
            .collect(),
        labelled: std::collections::BTreeMap::new(),
        gaps: Vec::new(),
        hidden: Vec::new(),
    }
}

/// The application on an evening, its loop turned by hand.
pub struct Evening {
    pub state: State,
    pub now: Timestamp,
    open: Vec<Effect>,
}

impl Evening {
    /// An evening on which everything has been read once.
    pub fn new(services: usize, kind: Kind, columns: u16, rows: u16) -> Self {
        let now = evening();
        let engine = Engine::new(Start {
            policy: policy(services, kind),
            pace: gonogo::app::engine::Pace::every(SignedDuration::from_secs(15)),
            operator: Some("alice".into()),
            instance: "bench".into(),
            read_only: false,
            offline: false,
            seed: 7,
            now,
        });
        let interface = Interface::new(columns, rows, false, false);
        let mut evening = Self {
            state: State {
                now,
                engine,
                interface,
                dirty: false,
            },
            now,
            open: Vec::new(),
        };
        evening.take(Msg::Resized { columns, rows });
        evening.take(Msg::JournalRead(Ok(Vec::new())));
        evening.take(Msg::Tick);
        evening.settle();
        evening
    }

    /// Hands one message to the application.
    pub fn take(&mut self, msg: Msg) {
        self.open.extend(update(&mut self.state, self.now, msg));
    }

    /// Answers everything that is asked.
    fn settle(&mut self) {
        while let Some(effect) = self.open.pop() {
            match answer(effect, self.now) {
                // In parts, as the board takes it.
                Some(Msg::Fetched(fetched)) => {
                    for part in fetched.parts() {
                        self.take(Msg::Fetched(part));
                    }
                }
                Some(msg) => self.take(msg),
                None => {}
            }
        }
    }

    /// Lets time pass until a question of this kind is asked, and returns its answer.
    pub fn next(&mut self, wanted: impl Fn(&Question) -> bool) -> Msg {
        for _ in 0..100_000 {
            let found = self.open.iter().position(
                |effect| matches!(effect, Effect::Fetch { question, .. } if wanted(question)),
            );
            if let Some(msg) = found.and_then(|at| answer(self.open.swap_remove(at), self.now)) {
                return msg;
            }
            self.settle();
            self.now += SignedDuration::from_secs(1);
            self.take(Msg::Tick);
        }
        panic!("nothing of this kind was asked");
    }
}

/// What the forge answers.
fn answer(effect: Effect, now: Timestamp) -> Option<Msg> {
    let Effect::Fetch {
        generation,
        forge,
        question,
    } = effect
    else {
        return None;
    };
    let at = |service: &ServiceName| -> usize {
        service.as_str().trim_start_matches("svc-").parse().unwrap()
    };
    let answer = match &question {
        Question::Identity => Answer::Identity(Ok(Identity {
            login: "alice".into(),
            scopes: vec!["repo".into()],
            version: None,
            capabilities: Vec::new(),
        })),
        Question::Pulse(targets) => {
            let pulse = Pulse {
                head: None,
                checks: Some(Phase::Succeeded),
                deployments: Vec::new(),
                pull_requests: Some(3),
                pull_requests_at: None,
                labelled: Vec::new(),
                latest_release: None,
                pushed_at: None,
            };
            Answer::Pulses(
                targets
                    .iter()
                    .map(|target| (target.service.clone(), Ok(pulse.clone())))
                    .collect(),
            )
        }
        Question::Facts(targets) => {
            let facts = |service: &ServiceName| Box::new(facts(at(service), 0, evening()));
            Answer::Facts(
                targets
                    .iter()
                    .map(|target| (target.service.clone(), Ok(facts(&target.service))))
                    .collect(),
            )
        }
        Question::Declared { files, .. } => Answer::Declared(vec![
            Ok(Declared {
                url: None,
                keys: None
            });
            files.len()
        ]),
        Question::Scope { base, head, .. } => Answer::Scope(Ok(Box::new(scope(base, head)))),
        Question::Jobs { .. } => Answer::Jobs(Ok(Vec::new())),
        Question::Marks { .. } => Answer::Marks(Vec::new()),
        Question::Find { .. } => Answer::Found(Ok(None)),
    };
    Some(Msg::Fetched(Fetched {
        generation,
        forge,
        question,
        asked_at: now,
        answer,
        budget: Budget::default(),
        more: false,
    }))
}

fn scope(base: &Sha, head: &Sha) -> Scope {
    Scope {
        base: base.clone(),
        head: head.clone(),
        relation: Relation::Ahead,
        total: 1,
        commits: vec![Commit {
            sha: head.clone(),
            headline: "Answer faster under load".to_owned(),
            message: String::new(),
            author: Some("eve".into()),
            has_account: true,
            is_forge_merge: false,
            at: None,
            pull_requests: Vec::new(),
            checks: None,
        }],
        pull_requests: Vec::new(),
        complete: true,
        files: None,
        url: None,
    }
}
