//! The contract of the Forgejo adapter, over HTTP against the simulated Forgejo in two versions and
//! the simulated Gitea.

use gonogo::domain::act::{Handle, MergeMethod, Outcome, StatusState};
use gonogo::domain::deployment;
use gonogo::domain::facts::{Permission, ServiceFacts};
use gonogo::domain::fault::FaultKind;
use gonogo::domain::phase::Phase;
use gonogo::domain::policy::EnvironmentModel;
use gonogo::domain::pull_request::ChangeState;
use gonogo::forge::Settings;
use gonogo::forge::forgejo::Forgejo;
use gonogo::forge::{Capability, Forge};
use gonogo::sim::model::pull::PullState;

use super::*;
use crate::harness::step;

mod models;

/// A simulated forge, and the adapter as one of its people.
struct Tide {
    sim: Running,
    forgejo: Forgejo,
}

/// The worlds, each as the server that it is served by.
const SERVERS: [(&str, &str); 3] = [
    (sim::FORGEJO, "forgejo"),
    (sim::FORGEJO, "forgejo-tasks"),
    (sim::GITEA, "gitea"),
];

impl Tide {
    async fn of(world: &str, flavor: &str, token: &str) -> Self {
        let mut world = World::from_toml(world).unwrap();
        flavor.clone_into(&mut world.forge.flavor);
        world.forge.flaky = 0.0;
        let sim = sim::start(world, Options::default()).await.unwrap();
        let forgejo = speaker(&sim, token, limits());
        Self { sim, forgejo }
    }

    async fn forgejo() -> Self {
        Self::of(sim::FORGEJO, "forgejo", "operate").await
    }

    fn advance(&self, seconds: i64) {
        self.sim.advance(SignedDuration::from_secs(seconds));
    }

    fn play(&self, repo: &str, toml: &str) {
        assert!(self.sim.play(repo, (*step(toml)).clone()), "{toml}");
    }

    /// The writes so far, on whatever path.
    fn writes(&self) -> Vec<Logged> {
        writes(&self.sim.requests())
    }

    async fn board(&self, target: Target) -> ServiceFacts {
        let mut batch = self.forgejo.board(&[target]).await;
        let answer = batch.answers.remove(0).1;
        answer.unwrap_or_else(|fault| panic!("{fault}"))
    }

    async fn act(&self, repo: &RepoPath, act: &Act) -> Handle {
        match self.forgejo.act(repo, act, &key()).await {
            Outcome::Accepted(handle) => handle,
            other => panic!("{act:?}: {other:?}"),
        }
    }

    /// What is in an environment, by the forge's own account.
    fn truth(&self, repo: &str, environment: &str) -> Option<String> {
        let world = self.sim.world();
        let repos = world["repos"].as_array().unwrap();
        let named = |it: &&serde_json::Value| {
            let name = it["name"].as_str().unwrap();
            name.ends_with(&format!("/{repo}"))
        };
        let live = repos.iter().find(named).unwrap()["live"].as_array()?;
        let place = live.iter().find(|it| it["environment"] == environment)?;
        place["live"].as_str().map(str::to_owned)
    }
}

fn speaker(sim: &Running, token: &str, limits: Limits) -> Forgejo {
    let settings = Settings {
        name: ForgeName::from("tide"),
        url: sim.base_url().to_owned(),
        api_url: None,
        token: Some(SecretString::from(sim.token(token).unwrap())),
        ca_file: None,
        limits,
    };
    Forgejo::new(settings, clock::clock()).unwrap()
}

fn path_of(state: &State, name: &str) -> RepoPath {
    let repo = state.repos.iter().find(|it| it.name == name).unwrap();
    RepoPath::from(repo.full_name())
}

fn modelled(state: &State, name: &str) -> Target {
    let model = match name {
        "pilot" | "ferry" => EnvironmentModel::Branch {
            branch: "{environment}".to_owned(),
        },
        "almanac" => EnvironmentModel::Release {
            tag: Some("deployed/{environment}".to_owned()),
        },
        "lighthouse" => EnvironmentModel::Run {
            workflow: EnvironmentModel::WORKFLOW.to_owned(),
        },
        _ => EnvironmentModel::Status {
            context: EnvironmentModel::STATUS.to_owned(),
        },
    };
    Target {
        repo: path_of(state, name),
        environments: ["staging", "production"]
            .map(EnvironmentName::from)
            .to_vec(),
        model,
        ..target(name)
    }
}

fn main_of(state: &State, name: &str) -> Sha {
    let repo = state.repos.iter().find(|it| it.name == name).unwrap();
    Sha::from(repo.branches["main"].sha.as_str())
}

#[tokio::test]
async fn each_server_says_what_it_is_and_what_it_can_do() {
    for (world, flavor) in SERVERS {
        let tide = Tide::of(world, flavor, "operate").await;
        let identity = tide.forgejo.identify().await.unwrap();
        assert_eq!(identity.login.as_str(), "alice");
        let (version, details, cancel) = match flavor {
            "forgejo" => ("Forgejo 16.0.1", true, true),
            "forgejo-tasks" => ("Forgejo 11.0.7", true, false),
            _ => ("Gitea 1.25.2", false, false),
        };
        assert_eq!(identity.version.as_deref(), Some(version));
        let has = |capability| identity.capabilities.contains(&capability);
        assert!(has(Capability::Dispatch) && has(Capability::SetStatus));
        assert_eq!(has(Capability::DispatchDetails), details, "{flavor}");
        assert_eq!(has(Capability::Cancel), cancel, "{flavor}");
        assert!(!has(Capability::Approve) && !has(Capability::CreateDeployment));
    }
}

#[tokio::test]
async fn a_board_shows_what_the_forge_has() {
    for (world, flavor) in SERVERS {
        let tide = Tide::of(world, flavor, "operate").await;
        let state = tide.sim.state();
        let targets: Vec<Target> = state
            .repos
            .iter()
            .map(|it| modelled(&state, &it.name))
            .collect();
        let batch = tide.forgejo.board(&targets).await;
        for (target, (service, answer)) in targets.iter().zip(batch.answers) {
            let facts = answer.unwrap_or_else(|fault| panic!("{flavor} {service}: {fault}"));
            let name = service.as_str();
            let repo = state.repos.iter().find(|it| it.name == name).unwrap();
            assert_eq!(facts.gaps, Vec::<String>::new(), "{flavor} {name}");
            assert_eq!(facts.repo, target.repo);
            assert!(facts.permission >= Permission::Write);
            let head = facts.head.unwrap().sha;
            assert_eq!(head, main_of(&state, name), "{flavor} {name}");
            let open = repo
                .pulls
                .iter()
                .filter(|it| it.state == gonogo::sim::model::PullState::Open)
                .count();
            assert_eq!(facts.open_pull_requests, open as u64, "{flavor} {name}");
            assert_eq!(facts.pull_requests.len(), open, "{flavor} {name}");
            assert_eq!(facts.releases.len(), repo.releases.len(), "{flavor} {name}");
            assert!(!facts.runs.is_empty(), "{flavor} {name}");
            let checks = &facts.checks[&head];
            assert_eq!(checks.phase, Some(Phase::Succeeded), "{flavor} {name}");
            let jobs = tide.forgejo.jobs(&target.repo, facts.runs[0].id).await;
            assert!(!jobs.unwrap().is_empty(), "{flavor} {name}");
        }
    }
}

#[tokio::test]
async fn a_pull_request_says_what_it_lacks() {
    let tide = Tide::forgejo().await;
    let state = tide.sim.state();
    let facts = tide.board(modelled(&state, "harbour")).await;
    let of = |title: &str| {
        let mut all = facts.pull_requests.iter();
        let found = all.find(|it| it.title.contains(title));
        found.unwrap_or_else(|| panic!("{title}: {:?}", facts.pull_requests))
    };
    assert_eq!(of("local time").state, ChangeState::Draft);
    let reviewed = of("taken twice");
    let passable = matches!(reviewed.state, ChangeState::Ready | ChangeState::Unknown(_));
    assert!(passable, "{reviewed:?}");
    assert!(reviewed.raw.contains("1 official"), "{}", reviewed.raw);
}

#[tokio::test]
async fn a_pulse_agrees_with_its_board_until_something_is_pushed() {
    for (world, flavor) in SERVERS {
        let tide = Tide::of(world, flavor, "operate").await;
        let state = tide.sim.state();
        for repo in &state.repos {
            let target = modelled(&state, &repo.name);
            let facts = tide.board(target.clone()).await;
            let environments = target.environments.clone();
            let path: Vec<&EnvironmentName> = environments.iter().collect();
            let pulse = async || {
                let mut batch = tide.forgejo.pulse(std::slice::from_ref(&target)).await;
                batch.answers.remove(0).1.unwrap()
            };
            let first = pulse().await;
            assert!(facts.agrees_with(&first, &path), "{flavor} {}", repo.name);
            assert_eq!(first, pulse().await, "{flavor} {}", repo.name);
            tide.play(&repo.name, r#"{ do = "push", by = "ines", text = "More" }"#);
            assert!(
                !facts.agrees_with(&pulse().await, &path),
                "{flavor} {}",
                repo.name
            );
        }
    }
}

#[tokio::test]
async fn a_quiet_service_costs_five_requests_a_sweep_at_most() {
    for (world, flavor) in SERVERS {
        let tide = Tide::of(world, flavor, "operate").await;
        let state = tide.sim.state();
        for repo in &state.repos {
            let target = modelled(&state, &repo.name);
            let extra = match target.model {
                EnvironmentModel::Branch { .. } => 2,
                EnvironmentModel::Release { tag: Some(_) } => 1,
                _ => 0,
            };
            // What waits for a person is looked at each time.
            let waits = repo
                .pulls
                .iter()
                .filter(|it| it.state == PullState::Open && it.base != "main");
            let extra = extra + waits.count();
            tide.board(target.clone()).await;
            let before = tide.sim.requests().len();
            tide.board(target).await;
            let asked = tide.sim.requests().split_off(before);
            let paths: Vec<&str> = asked.iter().map(|it| it.path.as_str()).collect();
            assert!(
                paths.len() <= 5 + extra,
                "{flavor} {}: {paths:#?}",
                repo.name
            );
        }
    }
}

#[tokio::test]
async fn a_scope_has_commits_pull_requests_and_reviews() {
    let tide = Tide::forgejo().await;
    let state = tide.sim.state();
    let facts = tide.board(modelled(&state, "harbour")).await;
    let repo = path_of(&state, "harbour");
    let tagged = |tag: &str| {
        let found = facts.releases.iter().find(|it| it.tag == tag);
        found.and_then(|it| it.sha.clone())
    };
    let known = state.repos.iter().find(|it| it.name == "harbour").unwrap();
    let base = known.tags.iter().find(|it| it.name == "v3.1.1");
    let base = base.map(|it| Sha::from(it.sha.as_str()));
    let base = tagged("v3.1.1").or(base).unwrap();
    let head = main_of(&state, "harbour");
    let scope = tide.forgejo.scope(&repo, &base, &head, true).await.unwrap();
    assert_eq!(scope.relation, gonogo::domain::scope::Relation::Ahead);
    assert!(scope.complete);
    assert_eq!(scope.commits[0].sha, head);
    assert!(scope.commits.iter().all(|it| it.checks.is_some()));
    let landed = scope
        .pull_requests
        .iter()
        .find(|it| it.title.contains("Count berths"))
        .unwrap_or_else(|| panic!("{scope:?}"));
    assert!(landed.labels.iter().any(|it| it == "release"));
    let approved = landed
        .reviews
        .iter()
        .any(|it| it.approved && it.author.as_str() == "bob");
    assert!(approved, "{:?}", landed.reviews);
    let back = tide
        .forgejo
        .scope(&repo, &head, &base, false)
        .await
        .unwrap();
    assert_eq!(back.relation, gonogo::domain::scope::Relation::Behind);
}

#[tokio::test]
async fn declared_files_and_labelled_issues_are_read() {
    let tide = Tide::forgejo().await;
    tide.play(
        "harbour",
        r#"{ do = "push", by = "ines", text = "Say what runs", write = { "deploy/environment.toml" = "os = \"debian-12\"\n" } }"#,
    );
    tide.play(
        "harbour",
        r#"{ do = "issue", by = "bob", text = "Berth 4 sinks", labels = ["hold"] }"#,
    );
    let state = tide.sim.state();
    let (repo, head) = (path_of(&state, "harbour"), main_of(&state, "harbour"));
    let file = |path: &str, sha: &Sha| (path.to_owned(), sha.clone());
    let asked = [
        file("deploy/environment.toml", &head),
        file("deploy/none.toml", &head),
        file("deploy/environment.toml", &Sha::from("0".repeat(40))),
    ];
    let answers = tide.forgejo.declared(&repo, &asked).await;
    let keys = answers[0].as_ref().unwrap().keys.clone().unwrap();
    assert_eq!(keys["os"], "debian-12");
    assert_eq!(answers[1].as_ref().unwrap().keys, None);
    assert!(answers[2].is_err());
    let labels = vec!["hold".to_owned(), "nobody-has-it".to_owned()];
    let facts = tide
        .board(Target {
            labels,
            ..modelled(&state, "harbour")
        })
        .await;
    assert_eq!(facts.labelled["hold"].total, 1);
    assert_eq!(facts.labelled["hold"].shown[0].title, "Berth 4 sinks");
    assert_eq!(facts.labelled["nobody-has-it"].total, 0);
}

#[tokio::test]
async fn a_reader_and_a_narrow_token_learn_why_they_may_not() {
    for (token, part) in [("read", "read-only"), ("narrow", "write:repository")] {
        let tide = Tide::of(sim::FORGEJO, "forgejo", token).await;
        let state = tide.sim.state();
        let act = Act::SetStatus {
            sha: main_of(&state, "harbour"),
            context: "hold/production".into(),
            state: StatusState::Failure,
            description: "held".into(),
            target_url: None,
        };
        let outcome = tide
            .forgejo
            .act(&path_of(&state, "harbour"), &act, &key())
            .await;
        let Outcome::Rejected {
            status: 403,
            why,
            hint,
            denied: true,
        } = outcome
        else {
            panic!("{token}: {outcome:?}")
        };
        let hint = hint.unwrap_or_default();
        println!("{token}: {why} ({hint})");
        assert!(!why.is_empty());
        if token == "narrow" {
            assert!(hint.contains(part), "{why} {hint}");
            let facts = tide.board(Target {
                labels: vec!["hold".into()],
                ..modelled(&state, "harbour")
            });
            let gaps = facts.await.gaps;
            assert!(gaps.iter().any(|it| it.contains("read:issue")), "{gaps:?}");
        }
    }
    let tide = Tide::of(sim::FORGEJO, "forgejo", "narrow").await;
    let fault = tide.forgejo.identify().await.unwrap_err();
    assert_eq!(fault.kind, FaultKind::Forbidden);
    assert_eq!(fault.hint.as_deref(), Some("the token lacks: read:user"));
}
