//! An hour of a thousand services on GitHub, in its own time: what the engine asks, priced by the
//! simulator's cost formula, and how long a change of the forge takes to the board.
//!
//! The engine and the screen are the real ones. Each kind and size of question is asked of the
//! simulator once, for its price; the answers are made of what a first read told. A fifth of an hour is
//! counted five times, unless `GONOGO_HOUR_MINUTES` asks for all of it.

use std::collections::{BTreeMap, HashMap};

use gonogo::app::effect::Question;
use gonogo::app::engine::{Pace, Start};
use gonogo::app::msg::{Answer, Budget, Fetched, Identity};
use gonogo::app::{Effect as Wish, Engine, Interface, Msg, State as App, update};
use gonogo::config;
use gonogo::domain::deployment::Deployment;
use gonogo::domain::facts::{Pulse, ServiceFacts};
use gonogo::domain::ids::{DeploymentId, InstanceId, Person};
use gonogo::domain::phase::Phase;
use gonogo::domain::scope::Scope;
use gonogo::forge::Forge;
use jiff::Timestamp;

use super::*;

const SERVICES: usize = 1_000;
/// How long the forge takes to answer.
const ANSWER: SignedDuration = SignedDuration::from_millis(500);

/// How much of the hour is lived through.
fn minutes() -> i64 {
    let asked = std::env::var("GONOGO_HOUR_MINUTES").ok();
    asked.and_then(|it| it.parse().ok()).unwrap_or(12)
}

/// A change of the forge, and when the board showed it.
struct Change {
    service: ServiceName,
    /// Something was under way there before.
    in_flight: bool,
    on_screen: bool,
    at: Timestamp,
    took: Option<SignedDuration>,
}

/// The forge, the engine and its screen, and the time of all of them.
struct Hour {
    site: Site,
    app: App,
    now: Timestamp,
    truth: BTreeMap<ServiceName, ServiceFacts>,
    scope: Option<Scope>,
    prices: HashMap<(&'static str, usize), u64>,
    coming: BTreeMap<(Timestamp, u64), Fetched>,
    /// Points spent, by kind of question.
    spent: BTreeMap<&'static str, u64>,
    changes: Vec<Change>,
    wakes: u32,
    /// Questions by kind.
    asked: BTreeMap<&'static str, u32>,
}

/// The cheap read of what is true.
fn pulse(facts: &ServiceFacts) -> Pulse {
    let head = facts.head.as_ref().map(|head| head.sha.clone());
    let checks = head.as_ref().and_then(|sha| facts.checks.get(sha));
    let newest = facts.deployments.iter().take(8);
    let told = newest.map(|it| {
        let environment = it.environment.to_string();
        (it.id.0, environment, it.raw.clone(), Some(it.changed_at))
    });
    Pulse {
        checks: checks.and_then(|checks| checks.phase.clone()),
        deployments: told.collect(),
        pull_requests: Some(facts.open_pull_requests),
        pull_requests_at: None,
        labelled: Vec::new(),
        latest_release: facts.releases.first().map(|it| it.tag.clone()),
        pushed_at: None,
        head,
    }
}

fn asked(target: &gonogo::app::effect::Target) -> Target {
    Target {
        service: target.service.clone(),
        repo: target.repo.clone(),
        branch: target.branch.clone(),
        environments: target.environments.clone(),
        model: target.model.clone(),
        jobs: target.jobs.clone(),
        revisions: target.revisions.clone(),
        named_checks: target.named_checks,
        reports: target.reports,
        labels: target.labels.clone(),
        payloads: target.payloads,
        brief: target.brief,
    }
}

impl Hour {
    async fn begin(adapt: bool) -> Self {
        let world = World::generated(SERVICES, 7);
        let folder = tempfile::tempdir().unwrap();
        let options = Options {
            config_journal: Some(folder.path().join("journal.db")),
            ..Options::default()
        };
        let mut sim = sim::start(world, options).await.unwrap();
        let path = folder.path().join("gonogo.toml");
        sim.write_config(path.clone()).unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        let settings = config::load(&text, &path).unwrap();
        let generous = Limits {
            total: Duration::from_secs(60),
            ..limits()
        };
        let site = Site {
            github: adapter(&sim, "operate", generous),
            sim,
        };
        let now = clock::now();
        let pace = Pace {
            adapt,
            ..Pace::every(SignedDuration::from_secs(15))
        };
        let engine = Engine::new(Start {
            policy: settings.policy.clone(),
            pace,
            operator: Some(Person::from("alice")),
            instance: InstanceId::from("test"),
            read_only: true,
            offline: false,
            seed: 7,
            now,
        });
        let app = App {
            now,
            engine,
            interface: Interface::new(200, 66, false, false),
            dirty: false,
        };
        let mut hour = Self {
            site,
            app,
            now,
            truth: BTreeMap::new(),
            scope: None,
            prices: HashMap::new(),
            coming: BTreeMap::new(),
            spent: BTreeMap::new(),
            changes: Vec::new(),
            wakes: 0,
            asked: BTreeMap::new(),
        };
        // Large batches are learnt.
        let all = targets(&hour.site.sim.state());
        for _ in 0..2 {
            let brief: Vec<Target> = all
                .iter()
                .cloned()
                .map(|it| Target { brief: true, ..it })
                .collect();
            hour.site.github.pulse(&brief).await;
            hour.site.github.pulse(&all).await;
        }
        // What is asked at a start is not of the hour: until every row is known, and for a while after.
        hour.pass(now + SignedDuration::from_mins(4)).await;
        hour.spent.clear();
        hour.asked.clear();
        hour.wakes = 0;
        hour
    }

    fn remaining(&self) -> u64 {
        self.site
            .github
            .budget()
            .queries
            .map_or(0, |it| it.remaining)
    }

    /// What a question costs, asked once of the simulator.
    async fn price(&mut self, question: &Question) -> u64 {
        let key = match question {
            Question::Pulse(targets) if targets[0].brief => ("pulse", targets.len()),
            Question::Pulse(targets) => ("pulse that counts", targets.len()),
            Question::Facts(targets) => ("facts", targets.len()),
            Question::Scope { .. } => ("scope", 1),
            Question::Jobs { .. } => {
                *self.asked.entry("jobs").or_default() += 1;
                return 0;
            }
            _ => return 0,
        };
        *self.asked.entry(key.0).or_default() += 1;
        if let Some(known) = self.prices.get(&key) {
            *self.spent.entry(key.0).or_default() += known;
            return *known;
        }
        let before = self.remaining();
        match question {
            Question::Pulse(targets) => {
                let targets: Vec<Target> = targets.iter().map(asked).collect();
                let read = self.site.github.pulse(&targets).await;
                assert!(read.answers.iter().all(|(_, it)| it.is_ok()));
            }
            Question::Facts(targets) => {
                let targets: Vec<Target> = targets.iter().map(asked).collect();
                for (service, answer) in self.site.github.board(&targets).await.answers {
                    let facts = answer.unwrap_or_else(|fault| panic!("{service}: {fault}"));
                    self.truth.entry(service).or_insert(facts);
                }
            }
            Question::Scope {
                repo, base, head, ..
            } => {
                let read = self.site.github.scope(repo, base, head, false).await;
                self.scope = Some(read.unwrap());
            }
            _ => {}
        }
        let price = before - self.remaining();
        assert!(price > 0, "{key:?}: the budget was renewed meanwhile");
        self.prices.insert(key, price);
        *self.spent.entry(key.0).or_default() += price;
        price
    }

    fn answer(&self, question: &Question) -> Answer {
        let service = |target: &gonogo::app::effect::Target| target.service.clone();
        match question {
            Question::Identity => Answer::Identity(Ok(Identity {
                login: Person::from("alice"),
                scopes: vec!["repo".into()],
                version: None,
                capabilities: gonogo::forge::Capability::ALL.to_vec(),
            })),
            Question::Pulse(targets) => {
                let one = |it: &_| (service(it), Ok(pulse(&self.truth[&service(it)])));
                Answer::Pulses(targets.iter().map(one).collect())
            }
            Question::Facts(targets) => {
                let one = |it: &_| (service(it), Ok(Box::new(self.truth[&service(it)].clone())));
                Answer::Facts(targets.iter().map(one).collect())
            }
            Question::Scope { base, head, .. } => Answer::Scope(Ok(Box::new(Scope {
                base: base.clone(),
                head: head.clone(),
                ..self.scope.clone().unwrap()
            }))),
            Question::Jobs { .. } => Answer::Jobs(Ok(Vec::new())),
            Question::Declared { .. } | Question::Marks { .. } | Question::Find { .. } => {
                Answer::Cancelled
            }
        }
    }

    /// Handles a message, and prices what follows from it.
    async fn handle(&mut self, msg: Msg) {
        self.wakes += 1;
        let wishes = update(&mut self.app, self.now, msg);
        for wish in wishes {
            let Wish::Fetch {
                generation,
                forge,
                question,
            } = wish
            else {
                continue;
            };
            self.price(&question).await;
            if let Question::Facts(targets) = &question {
                self.known(targets).await;
            }
            let fetched = Fetched {
                generation,
                forge,
                answer: self.answer(&question),
                question,
                asked_at: self.now,
                budget: Budget::default(),
                more: false,
            };
            self.coming.insert((self.now + ANSWER, generation), fetched);
        }
        for change in self.changes.iter_mut().filter(|it| it.took.is_none()) {
            let row = self.app.engine.board.row(&change.service).unwrap();
            if row.facts.value() == Some(&self.truth[&change.service]) {
                change.took = Some(self.now.duration_since(change.at));
            }
        }
    }

    /// Reads services of which nothing is known yet.
    async fn known(&mut self, wanted: &[gonogo::app::effect::Target]) {
        let unknown = wanted
            .iter()
            .filter(|it| !self.truth.contains_key(&it.service));
        let unknown: Vec<Target> = unknown.map(asked).collect();
        if unknown.is_empty() {
            return;
        }
        for (service, answer) in self.site.github.board(&unknown).await.answers {
            self.truth.insert(service, answer.unwrap());
        }
    }

    /// Lets time pass, from one instant at which something is due to the next.
    async fn pass(&mut self, until: Timestamp) {
        loop {
            let due = self.app.engine.due(self.now);
            let first = self.coming.keys().next().copied();
            let next = first.map_or(due, |(at, _)| at.min(due));
            if next >= until {
                self.now = until;
                return;
            }
            self.now = next;
            match first.filter(|(at, _)| *at <= next) {
                Some(key) => {
                    let fetched = self.coming.remove(&key).unwrap();
                    self.handle(Msg::Fetched(fetched)).await;
                }
                None => self.handle(Msg::Tick).await,
            }
        }
    }

    /// Changes the newest deployment of a service, or makes one.
    fn change(&mut self, service: &ServiceName, new: bool, phase: Phase, raw: &str) {
        let now = self.now;
        let facts = self.truth.get_mut(service).unwrap();
        let head = facts.head.as_ref().unwrap().sha.clone();
        let in_flight = !new && facts.deployments[0].phase.is_in_flight();
        if new {
            let id = facts
                .deployments
                .iter()
                .map(|it| it.id.0)
                .max()
                .unwrap_or(1)
                + 1;
            let deployment = Deployment {
                id: DeploymentId(id),
                environment: "dev".into(),
                sha: head,
                created_at: now,
                ..facts.deployments[0].clone()
            };
            facts.deployments.insert(0, deployment);
        }
        let newest = &mut facts.deployments[0];
        (newest.phase, newest.changed_at) = (phase, now);
        raw.clone_into(&mut newest.raw);
        self.changes.push(Change {
            service: service.clone(),
            in_flight,
            on_screen: self.app.engine.watched.contains(service),
            at: now,
            took: None,
        });
    }

    /// An hour of some movement: every ten minutes something is deployed on the screen and elsewhere, and
    /// twenty times something happens where nobody looks.
    async fn run(&mut self) {
        let begun = self.now;
        let names: Vec<ServiceName> = self.truth.keys().cloned().collect();
        let watched: Vec<ServiceName> = self.app.engine.watched.iter().cloned().collect();
        assert!((20..=60).contains(&watched.len()), "{}", watched.len());
        let unseen: Vec<ServiceName> = names
            .into_iter()
            .filter(|it| !watched.contains(it))
            .collect();
        for (turn, minutes) in (0..20_usize).zip((0..minutes()).step_by(3)) {
            let begun = begun + SignedDuration::from_mins(minutes);
            let at = |second: i64| begun + SignedDuration::from_secs(second);
            self.pass(at(37)).await;
            self.change(&unseen[turn * 40], true, Phase::Succeeded, "success");
            if turn % 5 == 0 {
                let service = if turn % 2 == 0 {
                    &watched[turn]
                } else {
                    &unseen[turn * 40 + 7]
                };
                self.pass(at(41)).await;
                self.change(service, true, Phase::Queued, "queued");
                self.pass(at(83)).await;
                self.change(service, false, Phase::Running, "in_progress");
                self.pass(at(131)).await;
                self.change(service, false, Phase::Succeeded, "success");
            }
        }
        self.pass(begun + SignedDuration::from_mins(minutes()))
            .await;
    }

    /// Points an hour.
    fn points(&self) -> u64 {
        let spent: u64 = self.spent.values().sum();
        spent * 60 / minutes().unsigned_abs()
    }

    /// The longest that a change took to the board, of those that `are` so.
    fn longest(&self, are: impl Fn(&Change) -> bool) -> f64 {
        let took = self.changes.iter().filter(|it| are(it)).map(|it| {
            let took = it
                .took
                .unwrap_or_else(|| panic!("{} was never shown", it.service));
            took.as_secs_f64()
        });
        took.fold(0.0, f64::max)
    }
}

#[tokio::test]
async fn an_hour_of_a_thousand_services_that_adapts_costs_less_and_shows_what_moves_sooner() {
    let mut hour = Hour::begin(true).await;
    hour.run().await;
    let moving = hour.longest(|it| it.in_flight);
    let seen = hour.longest(|it| it.on_screen);
    let other = hour.longest(|it| !it.in_flight && !it.on_screen);
    println!(
        "adaptive: {} points an hour, {:?}, {:?}, {} wake-ups; in flight {moving} s, on screen {seen} s, else {other} s",
        hour.points(),
        hour.spent,
        hour.asked,
        hour.wakes
    );
    assert!(hour.points() <= 1_600, "{:?}", hour.spent);
    assert!(moving <= 6.5 && seen <= 6.5, "{moving} {seen}");
    assert!(other <= 52.0, "{other}");
    let seconds = u32::try_from(minutes() * 60).unwrap();
    assert!(hour.wakes <= 2 * seconds, "{}", hour.wakes);
}

#[tokio::test]
async fn an_hour_of_a_thousand_services_without_adapting_stays_within_its_budget_too() {
    let mut hour = Hour::begin(false).await;
    hour.run().await;
    let moving = hour.longest(|it| it.in_flight);
    let other = hour.longest(|it| !it.in_flight);
    println!(
        "uniform: {} points an hour, {:?}, {:?}, {} wake-ups; in flight {moving} s, else {other} s",
        hour.points(),
        hour.spent,
        hour.asked,
        hour.wakes
    );
    assert!(hour.points() <= 2_700, "{:?}", hour.spent);
    assert!(moving <= 6.5 && other <= 17.0, "{moving} {other}");
}
